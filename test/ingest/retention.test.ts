import { afterEach, beforeEach, expect, it } from 'vitest'
import type { SourceSettings } from '../../src/config/config.js'
import { StoreError } from '../../src/domain/errors.js'
import { Retention, type RetentionOptions } from '../../src/ingest/retention.js'
import type { Store } from '../../src/store/store.js'
import { createLogger } from '../../src/util/log.js'
import type { Ledger } from '../contract/store.js'
import { arrival, draft, idOf, intent, propose, start } from '../contract/store-fixtures.js'
import { makeLedger } from '../store/ledger.js'
import { until } from '../support/wait.js'

const day = 86_400_000
let ledger: Ledger
let store: Store
let now: number
let setBy: number
let lines: string[]
let sources: Map<string, SourceSettings>
let digest: string

beforeEach(async () => {
  sources = new Map([source('ci', 30 * day), source('ops', 90 * day), source('archive', undefined)])
  digest = 'first'
  setBy = 0
  ledger = await makeLedger()
  store = ledger.store
  now = start
  lines = []
})
afterEach(() => ledger.close())

function source(name: string, keepMs: number | undefined): [string, SourceSettings] {
  return [name, { name, kind: 'custom', options: {}, idNames: [], keepMs, label: undefined, self: [] }]
}

function retention(options: Partial<RetentionOptions> = {}): Retention {
  return new Retention({
    store,
    clock: { now: () => now + setBy, monotonic: () => now },
    log: createLogger({ level: 'info', destination: { write: (line) => lines.push(line) } }),
    config: () => ({ sources, digest }),
    ...options,
  })
}

async function ignored(name: string, guid: string): Promise<string> {
  const events = [draft({ sourceEventId: guid })]
  const recorded = await store.record(arrival({ source: name, receivedAt: now, events }))
  const eventId = idOf(recorded.events[0]?.id)
  await store.dispatch([{ eventId, decisions: [] }], now)
  return eventId
}

async function isThere(id: string): Promise<boolean> {
  return (await store.event(id)) !== undefined
}

it('keeps the events of each source for as long as it says, and those of no source of the configuration', async () => {
  const ids: string[] = []
  for (const name of ['ci', 'ops', 'archive', 'removed']) ids.push(await ignored(name, 'guid'))
  const left = async (at: number) => {
    now = at
    await retention().pass()
    return Promise.all(ids.map(isThere))
  }
  expect(await left(start + 30 * day)).toEqual([true, true, true, true])
  expect(await left(start + 30 * day + 1)).toEqual([false, true, true, true])
  expect(await left(start + 90 * day + 1)).toEqual([false, false, true, true])
  expect(await left(start + 9000 * day)).toEqual([false, false, true, true])
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    { events: 1, runs: 0, deliveries: 1, msg: 'deleted what was finished and old' },
    { events: 1 },
  ])
})

it('goes by the configuration in force', async () => {
  const id = await ignored('ci', 'guid')
  const job = retention()
  now = start + 20 * day
  await job.pass()
  expect(await isThere(id)).toBe(true)
  sources = new Map([source('ci', 10 * day)])
  await job.pass()
  expect(await isThere(id)).toBe(false)
})

it('deletes nothing by a clock that was just set, and goes by it when it stays', async () => {
  const id = await ignored('ci', 'guid')
  const job = retention()
  setBy = 4000 * day
  await job.pass()
  expect(await isThere(id)).toBe(true)
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ level: 'warn', step_ms: 4000 * day })
  setBy = 0
  await job.pass()
  now += 3_600_000
  await job.pass()
  expect(await isThere(id)).toBe(true)
  setBy = 40 * day
  for (let hour = 0; hour < 2; hour++) await job.pass()
  expect(await isThere(id)).toBe(false)
})

it('knows a redelivery for 35 days longer than the longest time that any source keeps its events', async () => {
  const delivery = arrival({ receivedAt: now, events: [draft({ sourceEventId: 'guid' })] })
  const recorded = await store.record(delivery)
  await store.dispatch([{ eventId: idOf(recorded.events[0]?.id), decisions: [] }], now)
  const again = async (at: number) => {
    now = at
    await retention().pass()
    return (await store.record({ ...delivery, deliveryId: `dlv_${at}`, receivedAt: now })).state
  }
  expect(await again(start + 31 * day)).toBe('duplicate')
  expect(await again(start + 125 * day)).toBe('duplicate')
  expect(await again(start + 125 * day + 1)).toBe('recorded')
})

