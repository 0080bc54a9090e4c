import { expect, it } from 'vitest'
import type { Mailbox } from '../../src/domain/agent.js'
import type { Lease } from '../../src/domain/run.js'
import type { Pruned } from '../../src/store/records.js'
import type { Store } from '../../src/store/store.js'
import { sha256 } from '../../src/util/signature.js'
import type { Subject } from './store.js'
import {
  arrival,
  claim,
  cursor,
  draft,
  idOf,
  intent,
  minute,
  newCall,
  parkOnApproval,
  propose,
  proposeHeld,
  recordEvent,
  start,
  step,
  tick,
} from './store-fixtures.js'

const day = 86_400_000
const later = start + 40 * day
/** Everything of these sources that was over before `later - 30d` is old. */
const old = new Map([
  ['ci', later - 30 * day],
  ['crm', later - 30 * day],
])

/** One whole pass. */
export async function pruneAll(
  store: Store,
  before: ReadonlyMap<string, number> = old,
  limit = 100,
): Promise<Omit<Pruned, 'next'>> {
  const sum = { events: 0, runs: 0, deliveries: 0 }
  let after: Pruned['next']
  do {
    const { next, ...pruned } = await store.prune(before, limit, after)
    sum.events += pruned.events
    sum.runs += pruned.runs
    sum.deliveries += pruned.deliveries
    after = next
  } while (after)
  return sum
}

async function forgetAll(store: Store, before: number): Promise<number> {
  let deleted = 0
  let after: Uint8Array | undefined
  do {
    const pruned = await store.pruneKeys(before, 3, after)
    deleted += pruned.deleted
    after = pruned.next
  } while (after)
  return deleted
}

async function ignored(store: Store, overrides: Parameters<typeof arrival>[0] = {}): Promise<string> {
  const recorded = await store.record(arrival(overrides))
  const eventId = idOf(recorded.events[0]?.id)
  await store.dispatch([{ eventId, decisions: [] }], start)
  return eventId
}

async function complete(store: Store, lease: Lease, now = start): Promise<void> {
  await store.finish(lease, { state: 'completed', summary: 'done' }, 5, now)
}

/** A run that is over, with a confirmed write that has these reservations. Returns its event's id. */
async function completed(store: Store, counters: readonly string[] = [], now = start): Promise<string> {
  const { lease, callId } = await propose(store)
  const reservations = counters.map((counter) => ({ counter, amount: 3, limit: 5 }))
  await store.prepare(lease, callId, intent(reservations), start)
  await store.markSent(lease, callId, start)
  await store.settle(lease, callId, { state: 'confirmed' }, start)
  await complete(store, lease, now)
  return idOf((await store.run(lease.runId))?.eventId)
}

