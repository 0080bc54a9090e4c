import { execFileSync } from 'node:child_process'
import { chmod, mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { loadWhole } from '../../src/cli/configuration.js'
import { checkPermissions } from '../../src/cli/doctor/permissions.js'
import { openSqliteStore } from '../../src/store/sqlite/open.js'
import { invocationOf, recordedIo } from './recorded.js'

let directory: string
const at = (name: string) => join(directory, name)

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'rouse doctor’s '))
  await write('')
})
afterEach(() => rm(directory, { recursive: true, force: true }))

async function write(sources: string): Promise<void> {
  const text = `version: 1\nstore: sqlite:./data/rouse.db\n${sources}`
  await writeFile(at('config.yaml'), text, { mode: 0o644 })
  await chmod(at('config.yaml'), 0o644)
}

async function makeLedger(): Promise<void> {
  const store = await openSqliteStore({ file: at('data/rouse.db'), exclusive: true })
  await store.close()
}

async function look() {
  const io = recordedIo({ directory, environment: {} })
  const invocation = { ...invocationOf(io), configFile: () => at('config.yaml') }
  const config = await loadWhole(invocation).catch(() => undefined)
  return checkPermissions(invocation, config)
}

/** Does what each finding says, as a person would who copies it; then nothing is found. */
async function obey(): Promise<void> {
  for (const { advice } of await look()) execFileSync('sh', ['-c', advice ?? 'false'])
  expect((await look()).map(({ state }) => state)).toEqual(['ok'])
}

describe('what others can get at', () => {
  it('is nothing of what rouse makes itself', async () => {
    await makeLedger()
    expect(await look()).toEqual([expect.objectContaining({ area: 'files', state: 'ok' })])
  })

  it.each([
    'rouse.db',
    'rouse.db-wal',
    'rouse.db-shm',
    'rouse.db.v3.bak',
    'rouse.db.tokens',
    'dev-secrets.json',
  ])('is told of %s, by each bit, with the command that ends it', async (name) => {
    await mkdir(at('data'), { mode: 0o700 })
    await writeFile(at('data/rouse.db'), '', { mode: 0o600 })
    await writeFile(at(`data/${name}`), '', { mode: 0o600 })
    await chmod(at(`data/${name}`), 0o600)
    for (const mode of [0o640, 0o604, 0o620, 0o602, 0o666]) {
      await chmod(at(`data/${name}`), mode)
      const [found, ...others] = await look()
      expect(others).toEqual([])
      expect(found).toMatchObject({ area: 'files', state: 'warn' })
      expect(found?.text).toContain(`0${mode.toString(8)} ${at(`data/${name}`)}`)
      await obey()
      expect((await stat(at(`data/${name}`))).mode & 0o777).toBe(0o600)
    }
  })

  it('is told of the folder of the ledger, and of several files at once', async () => {
    await makeLedger()
    await writeFile(at('data/rouse.db.v1.bak'), '')
    await Promise.all([chmod(at('data'), 0o755), chmod(at('data/rouse.db'), 0o644)])
    await chmod(at('data/rouse.db.v1.bak'), 0o644)
    expect((await look()).map(({ state }) => state)).toEqual(['warn', 'warn'])
    await obey()
    expect((await stat(at('data'))).mode & 0o777).toBe(0o700)
  })

  it('is not told of a folder that has the configuration too, unless others can write to it', async () => {
    await writeFile(at('config.yaml'), 'version: 1\nstore: sqlite:./rouse.db\n')
    await chmod(directory, 0o755)
    expect((await look()).map(({ state }) => state)).toEqual(['ok'])
    await chmod(directory, 0o775)
    expect((await look()).map(({ state }) => state)).toEqual(['warn'])
    await obey()
    expect((await stat(directory)).mode & 0o777).toBe(0o755)
  })

  it('is told of .env and of config.yaml where a secret stands in it, and of it alone otherwise not', async () => {
    await write('sources: { ci: { kind: github, secret: k7Gq2nV9xB4tLw8sRz3mYc6p } }\n')
    await writeFile(at('.env'), 'A=b\n')
    await chmod(at('.env'), 0o644)
    expect((await look()).map(({ text }) => text.includes('k7Gq2nV9'))).toEqual([false, false])
    await obey()
    await write('')
    expect((await look()).map(({ state }) => state)).toEqual(['ok'])
  })

  it('is told of what senders handed over, which is not used then', async () => {
    await write(
      'sources: { tasks: { kind: asana, secret_file: ./handed, registration: q7Xw-3vBn-registration } }\n',
    )
    await chmod(at('config.yaml'), 0o600)
    await writeFile(at('handed'), 'b537207f20cbfa02357cf448134da559\n', { mode: 0o600 })
    await chmod(at('handed'), 0o640)
    const [found] = await look()
    expect(found?.text).toContain('no secret in it is used')
    await obey()
  })

  it('is told where the configuration does not load, or there is no ledger yet', async () => {
    await makeLedger()
    await write('sources: { ci: { kind: nonsense } }\n')
    await chmod(at('data/rouse.db'), 0o644)
    expect((await look()).map(({ state }) => state)).toEqual(['warn'])
    await rm(at('data'), { recursive: true })
    expect((await look()).map(({ state }) => state)).toEqual(['ok'])
  })
})

it('where files have no owner, as on Windows, nothing is said', async () => {
  await makeLedger()
  await chmod(at('data/rouse.db'), 0o666)
  const io = recordedIo({ directory, environment: {} })
  const none = Object.getOwnPropertyDescriptor(process, 'geteuid')
  Object.defineProperty(process, 'geteuid', { value: undefined, configurable: true })
  try {
    expect(await checkPermissions({ io, configFile: () => at('config.yaml') }, undefined)).toEqual([])
  } finally {
    if (none) Object.defineProperty(process, 'geteuid', none)
  }
})
