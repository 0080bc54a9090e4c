import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Agent } from '../../src/domain/agent.js'
import { StoreError } from '../../src/domain/errors.js'
import type { Event } from '../../src/domain/event.js'
import { Dispatcher } from '../../src/ingest/dispatch.js'
import type { Store } from '../../src/store/store.js'
import { systemClock } from '../../src/util/clock.js'
import { arrival, draft } from '../contract/store-fixtures.js'
import { makeLedger } from '../store/ledger.js'
import { until } from '../support/wait.js'
import { agent, keepLog, trigger } from './setting.js'

let ledger: Awaited<ReturnType<typeof makeLedger>>
let dispatchers: Dispatcher[]

beforeEach(async () => {
  ledger = await makeLedger()
  dispatchers = []
})

afterEach(async () => {
  for (const dispatcher of dispatchers) await dispatcher.stop()
  await ledger.close()
})

/** The real ledger, and what was asked of it in which order. A test puts itself before two of its methods. */
class WatchedStore {
  readonly dispatched: string[][] = []
  reads = 0
  beforeRead: () => Promise<void> = async () => {}
  beforeDispatch: () => Promise<void> = async () => {}

  readonly store: Store

  constructor(real: Store) {
    this.store = {
      ...real,
      undispatched: async (limit) => {
        this.reads++
        const events = await real.undispatched(limit)
        await this.beforeRead()
        return events
      },
      dispatch: async (dispatches, now, mailboxes) => {
        await this.beforeDispatch()
        const runIds = await real.dispatch(dispatches, now, mailboxes)
        this.dispatched.push(dispatches.map(({ eventId }) => eventId))
        return runIds
      },
    }
  }
}

function dispatcherOn(
  store: Store,
  agents: () => Agent[] = () => [agent('a'), agent('b', { on: [trigger('elsewhere', ['*'])] })],
) {
  const runIds: string[] = []
  const { log, lines } = keepLog()
  const dispatcher = new Dispatcher({
    store,
    clock: systemClock,
    log,
    config: () => ({
      agents: new Map(agents().map((each) => [each.name, each])),
      sources: new Map(),
      tools: new Map(),
    }),
    onRuns: (ids) => runIds.push(...ids),
  })
  dispatchers.push(dispatcher)
  return { dispatcher, runIds, lines }
}

/** Records events and gives them as `record` would offer them. */
async function recordEvents(count: number, type = 'build.failed'): Promise<Event[]> {
  const drafts = Array.from({ length: count }, (_, at) => draft({ type, subject: `${type} ${at}` }))
  const { events } = await ledger.store.record(arrival({ events: drafts }))
  return events.map(({ id = '' }, at) => ({
    id,
    source: 'ci',
    type,
    subject: `${type} ${at}`,
    time: 0,
    recordedAt: 0,
    via: 'webhook',
    ids: {},
    actor: undefined,
    isPublic: false,
    echoOf: undefined,
    chain: 0,
    data: {},
  }))
}

const idsOf = (events: readonly Event[]) => events.map(({ id }) => id)
const isEmpty = async () => (await ledger.store.counts()).events.recorded === 0

