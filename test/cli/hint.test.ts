import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { runCli } from '../../src/cli/program.js'
import { recordedIo } from './recorded.js'

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'rouse-hint-'))
})
afterEach(() => rm(directory, { recursive: true }))

async function check(): Promise<string> {
  const io = recordedIo({ directory })
  expect(await runCli(['check'], io)).toBe(78)
  return io.faults.join('\n')
}

test('where there is no configuration, the command that writes one is named', async () => {
  expect(await check()).toContain('`rouse init` writes one.')
})

test('where only variables are not set, the commands that need none are named', async () => {
  const source = (more: string) =>
    `version: 1\nsources: { ci: { kind: github, secret: "\${NOT_SET}"${more} } }\n`
  await writeFile(join(directory, 'config.yaml'), source(''))
  expect(await check()).toContain('`rouse dev` makes them up')
  await writeFile(join(directory, 'config.yaml'), source(', colour: red'))
  expect(await check()).not.toContain('rouse dev')
})
