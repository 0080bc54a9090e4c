import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Invocation } from '../../src/cli/command.js'
import { printDocument } from '../../src/cli/command.js'
import { createHidden, withHidden } from '../../src/cli/hidden.js'
import { openSqliteStore } from '../../src/store/sqlite/open.js'
import { newId } from '../../src/util/id.js'
import { sha256 } from '../../src/util/signature.js'
import { rouse } from './filled-ledger.js'
import { now, recordedIo } from './recorded.js'

const token = 'ghp_CANARYtoken0001'
const webhook = 'CANARY/webhook+51H8\\x2'

let directory: string
let eventId: string

/** A ledger whose only event is full of our secrets, and a configuration that does not load. */
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'rouse-hidden-'))
  const config = `version: 1
store: sqlite:./rouse.db
credentials: { github: { bearer: "\${GITHUB_TOKEN}", origins: [] } }
sources: { ci: { kind: nonsense ${token}, secret: '${webhook}' } }
`
  await writeFile(join(directory, 'config.yaml'), config)
  const store = await openSqliteStore({ file: join(directory, 'rouse.db'), exclusive: true })
  const body = Buffer.from(
    JSON.stringify({
      raw: token,
      part: token.slice(6),
      hex: Buffer.from(token).toString('hex'),
      base64: Buffer.from(`u:${token}`).toString('base64'),
      url: encodeURIComponent(webhook),
      [webhook]: webhook,
    }),
  )
  const { events } = await store.record({
    deliveryId: newId('dlv'),
    source: 'ci',
    receivedAt: now - 60_000,
    url: `/hooks/ci?${token}`,
    headers: [['x-title', webhook]],
    body,
    bodyDigest: sha256(body),
    secretIndex: 0,
    remoteAddress: '192.0.2.7',
    events: [{ sourceEventId: 'evt_1', type: `of.${token}`, subject: webhook, time: now - 61_000, ids: {} }],
  })
  eventId = events[0]?.id ?? ''
  await store.close()
})
afterAll(() => rm(directory, { recursive: true, force: true }))

const shownSecret =
  /CANARY|token0001|51H8|CANARY|Q0FOQVJZ|43414e415259|dG9rZW4wMDAx|RfQ0FOQVJZd|UNBTkFSW|746f6b656e30303031/i

describe('what commands print of the ledger has no secret in it', () => {
  const commands = [
    ['events'],
    ['event', 'ID'],
    ['explain', 'ID'],
    ['runs'],
    ['check'],
    ['doctor'],
    ['approvals'],
    ['explain', `evt_${token}`],
    ['event', '--limit', token],
    ['--help'],
  ]
  it.each(commands.flatMap((argv) => [[argv], [[...argv, '--json']]]))('rouse %j', async (argv) => {
    const given = argv.map((word) => (word === 'ID' ? eventId : word))
    const { out, err } = await rouse({ directory }, given, { environment: { GITHUB_TOKEN: token } })
    expect(out + err).not.toBe('')
    expect(out + err).not.toMatch(shownSecret)
    if (argv[1] === 'ID') expect(out).toContain('[redacted]')
    if (argv.includes('--json') && out !== '' && !argv.includes('--help')) JSON.parse(out)
  })

  it('and does without the variable, which shows that something is there', async () => {
    const { out } = await rouse({ directory }, ['event', eventId], { environment: {} })
    expect(out).toMatch(shownSecret)
  })
})

it('what a sender handed over is hidden as what is configured, also where the rest does not load', async () => {
  const place = await mkdtemp(join(tmpdir(), 'rouse-handed-'))
  const config = `version: 1
sources: { tasks: { kind: asana, secret_file: ./handed }, ci: { kind: 'nonsense ${webhook}' } }
`
  await writeFile(join(place, 'config.yaml'), config)
  const check = () => rouse({ directory: place }, ['check'], { environment: {} })
  expect((await check()).err).toMatch(shownSecret)
  await writeFile(join(place, 'handed'), `${webhook}\n`, { mode: 0o600 })
  const { err } = await check()
  expect(err).toContain('nonsense [redacted]')
  expect(err).not.toMatch(shownSecret)
  await rm(place, { recursive: true })
})

describe('createHidden', () => {
  it('hides what is followed from when it is there, and goes on hiding what it was', () => {
    const hidden = createHidden()
    let current: readonly string[] | undefined
    hidden.follow(() => current)
    expect(hidden.redact('first-secret-1 second-secret-2')).toBe('first-secret-1 second-secret-2')
    current = ['first-secret-1']
    expect(hidden.redact('first-secret-1 second-sec-2')).toBe('[redacted] second-sec-2')
    current = ['second-secret-2']
    expect(hidden.redact('first-secret-1 second-secret-2')).toBe('[redacted] [redacted]')
  })

  it('follows several, each for itself', () => {
    const hidden = createHidden()
    let handed: readonly string[] = []
    hidden.follow(() => ['first-secret-1'])
    hidden.follow(() => handed)
    expect(hidden.redact('first-secret-1 second-secret-2')).toBe('[redacted] second-secret-2')
    handed = ['second-secret-2']
    expect(hidden.redact('first-secret-1 second-secret-2')).toBe('[redacted] [redacted]')
  })

  it('hides in questions too, and keeps documents whole', async () => {
    const hidden = createHidden()
    hidden.add(['9876543210', 'ends-with-1\\'])
    const asked: string[] = []
    const ask = async (question: string) => {
      asked.push(question)
      return undefined
    }
    const bare = recordedIo({ ask })
    const io = withHidden(bare, hidden)
    await io.ask('Send ends-with-1\\?')
    expect(asked).toEqual(['Send [redacted]?'])
    const invocation: Invocation = { io, hidden, exitCode: 0, configFile: () => '/config.yaml' }
    printDocument(invocation, { 'ends-with-1\\': 9876543210, b: 'x ends-with-1\\' })
    expect(JSON.parse(bare.output.join())).toEqual({ '[redacted]': '[redacted]', b: 'x [redacted]' })
  })
})