describe('the dispatcher', () => {
  it('finds in the ledger, in order, what was recorded before it began', async () => {
    const recorded = await recordEvents(600)
    const watched = new WatchedStore(ledger.store)
    const { dispatcher, runIds } = dispatcherOn(watched.store)
    dispatcher.lookInLedger()
    await dispatcher.settled()
    expect(watched.dispatched.flat()).toEqual(idsOf(recorded))
    expect(Math.max(...watched.dispatched.map(({ length }) => length))).toBeLessThanOrEqual(256)
    const runs = await ledger.store.listRuns({ limit: 1000 })
    expect(runs).toHaveLength(600)
    expect(new Set(runIds)).toEqual(new Set(runs.map(({ id }) => id)))
  })

  it('takes what it is offered from memory, in order, and reads no more of the ledger', async () => {
    const watched = new WatchedStore(ledger.store)
    const { dispatcher, runIds } = dispatcherOn(watched.store)
    dispatcher.lookInLedger()
    await dispatcher.settled()
    const { reads } = watched
    const recorded = [await recordEvents(3), await recordEvents(300), await recordEvents(2)]
    for (const events of recorded) dispatcher.offer(events)
    await dispatcher.settled()
    expect(watched.dispatched.flat()).toEqual(idsOf(recorded.flat()))
    expect(watched.reads).toBe(reads)
    expect(runIds).toHaveLength(305)
    const event = await ledger.store.event(recorded[0]?.[0]?.id ?? '')
    expect(event).toMatchObject({
      state: 'dispatched',
      decisions: [
        { agent: 'a', reason: 'matched' },
        { agent: 'b', reason: 'source' },
      ],
    })
  })

  it('forgets nothing that is offered while it reads the ledger, and makes no run twice', async () => {
    const before = await recordEvents(2)
    const watched = new WatchedStore(ledger.store)
    const { dispatcher, runIds } = dispatcherOn(watched.store)
    const late: Event[] = []
    watched.beforeRead = async () => {
      watched.beforeRead = async () => {}
      late.push(...(await recordEvents(3)))
      dispatcher.offer(before)
      dispatcher.offer(late)
    }
    dispatcher.lookInLedger()
    await until('all to be dispatched', isEmpty)
    await dispatcher.settled()
    expect([...new Set(watched.dispatched.flat())]).toEqual(idsOf([...before, ...late]))
    expect(runIds).toHaveLength(5)
    expect(await ledger.store.listRuns({ limit: 100 })).toHaveLength(5)
  })

  it('goes back to the ledger when more is offered than it keeps', async () => {
    const watched = new WatchedStore(ledger.store)
    const { dispatcher, runIds } = dispatcherOn(watched.store)
    dispatcher.lookInLedger()
    await dispatcher.settled()
    const { reads } = watched
    let release = () => {}
    const released = new Promise<void>((resolve) => {
      release = resolve
    })
    watched.beforeDispatch = () => released
    const recorded: Event[] = []
    for (let at = 0; at < 13; at++) {
      const events = await recordEvents(100)
      recorded.push(...events)
      dispatcher.offer(events)
    }
    release()
    await dispatcher.settled()
    expect(await isEmpty()).toBe(true)
    expect(watched.reads).toBeGreaterThan(reads)
    expect([...new Set(watched.dispatched.flat())]).toEqual(idsOf(recorded))
    expect(runIds).toHaveLength(1300)
  })

  it('tries again when the ledger cannot be written, and loses nothing', async () => {
    const watched = new WatchedStore(ledger.store)
    const { dispatcher, runIds, lines } = dispatcherOn(watched.store)
    dispatcher.lookInLedger()
    await dispatcher.settled()
    let failures = 2
    watched.beforeDispatch = async () => {
      if (failures-- > 0) throw new StoreError('store.unavailable', 'the disk is full', { retry: 'later' })
    }
    const first = await recordEvents(2)
    dispatcher.offer(first)
    const second = await recordEvents(2)
    dispatcher.offer(second)
    await until('all to be dispatched', isEmpty)
    await dispatcher.settled()
    expect([...new Set(watched.dispatched.flat())]).toEqual(idsOf([...first, ...second]))
    expect(runIds).toHaveLength(4)
    const errors = lines.filter((line) => line.includes('store.unavailable'))
    expect(errors).toHaveLength(2)
    expect(errors[0]).toContain('the disk is full')
  })

  it('tries again when the ledger cannot be read', async () => {
    const recorded = await recordEvents(2)
    const watched = new WatchedStore(ledger.store)
    const { dispatcher } = dispatcherOn(watched.store)
    watched.beforeRead = async () => {
      if (watched.reads === 1) throw new StoreError('store.unavailable', 'an I/O error', { retry: 'later' })
    }
    dispatcher.lookInLedger()
    await until('all to be dispatched', isEmpty)
    expect(watched.dispatched.flat()).toEqual(idsOf(recorded))
  })

  it('marks an event that wakes nobody as ignored', async () => {
    const { dispatcher, runIds } = dispatcherOn(ledger.store)
    const { events } = await ledger.store.record(arrival({ source: 'other' }))
    dispatcher.lookInLedger()
    await dispatcher.settled()
    expect(await ledger.store.event(events[0]?.id ?? '')).toMatchObject({ state: 'ignored' })
    expect(runIds).toEqual([])
  })

  it('parks the run of an agent that is off, and says so of the event', async () => {
    const { dispatcher, runIds } = dispatcherOn(ledger.store, () => [agent('a', { mode: 'off' })])
    const [event] = await recordEvents(1)
    dispatcher.lookInLedger()
    await dispatcher.settled()
    expect(await ledger.store.event(event?.id ?? '')).toMatchObject({
      state: 'dispatched',
      decisions: [{ agent: 'a', reason: 'off' }],
    })
    expect(runIds).toHaveLength(1)
    expect(await ledger.store.run(runIds[0] ?? '')).toMatchObject({ state: 'parked', parkedOn: 'agent' })
  })

  it('uses the mailboxes of the agents in force', async () => {
    const mailboxes: Agent['mailbox'][] = [
      { whenBusy: 'coalesce', quietMs: 60_000, maxWaitMs: 60_000 },
      { whenBusy: 'supersede' },
      { whenBusy: 'queue' },
    ]
    let mailbox = mailboxes[0]
    const { dispatcher } = dispatcherOn(ledger.store, () => [agent('a', mailbox && { mailbox })])
    const deliver = async () => {
      await ledger.store.record(arrival({ events: [draft({ subject: 'one' }), draft({ subject: 'one' })] }))
      dispatcher.lookInLedger()
      await dispatcher.settled()
      const runs = await ledger.store.listRuns({ limit: 10 })
      return runs.map(({ state, eventCount }) => [state, eventCount]).reverse()
    }
    const waiting = ['parked', 2]
    expect(await deliver()).toEqual([waiting])
    mailbox = mailboxes[1]
    const superseded = [
      ['cancelled', 2],
      ['cancelled', 1],
    ]
    expect(await deliver()).toEqual([...superseded, ['queued', 1]])
    mailbox = mailboxes[2]
    expect(await deliver()).toEqual([...superseded, ['queued', 1], ['queued', 1], ['queued', 1]])
  })

  it('ends when it is stopped, even in the middle of a ledger that stays away', async () => {
    const watched = new WatchedStore(ledger.store)
    const { dispatcher, lines } = dispatcherOn(watched.store)
    watched.beforeDispatch = async () => {
      throw new StoreError('store.unavailable', 'the disk is full', { retry: 'later' })
    }
    dispatcher.offer(await recordEvents(1))
    await until('a failure', () => lines.length > 0)
    await dispatcher.stop()
    const { reads } = watched
    dispatcher.offer(await recordEvents(1))
    dispatcher.lookInLedger()
    await dispatcher.settled()
    expect(watched.reads).toBe(reads)
    expect((await ledger.store.counts()).events.recorded).toBe(2)
  })
})
