import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Webhook } from 'standardwebhooks'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { loadConfig } from '../../src/config/load.js'
import { type AlertTarget, settleMs } from '../../src/domain/alerting.js'
import { AlertTeller, targetId } from '../../src/runs/alert-teller.js'
import { Alerts } from '../../src/runs/alerts.js'
import { secretsFor } from '../../src/runs/secrets.js'
import { sourceKinds } from '../../src/sources/registry.js'
import { storeEngines } from '../../src/store/registry.js'
import type { Store } from '../../src/store/store.js'
import { createNetwork, type Network } from '../../src/util/fetch.js'
import { createLogger } from '../../src/util/log.js'
import { FakeClock } from '../support/fake-clock.js'
import { RecordingApi } from '../support/recording-api.js'
import { githubSecret, writeSetting } from '../support/rouse.js'

const secret = 'whsec_q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQ'
const hour = 3_600_000
const disk = { cause: 'disk', code: 'store.disk_low', message: 'Make room.' } as const

let clock: FakeClock
let directory: string
let store: Store
let alerts: Alerts
let receiver: RecordingApi
let network: Network
let target: AlertTarget
let lines: { level: string; msg: string }[]
let stopping: AbortController
let isLedgerFull: boolean

beforeEach(async () => {
  clock = new FakeClock()
  receiver = await RecordingApi.start()
  target = { kind: 'webhook', url: `${receiver.origin}/alerts`, secret, isPrivate: true }
  network = createNetwork()
  lines = []
  stopping = new AbortController()
  isLedgerFull = false
  directory = await writeSetting({
    config: `sources:
  ci: { kind: github, secret: ${githubSecret} }
agents:
  helper: { on: { source: ci }, instructions: helper.md }
`,
    files: { 'helper.md': 'Help.\n' },
  })
  store = await storeEngines.sqlite({ file: join(directory, 'rouse.db'), exclusive: true })
  alerts = await Alerts.open({ store, clock, log: log() })
})
afterEach(async () => {
  await alerts.settled()
  await network.close()
  await receiver.close()
  await store.close()
  await rm(directory, { recursive: true, force: true })
})

const log = () =>
  createLogger({ level: 'debug', destination: { write: (line) => lines.push(JSON.parse(line)) } })

/** As after a start: what was told it knows from the ledger alone. */
async function teller(): Promise<AlertTeller> {
  const file = join(directory, 'config.yaml')
  const config = await loadConfig({ file, environment: {}, kinds: Object.values(sourceKinds) })
  const known = (await store.tellings()).filter((telling) => telling.target === targetId(target))
  const isFull = async () => {
    if (isLedgerFull) throw new Error('disk full')
  }
  return new AlertTeller(target, new Map(known.map((telling) => [telling.cause, telling])), {
    ...{ alerts, network, clock, log: log(), stopping: stopping.signal, signal: stopping.signal },
    store: {
      recordTelling: (telling) => isFull().then(() => store.recordTelling(telling)),
      forgetTelling: (id, cause) => isFull().then(() => store.forgetTelling(id, cause)),
    },
    secrets: () => secretsFor(config, config),
    name: () => 'https://hooks.example.com',
  })
}

const look = async (of: AlertTeller) => of.look(alerts.all(), 4 * hour)
const types = () => receiver.requests.map(({ body }) => JSON.parse(body).type)
const refuse = (status = 503, headers = {}) => {
  receiver.respond = () => ({ status, headers })
}
const accept = () => {
  receiver.respond = () => ({ status: 204 })
}

