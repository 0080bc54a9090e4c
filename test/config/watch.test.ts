import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type ConfigWatch, watchConfig } from '../../src/config/watch.js'

let directory: string
let watching: ConfigWatch | undefined

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'rouse-watch-'))
  await mkdir(join(directory, 'agents'))
  await writeFile(join(directory, 'config.yaml'), 'version: 1\n')
  await writeFile(join(directory, 'agents/ci.md'), 'a')
})
afterEach(async () => {
  await watching?.close()
  await rm(directory, { recursive: true })
})

async function start(onChange: () => void = () => {}) {
  let changes = 0
  const errors: Error[] = []
  watching = await watchConfig({
    file: join(directory, 'config.yaml'),
    files: () => [join(directory, 'agents/ci.md')],
    onChange: () => {
      changes++
      onChange()
    },
    onError: (error) => errors.push(error),
  })
  return { changes: () => changes, errors }
}

describe('watchConfig', () => {
  it('sees a save that renames a new file over the old one, again and again', async () => {
    const { changes } = await start()
    for (const count of [1, 2]) {
      await writeFile(join(directory, 'config.yaml.tmp'), `version: ${count}\n`)
      await rename(join(directory, 'config.yaml.tmp'), join(directory, 'config.yaml'))
      await vi.waitUntil(() => changes() >= count, { timeout: 10_000 })
    }
  })

  it('sees a change of instructions, and none of a file that is not part of it', async () => {
    const { changes } = await start()
    await writeFile(join(directory, 'agents/notes.txt'), 'b')
    await writeFile(join(directory, 'other.yaml'), 'b')
    await writeFile(join(directory, 'agents/ci.md'), 'b')
    await vi.waitUntil(() => changes() === 1, { timeout: 10_000 })
  })

  it('sees the instructions that a new agent still lacked', async () => {
    const { changes } = await start()
    await writeFile(join(directory, 'agents/new.md'), 'b')
    await vi.waitUntil(() => changes() === 1, { timeout: 10_000 })
  })

  it('tells of many changes once, and goes on after a fault', async () => {
    let isFirst = true
    const { changes, errors } = await start(() => {
      if (isFirst) {
        isFirst = false
        throw new Error('not this time')
      }
    })
    for (let count = 0; count < 5; count++)
      await writeFile(join(directory, 'config.yaml'), `version: ${count}\n`)
    await vi.waitUntil(() => errors.length === 1, { timeout: 10_000 })
    expect(changes()).toBe(1)
    await writeFile(join(directory, 'config.yaml'), 'version: 9\n')
    await vi.waitUntil(() => changes() === 2, { timeout: 10_000 })
  })
})