it('comes to the end of more than one transaction deletes, and of more keys than it looks at once', async () => {
  const arrivals = Array.from({ length: 1100 }, () => store.record(arrival({ receivedAt: now })))
  const recorded = await Promise.all(arrivals)
  const eventIds = recorded.map(({ events }) => idOf(events[0]?.id))
  await store.dispatch(
    eventIds.map((eventId) => ({ eventId, decisions: [] })),
    now,
  )
  now = start + 200 * day
  await retention().pass()
  expect((await store.counts()).events.ignored).toBe(0)
  let left = 0
  for (let after: Uint8Array | undefined, more = true; more; more = after !== undefined) {
    const { deleted, next } = await store.pruneKeys(now, 5000, after)
    left += deleted
    after = next
  }
  expect(left).toBe(0)
})

it('keeps every configuration that was in force in this process', async () => {
  for (const name of ['first', 'second', 'third']) await store.saveConfig(name, { name }, start)
  const { lease } = await propose(store)
  await store.beginRun(lease, 'third', start)
  const job = retention()
  digest = 'second'
  now = start + 2 * day
  await job.pass()
  digest = 'first'
  const configs = await Promise.all(['first', 'second', 'third'].map((name) => store.config(name)))
  expect(configs.every((config) => config !== undefined)).toBe(true)
  now += 2 * day
  await retention().pass()
  expect(await store.config('second')).toBeUndefined()
})

it('forgets what writes made when no event would be taken for their echo any more', async () => {
  const { lease, callId } = await propose(store)
  await store.prepare(lease, callId, intent(), start)
  await store.markSent(lease, callId, start)
  const created = { ids: { comment: '5' }, bound: {} }
  await store.settle(lease, callId, { state: 'confirmed', created }, start)
  const ids = { comment: '5' }
  const isKnown = async (at: number) => {
    now = at
    await retention().pass()
    const about = { id: 'evt_x', subject: undefined, recordedAt: at }
    const question = { ...about, named: ids, ids, isOwn: false }
    return (await store.echoesOf([question], 0)).size === 1
  }
  expect(await isKnown(start + 35 * day)).toBe(true)
  expect(await isKnown(start + 35 * day + 1)).toBe(false)
})

it('forgets alerts that were over 35 days ago, and keeps those that stand, however old', async () => {
  const alert = { code: 'approval.waiting', message: 'A person is waited for.' } as const
  await store.raiseAlert({ ...alert, cause: 'disk' }, now)
  for (const cause of ['approval apr_1', 'approval apr_2']) {
    await store.raiseAlert({ ...alert, cause }, now)
    await store.resolveAlert(cause, now)
    now += day
  }
  const causes = async () => (await store.listAlerts(10)).map(({ cause }) => cause)
  now = start + 35 * day
  await retention().pass()
  expect(await causes()).toEqual(['disk', 'approval apr_2', 'approval apr_1'])
  now = start + 35 * day + 1
  await retention().pass()
  expect(await causes()).toEqual(['disk', 'approval apr_2'])
  now = start + 900 * day
  await retention().pass()
  expect(await causes()).toEqual(['disk'])
})

it('ends behind the transaction that is under way when the daemon stops', async () => {
  let calls = 0
  const endless: RetentionOptions['store'] = {
    prune: async () => {
      calls++
      return {
        events: 1,
        runs: 0,
        deliveries: 0,
        next: { stage: 'events', source: 'ci', at: 1, position: 1 },
      }
    },
    pruneKeys: async () => ({ deleted: 0, next: undefined }),
    pruneTraces: async () => 0,
    pruneAlerts: async () => 0,
    pruneConfigs: async () => 0,
  }
  const job = retention({ store: endless, firstMs: 0 })
  job.start()
  await until('a pass', () => calls > 1)
  await job.stop()
  const before = calls
  await new Promise((resolve) => setImmediate(resolve))
  expect(calls).toBe(before)
  expect(lines).toEqual([])
})

it('says what it could not do, and goes on living', async () => {
  const failing: RetentionOptions['store'] = {
    ...store,
    prune: async () => {
      throw new StoreError('store.unavailable', 'the disk is full', { retry: 'later' })
    },
  }
  const job = retention({ store: failing, firstMs: 0 })
  job.start()
  await until('a word of it', () => lines.length > 0)
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ level: 'warn', code: 'store.unavailable' })
  await job.stop()
})