export function retentionPromises({ store }: Subject): void {
  it('deletes what is old and finished, with all that belongs to it, and counts what is there', async () => {
    const { lease } = await parkOnApproval(store())
    const eventId = idOf((await store().run(lease.runId))?.eventId)
    await store().cancelRun(lease.runId, 'enough', start)
    await ignored(store())
    expect(await pruneAll(store())).toEqual({ events: 2, runs: 1, deliveries: 2 })
    expect(await store().event(eventId)).toBeUndefined()
    expect(await store().run(lease.runId)).toBeUndefined()
    expect(await store().deliveriesOf(eventId)).toEqual([])
    expect(await store().counts()).toMatchObject({
      deliveries: { recorded: 0 },
      events: { dispatched: 0, ignored: 0 },
      runs: { cancelled: 0 },
    })
    expect(await pruneAll(store())).toEqual({ events: 0, runs: 0, deliveries: 0 })
  })

  it('keeps what is young, and all of a source that is kept for ever', async () => {
    const young = await ignored(store(), { receivedAt: later - 30 * day })
    const kept = await ignored(store(), { source: 'archive' })
    expect(await pruneAll(store())).toMatchObject({ events: 0, deliveries: 0 })
    expect(await store().event(young)).toBeDefined()
    expect(await store().event(kept)).toBeDefined()
  })

  it('asks a run when it ended, not only when its event came: what it did is there to be seen for as long', async () => {
    const eventId = await completed(store(), [], later - 30 * day)
    expect(await pruneAll(store())).toMatchObject({ events: 0 })
    expect(await pruneAll(store(), new Map([['ci', later - 30 * day + 1]]))).toMatchObject({ events: 1 })
    expect(await store().event(eventId)).toBeUndefined()
  })

  it.each([
    ['no decision was made on', async () => recordEvent(store())],
    ['waits for an approval', async () => (await parkOnApproval(store())).lease.runId],
    ['is being worked on', async () => (await propose(store())).lease.runId],
    ['waits for a person', async () => (await proposeHeld(store())).lease.runId],
  ])('never deletes what %s, however old it is', async (_what, make) => {
    const id = await make()
    await pruneAll(store())
    expect((await store().event(id)) ?? (await store().run(id))).toBeDefined()
  })

  it('never deletes a run that is over while a write of it is held, until a person has settled it', async () => {
    const { lease, callId } = await proposeHeld(store())
    await store().finish(
      lease,
      { state: 'dead', error: { code: 'limit.turns', message: 'used up' } },
      5,
      start,
    )
    expect(await pruneAll(store())).toMatchObject({ events: 0, runs: 0 })
    expect((await store().listHeld()).map(({ id }) => id)).toEqual([callId])
    await store().resolveHeld(callId, { state: 'confirmed', by: 'ann', output: undefined }, later)
    expect(await pruneAll(store())).toMatchObject({ events: 1, runs: 1 })
  })

  it('keeps an event while any of its runs goes on, also a replay', async () => {
    const eventId = await completed(store())
    const { id } = await store().replay(eventId, 'doctor', later)
    expect(await pruneAll(store())).toMatchObject({ events: 0, runs: 0 })
    const { lease } = await claim(store(), { now: later })
    expect(lease.runId).toBe(id)
    await complete(store(), lease, later - 31 * day)
    expect(await pruneAll(store())).toEqual({ events: 1, runs: 2, deliveries: 1 })
  })

  const coalesce: Mailbox = { whenBusy: 'coalesce', quietMs: 0, maxWaitMs: minute }

  /** A finished run of several events of one subject, each of its source and time. */
  const coalesced = async (parts: readonly (readonly [source: string, at: number])[]) => {
    const ids: string[] = []
    for (const [source, receivedAt] of parts) {
      const id = await recordEvent(store(), { subject: 'acme/web#1' }, { source, receivedAt })
      const decisions = [{ agent: 'doctor', reason: 'matched' as const }]
      await store().dispatch([{ eventId: id, decisions }], start, new Map([['doctor', coalesce]]))
      ids.push(id)
    }
    const { lease } = await claim(store())
    await complete(store(), lease)
    return { ids, runId: lease.runId }
  }

  it('keeps the events of a run while one of them is young, or is kept for longer by its own source', async () => {
    const first = await coalesced([
      ['ci', start],
      ['ci', later],
    ])
    const second = await coalesced([
      ['ci', start],
      ['archive', start],
    ])
    expect(await pruneAll(store())).toMatchObject({ events: 0, runs: 0 })
    for (const id of [...first.ids, ...second.ids]) expect(await store().event(id)).toBeDefined()
  })

  it('deletes a run of several events with the last of them', async () => {
    const { ids, runId } = await coalesced([
      ['ci', start],
      ['ci', start],
      ['ci', start],
    ])
    const other = await store().replay(idOf(ids[2]), 'nurse', start)
    expect(await pruneAll(store(), old, 1)).toEqual({ events: 2, runs: 0, deliveries: 2 })
    expect((await store().runsOf(idOf(ids[2]))).map(({ id }) => id)).toEqual([runId, other.id])
    expect((await store().eventsOf(runId)).map(({ id }) => id)).toEqual([ids[2]])
    await store().cancelRun(other.id, 'enough', start)
    expect(await pruneAll(store(), old, 1)).toEqual({ events: 1, runs: 2, deliveries: 1 })
  })

  it('lets nothing that was spent for a subject be spent again', async () => {
    const counters = ['refund|subject|ch_1', 'refund|subject|ch_1|amount', 'refund|day|2026-11-21']
    await completed(store(), counters)
    await pruneAll(store())
    const { lease, callId } = await propose(store(), { now: later })
    const wanted = (counter: string) => intent([{ counter, amount: 3, limit: 5 }])
    for (const counter of counters.slice(0, 2)) {
      expect(await store().prepare(lease, callId, wanted(counter), later)).toEqual({
        state: 'over_budget',
        counter,
        limit: 5,
      })
    }
    expect(await store().prepare(lease, callId, wanted('refund|day|2026-11-21'), later)).toEqual({
      state: 'prepared',
    })
  })

  it('gives back what was not spent', async () => {
    const { lease, callId } = await propose(store())
    const counter = 'refund|subject|ch_2'
    await store().prepare(lease, callId, intent([{ counter, amount: 5, limit: 5 }]), start)
    await store().markSent(lease, callId, start)
    await store().settle(lease, callId, { state: 'rejected' }, start)
    await complete(store(), lease)
    expect(await pruneAll(store())).toMatchObject({ runs: 1 })
    const next = await propose(store(), { now: later })
    const wanted = intent([{ counter, amount: 5, limit: 5 }])
    expect(await store().prepare(next.lease, next.callId, wanted, later)).toEqual({ state: 'prepared' })
  })

  it('keeps a delivery until the last of its events is gone', async () => {
    const recorded = await store().record(arrival({ events: [draft(), draft()] }))
    const [first, second] = recorded.events.map(({ id }) => idOf(id))
    await store().dispatch([{ eventId: idOf(first), decisions: [] }], start)
    expect(await pruneAll(store())).toEqual({ events: 1, runs: 0, deliveries: 0 })
    expect((await store().event(idOf(second)))?.data).toBeDefined()
    await store().dispatch([{ eventId: idOf(second), decisions: [] }], start)
    expect(await pruneAll(store())).toEqual({ events: 1, runs: 0, deliveries: 1 })
    expect(await store().delivery(recorded.deliveryId)).toBeUndefined()
  })

  it('takes a redelivery for one after the event is gone, and lets it go in its time', async () => {
    const first = arrival({ events: [draft({ sourceEventId: 'guid-1' })] })
    const eventId = await ignored(store(), first)
    await pruneAll(store())
    const again = await store().record({ ...first, deliveryId: 'dlv_again', receivedAt: later })
    expect(again).toEqual({
      deliveryId: 'dlv_again',
      state: 'duplicate',
      events: [{ id: eventId, isNew: false }],
    })
    expect(await store().counts()).toMatchObject({ events: { recorded: 0 }, deliveries: { duplicate: 1 } })
    expect(await pruneAll(store())).toMatchObject({ deliveries: 0 })
    const muchLater = new Map([['ci', later + 1]])
    expect(await pruneAll(store(), muchLater)).toEqual({ events: 0, runs: 0, deliveries: 1 })
    expect((await store().counts()).deliveries.duplicate).toBe(0)
  })

  it('deletes redeliveries with their event, and no sooner', async () => {
    const first = arrival({ events: [draft({ sourceEventId: 'guid-2' })], receivedAt: start })
    const eventId = idOf((await store().record(first)).events[0]?.id)
    await store().record({ ...first, deliveryId: 'dlv_again' })
    expect(await pruneAll(store())).toMatchObject({ deliveries: 0 })
    expect(await store().deliveriesOf(eventId)).toHaveLength(2)
    await store().dispatch([{ eventId, decisions: [] }], start)
    expect(await pruneAll(store())).toEqual({ events: 1, runs: 0, deliveries: 2 })
  })

  it('deletes malformed deliveries by when they came, and knows their bytes for longer', async () => {
    const body = Buffer.from('{"half":')
    const malformed = { ...arrival(), body, bodyDigest: sha256(body), reason: 'no JSON' }
    await store().recordMalformed(malformed)
    await store().recordMalformed({ ...malformed, deliveryId: 'dlv_young', receivedAt: later })
    expect(await pruneAll(store())).toMatchObject({ deliveries: 1 })
    await store().recordMalformed({ ...malformed, deliveryId: 'dlv_again' })
    expect((await store().counts()).deliveries.malformed).toBe(0)
    expect(await forgetAll(store(), start + 1)).toBe(1)
    await store().recordMalformed({ ...malformed, deliveryId: 'dlv_anew' })
    expect((await store().counts()).deliveries.malformed).toBe(1)
  })

  it('forgets keys of what is gone when they are old, and no other', async () => {
    const gone = arrival({ events: [draft({ sourceEventId: 'gone' })] })
    const waiting = arrival({ events: [draft({ sourceEventId: 'waiting' })] })
    const young = arrival({ receivedAt: start + 1, events: [draft({ sourceEventId: 'young' })] })
    await ignored(store(), gone)
    await store().record(waiting)
    await ignored(store(), young)
    await pruneAll(store())
    expect(await forgetAll(store(), start)).toBe(0)
    // By its id and its body.
    expect(await forgetAll(store(), start + 1)).toBe(2)
    const state = async (again: typeof gone) =>
      (await store().record({ ...again, deliveryId: `dlv_${again.deliveryId}` })).state
    expect([await state(gone), await state(waiting), await state(young)]).toEqual([
      'recorded',
      'duplicate',
      'duplicate',
    ])
  })

  it('never forgets what a poll has seen: an API may show it again at any time', async () => {
    const seen = { sourceEventId: 'deal_1@1', data: { id: 'deal_1' } }
    const primed = { sourceEventId: 'deal_2@1', semanticKey: undefined }
    const ticks = await store().recordTick(tick({ events: [draft(seen)], primed: [primed] }))
    await store().dispatch([{ eventId: idOf(ticks.events[0]?.id), decisions: [] }], start)
    expect(await pruneAll(store())).toEqual({ events: 1, runs: 0, deliveries: 0 })
    expect(await forgetAll(store(), later)).toBe(0)
    const again = await store().recordTick(
      tick({
        now: later,
        events: [draft(seen), draft({ ...seen, sourceEventId: 'deal_2@1' })],
        cursor: cursor(),
      }),
    )
    expect(again.events).toEqual([
      { id: undefined, isNew: false },
      { id: undefined, isNew: false },
    ])
  })

  it('deletes configurations that no run names, but none in use or saved of late', async () => {
    for (const digest of ['named', 'unnamed', 'in force']) await store().saveConfig(digest, { digest }, start)
    await store().saveConfig('young', {}, later)
    await store().saveConfig('back again', {}, start)
    await store().saveConfig('back again', {}, later)
    const { lease } = await propose(store())
    await store().beginRun(lease, 'named', start)
    const more = await propose(store())
    await store().beginRun(more.lease, 'named', start)
    await store().appendStep(more.lease, step(), [newCall()], start)
    expect(await store().pruneConfigs(['in force'], later)).toBe(1)
    const left = ['named', 'unnamed', 'in force', 'young', 'back again']
    const found = await Promise.all(left.map(async (digest) => (await store().config(digest)) !== undefined))
    expect(found).toEqual([true, false, true, true, true])
  })

  it('looks at no more rows at once than it is told, and comes to the end all the same', async () => {
    for (let count = 0; count < 7; count++) {
      await ignored(store(), { receivedAt: start + count })
      await recordEvent(store(), {}, { receivedAt: start + count })
    }
    const first = await store().prune(old, 4)
    expect(first.events).toBeLessThanOrEqual(4)
    expect(first.next).toBeDefined()
    expect((await pruneAll(store(), old, 4)).events + first.events).toBe(7)
    expect((await store().counts()).events).toEqual({ recorded: 7, dispatched: 0, ignored: 0 })
  })

  it('deletes the oldest first', async () => {
    const ids: string[] = []
    for (const receivedAt of [start + 2, start, start + 1]) ids.push(await ignored(store(), { receivedAt }))
    await store().prune(old, 2)
    const left = await Promise.all(ids.map((id) => store().event(id)))
    expect(left.map((event) => event !== undefined)).toEqual([true, false, false])
  })
}
