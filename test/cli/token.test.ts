import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { findToken, readTokens } from '../../src/admin/tokens.js'
import { announceAdmin } from '../../src/cli/token.js'
import type { Daemon } from '../../src/daemon.js'
import { createLogger } from '../../src/util/log.js'
import { rouse } from './filled-ledger.js'
import { invocationOf, recordedIo } from './recorded.js'

let directory: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'rouse-token-'))
  await writeConfig('admin: 127.0.0.1:9001')
})

afterEach(() => rm(directory, { recursive: true }))

const writeConfig = (server: string) =>
  writeFile(join(directory, 'config.yaml'), `version: 1\nserver: { ${server} }\nstore: sqlite:./data/a.db\n`)
const file = () => join(directory, 'data/a.db.tokens')
const tokenIn = (text: string) => /#token=([A-Za-z0-9_-]{43})$/m.exec(text)?.[1] ?? ''

describe('rouse token', () => {
  it('prints a link that opens the admin listener, and keeps no token', async () => {
    const { code, out } = await rouse({ directory }, ['token'])
    expect(code).toBe(0)
    expect(out).toMatch(/^http:\/\/127\.0\.0\.1:9001\/login#token=[A-Za-z0-9_-]{43}$/)
    expect(findToken(await readTokens(file()), tokenIn(out))?.role).toBe('approve')
    expect((await stat(file())).mode & 0o777).toBe(0o600)
  })

  it('makes a token that only reads, and revokes the others of its role with --rotate', async () => {
    const approve = tokenIn((await rouse({ directory }, ['token'])).out)
    const first = tokenIn((await rouse({ directory }, ['token', '--role', 'read'])).out)
    const second = tokenIn((await rouse({ directory }, ['token', '--role', 'read'])).out)
    const third = tokenIn((await rouse({ directory }, ['token', '--role', 'read', '--rotate'])).out)
    const tokens = await readTokens(file())
    expect([first, second, third, approve].map((token) => findToken(tokens, token)?.role)).toEqual([
      undefined,
      undefined,
      'read',
      'approve',
    ])
  })

  it('prints one document with --json', async () => {
    const { out } = await rouse({ directory }, ['token', '--json'])
    const { role, token, link } = JSON.parse(out)
    expect([role, link]).toEqual(['approve', `http://127.0.0.1:9001/login#token=${token}`])
  })

  it('works while config.yaml does not load, and says that the address is the default one', async () => {
    await writeConfig('admin: 127.0.0.1:9001, colour: red')
    const { code, out, err } = await rouse({ directory }, ['token'])
    expect([code, out]).toEqual([0, expect.stringContaining('http://127.0.0.1:8788/login#token=')])
    expect(err).toContain('does not load')
  })

  it('makes none where there is no admin listener, or no such role', async () => {
    expect((await rouse({ directory }, ['token', '--role', 'admin'])).code).toBe(2)
    await writeConfig('admin: off')
    const { code, err } = await rouse({ directory }, ['token'])
    expect([code, err]).toEqual([1, expect.stringContaining('server.admin is off')])
    expect(await readTokens(file())).toEqual([])
  })
})

describe('the first start', () => {
  const daemon = (adminUrl: string | undefined) =>
    ({ adminUrl, config: () => ({ store: { file: join(directory, 'data/a.db') } }) }) as unknown as Daemon

  /** What it writes to standard output, and to the log. */
  async function announced(url: string | undefined, isTerminal = true) {
    const io = recordedIo({ directory, isTerminal })
    const lines: string[] = []
    const log = createLogger({ level: 'debug', destination: { write: (line) => lines.push(line) } })
    await announceAdmin(daemon(url), invocationOf(io), log)
    return { out: io.output, log: lines.join('') }
  }

  it('prints a link for each role, and the next one none', async () => {
    const first = await announced('http://127.0.0.1:9001')
    const tokens = await readTokens(file())
    const links = first.out.filter((line) => line.includes('http://127.0.0.1:9001/login#token='))
    expect(links.map((line) => findToken(tokens, tokenIn(line))?.role)).toEqual(['approve', 'read'])
    const second = await announced('http://127.0.0.1:9001')
    expect(second.out.join()).toMatch(/^Admin: http:\/\/127\.0\.0\.1:9001;.*rouse token/)
    expect(first.log + second.log).toBe('')
    expect(await readTokens(file())).toHaveLength(2)
  })

  it('makes none where nobody looks, and says how to make one', async () => {
    const { out, log } = await announced('http://127.0.0.1:9001', false)
    expect(out).toEqual([])
    expect(log).toContain('rouse token')
    expect(await readTokens(file())).toEqual([])
  })

  it('makes none where there is no admin listener', async () => {
    expect(await announced(undefined)).toEqual({ out: [], log: '' })
    expect(await readTokens(file())).toEqual([])
  })
})