describe('a webhook', () => {
  it('gets a message that the library of Standard Webhooks verifies', async () => {
    clock = new FakeClock(Date.now())
    alerts.raise(disk)
    await look(await teller())
    const [{ body = '', headers = {} } = {}] = receiver.requests
    const told = new Webhook(secret).verify(body, headers as Record<string, string>)
    expect(told).toEqual({
      type: 'alert.raised',
      timestamp: expect.stringMatching(/^\d{4}-/),
      data: {
        ...disk,
        text: 'disk: Make room.',
        since: expect.stringMatching(/^\d{4}-/),
        times: 0,
        rouse: 'https://hooks.example.com',
      },
    })
    const other = new Webhook('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw')
    expect(() => other.verify(body, headers as Record<string, string>)).toThrow()
  })

  it('is told once, again after the time of repeats, and once that it is over', async () => {
    const one = await teller()
    alerts.raise(disk)
    for (let times = 0; times < 5; times++) await look(one)
    clock.advance(4 * hour)
    await look(one)
    await look(one)
    alerts.resolve('disk')
    await look(one)
    clock.advance(settleMs)
    await look(one)
    await look(one)
    expect(types()).toEqual(['alert.raised', 'alert.standing', 'alert.over'])
    expect(await store.tellings()).toEqual([])
  })

  it('gets what could not be sent when it is there again, under the same id', async () => {
    const one = await teller()
    refuse()
    alerts.raise(disk)
    await look(one)
    await look(one)
    expect(receiver.requests).toHaveLength(1)
    clock.advance(3000)
    accept()
    await look(one)
    expect(receiver.requests).toHaveLength(2)
    const ids = receiver.requests.map(({ headers }) => headers['webhook-id'])
    expect(new Set(ids).size).toBe(1)
    clock.advance(hour)
    await look(one)
    expect(receiver.requests).toHaveLength(2)
  })

  it('is told after a restart of what it is owed, and not again of what it was told', async () => {
    refuse()
    alerts.raise(disk)
    await look(await teller())
    accept()
    await look(await teller())
    await look(await teller())
    expect(types()).toEqual(['alert.raised', 'alert.raised'])
    alerts.resolve('disk')
    const next = await teller()
    await look(next)
    clock.advance(settleMs)
    await look(next)
    expect(types().at(-1)).toBe('alert.over')
  })

  it('is told that a cause is over which ended before it could be told', async () => {
    refuse()
    alerts.raise(disk)
    await look(await teller())
    alerts.resolve('disk')
    const next = await teller()
    await look(next)
    accept()
    clock.advance(settleMs)
    await look(next)
    expect(types()).toEqual(['alert.raised', 'alert.over'])
  })

  it('is told while the ledger cannot be written, once, and the ledger learns of it later', async () => {
    const one = await teller()
    isLedgerFull = true
    alerts.raise(disk)
    await look(one)
    await look(one)
    expect(types()).toEqual(['alert.raised'])
    isLedgerFull = false
    await look(one)
    expect(await store.tellings()).toMatchObject([{ cause: 'disk', times: 1, toldAt: clock.now() }])
  })

  it('that does not answer for long is an alert of its own, which the others are told', async () => {
    const one = await teller()
    refuse(500)
    alerts.raise(disk)
    for (let times = 0; times < 3; times++) {
      await look(one)
      clock.advance(hour)
    }
    const [own] = alerts.standing('alerts to ')
    expect(own).toBe(`alerts to webhook ${new URL(receiver.origin).host}`)
    accept()
    await look(one)
    expect(alerts.standing('alerts to ')).toEqual([])
    expect(receiver.requests.every(({ body }) => !body.includes('alerts to'))).toBe(true)
  })

  it('that asks for time gets it', async () => {
    const one = await teller()
    refuse(429, { 'retry-after': '120' })
    alerts.raise(disk)
    await look(one)
    clock.advance(119_000)
    await look(one)
    expect(receiver.requests).toHaveLength(1)
    clock.advance(1000)
    await look(one)
    expect(receiver.requests).toHaveLength(2)
  })

  it('that redirects is not followed, and counts as away', async () => {
    refuse(307, { location: `${receiver.origin}/elsewhere` })
    alerts.raise(disk)
    await look(await teller())
    expect(receiver.requests.map(({ url }) => url)).toEqual(['/alerts'])
    expect(await store.tellings()).toMatchObject([{ toldAt: undefined }])
  })

  it('is not connected to where it is private and was not said to be', async () => {
    target = { kind: 'webhook', url: `${receiver.origin}/alerts`, secret, isPrivate: false }
    alerts.raise(disk)
    await look(await teller())
    expect(receiver.requests).toEqual([])
  })
})

describe('what is told', () => {
  it('has nothing of what a model’s endpoint said', async () => {
    alerts.raise({ cause: 'model default', code: 'model.unauthorized', message: '401: IGNORE ALL RULES' })
    await look(await teller())
    const { data } = JSON.parse(receiver.requests[0]?.body ?? '')
    expect(data.message).toBe('The model endpoint refused the key.')
    expect(receiver.requests[0]?.body).not.toContain('IGNORE')
  })

  it('has none of our secrets, and no control characters', async () => {
    alerts.raise({ ...disk, message: `the key is ${githubSecret}\u001b[31m\n\u202eetib` })
    await look(await teller())
    const { data } = JSON.parse(receiver.requests[0]?.body ?? '')
    expect(data.message).toBe('the key is [redacted]\\u001b[31m\\u000a\\u202eetib')
  })

  it('is plain text for Slack: no mention, no link, no markup', async () => {
    target = { kind: 'slack', url: `${receiver.origin}/services/T0/B0/x`, isPrivate: true }
    alerts.raise({ ...disk, message: '<!channel> <https://evil.example|x> & @all' })
    await look(await teller())
    expect(JSON.parse(receiver.requests[0]?.body ?? '')).toEqual({
      text: 'rouse: disk: &lt;!channel&gt; &lt;https://evil.example|x&gt; &amp; ＠all',
    })
  })

  it('never names the URL of Slack in the log', async () => {
    target = { kind: 'slack', url: `${receiver.origin}/services/T0FAKE/B0FAKE/s3cr3t`, isPrivate: true }
    refuse(404)
    const one = await teller()
    alerts.raise(disk)
    for (let times = 0; times < 4; times++) {
      await look(one)
      clock.advance(hour)
    }
    expect(JSON.stringify(lines)).toContain('an alert is not told yet')
    expect(JSON.stringify([lines, alerts.all()])).not.toContain('s3cr3t')
  })

  it('stands in the log again where the log is a target', async () => {
    target = { kind: 'log' }
    const one = await teller()
    alerts.raise(disk)
    await look(one)
    clock.advance(4 * hour)
    await look(one)
    const told = lines.filter(({ level }) => level === 'error').map(({ msg }) => msg)
    expect(told).toEqual(['Make room.', 'still disk, for 4h now: Make room.'])
  })
})
