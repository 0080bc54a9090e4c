import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
const packageFile = new URL('../../package.json', import.meta.url)

function run(
  args: string[],
  nodeArgs: string[] = [],
): Promise<{ code: number | null; out: string; err: string }> {
  const child = spawn(process.execPath, ['--import', 'tsx', ...nodeArgs, main, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let out = ''
  let err = ''
  child.stdout.on('data', (chunk) => {
    out += chunk
  })
  child.stderr.on('data', (chunk) => {
    err += chunk
  })
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, out, err })))
}

test('prints its version, and nothing else', async () => {
  const { version }: { version: string } = JSON.parse(readFileSync(packageFile, 'utf8'))
  expect(await run(['--version'])).toEqual({ code: 0, out: `${version}\n`, err: '' })
})

test('says which Node.js it needs on one that is too old', async () => {
  const old = `data:text/javascript,Object.defineProperty(process,'versions',{value:{...process.versions,node:'20.18.3'}})`
  const { code, out, err } = await run(['--version'], ['--import', old])
  expect({ code, out }).toEqual({ code: 1, out: '' })
  expect(err).toContain('rouse needs Node.js 20.19 or newer; this is 20.18.3')
})
