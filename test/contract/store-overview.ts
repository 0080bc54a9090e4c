import { describe, expect, it } from 'vitest'
import type { ChangeMark } from '../../src/store/reports.js'
import type { Store } from '../../src/store/store.js'
import type { Subject } from './store.js'
import {
  approvalFor,
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
  queueRun,
  recordEvent,
  start,
  startRun,
  step,
  tick,
} from './store-fixtures.js'

const hour = 60 * minute
const day = 24 * hour
const none = { recorded: 0, dispatched: 0, ignored: 0, echo: 0 }

/** What a page shows of many rows at once. */
export function overviewPromises({ store, another }: Subject): void {
  describe('counts by the hour', () => activityPromises({ store, another }))
  describe('what runs did and cost', () => spendingPromises(store))
  describe('what waits', () => stuckPromises(store))
  describe('changes', () => changesPromises({ store, another }))
}

function activityPromises({ store, another }: Subject): void {
  it('has what arrived by source and hour, and what became of it by the hour in which it came', async () => {
    const first = arrival({ events: [draft(), draft()] })
    const { events } = await store().record(first)
    await store().record({ ...first, deliveryId: 'dlv_again', receivedAt: start + hour })
    const malformed = { ...arrival({ source: 'shop', receivedAt: start + 2 * hour }), reason: 'no JSON' }
    await store().recordMalformed(malformed)
    await store().recordMalformed({ ...malformed, deliveryId: 'dlv_same' })
    const decisions = [{ agent: 'doctor', reason: 'matched' }] as const
    const echo = { runId: undefined, chain: 1 }
    await store().dispatch([{ eventId: idOf(events[0]?.id), decisions }], start + 5 * hour)
    await store().dispatch([{ eventId: idOf(events[1]?.id), decisions: [], echo }], start + 5 * hour)
    const counted = [
      {
        ...{ at: start, source: 'ci' },
        deliveries: { recorded: 1, duplicate: 0, malformed: 0 },
        events: { recorded: 2, dispatched: 1, ignored: 1, echo: 1 },
      },
      {
        ...{ at: start + hour, source: 'ci' },
        deliveries: { recorded: 0, duplicate: 1, malformed: 0 },
        events: none,
      },
      {
        ...{ at: start + 2 * hour, source: 'shop' },
        deliveries: { recorded: 0, duplicate: 0, malformed: 1 },
        events: none,
      },
    ]
    expect(await store().activity(start + 10, start + day, hour)).toEqual(counted)
    expect(await store().activity(start, start + 2 * hour, hour)).toEqual(counted.slice(0, 2))
    const [ci, shop] = await store().activity(start, start + day, day)
    expect(ci).toMatchObject({ at: start - 7 * hour, deliveries: { recorded: 1, duplicate: 1 } })
    expect(shop?.source).toBe('shop')
  })

  it('counts polled events, and each once, whichever process recorded it', async () => {
    const seen = tick({ events: [draft({ sourceEventId: 'seen' })], cursor: cursor() })
    await store().recordTick(seen)
    await store().recordTick({ ...seen, now: start + minute })
    const other = await another()
    await recordEvent(other, {}, { source: 'crm' })
    await other.close()
    expect((await store().totals()).sources).toEqual([
      {
        source: 'crm',
        deliveries: { recorded: 1, duplicate: 0, malformed: 0 },
        events: { ...none, recorded: 2 },
        lastEventAt: start,
        lastDeliveryAt: start,
      },
    ])
  })

  it('counts an event that turned out to be an echo once', async () => {
    const id = await recordEvent(store())
    await store().dispatch([{ eventId: id, decisions: [] }], start)
    for (const chain of [1, 2]) await store().recordEchoes(new Map([[id, { runId: undefined, chain }]]))
    const { sources } = await store().totals()
    expect(sources[0]?.events).toEqual({ ...none, recorded: 1, ignored: 1, echo: 1 })
  })

  it('does not count what was rolled back beside a neighbour', async () => {
    const eventId = await recordEvent(store())
    const failing = store().dispatch(
      [
        { eventId, decisions: [] },
        { eventId: 'evt_none', decisions: [] },
      ],
      start,
    )
    await Promise.allSettled([store().record(arrival()), failing])
    await expect(failing).rejects.toMatchObject({ code: 'store.not_found' })
    const [ci] = (await store().totals()).sources
    expect(ci?.deliveries.recorded).toBe(2)
    expect(ci?.events).toEqual({ ...none, recorded: 2 })
  })

  it('keeps in its totals what retention took, and forgets hours that are old', async () => {
    const id = await recordEvent(store())
    await store().dispatch([{ eventId: id, decisions: [] }], start)
    await recordEvent(store(), {}, { receivedAt: start + 9 * day })
    const before = await store().totals()
    expect((await store().prune(new Map([['ci', start + 1]]), 100)).events).toBe(1)
    for (let pass = 0; pass < 3; pass++) await store().pruneTraces(start + day, 10)
    expect(await store().totals()).toEqual(before)
    const left = await store().activity(start - day, start + 99 * day, hour)
    expect(left.map(({ at }) => at)).toEqual([start + 9 * day])
  })

  it('says how far events were behind, by source', async () => {
    for (const behind of [5, 1, 3]) await recordEvent(store(), { time: start - behind })
    expect(await store().lags()).toEqual([{ source: 'ci', medianMs: 3, maxMs: 5, of: 3 }])
  })
}

function spendingPromises(store: () => Store): void {
  const noUse = {
    ...{ turns: 0, unpricedTurns: 0, inputTokens: 0, outputTokens: 0, costUsd: 0, durationMs: 0 },
  }

  it('has runs when they began and ended, and turns when they were recorded', async () => {
    const lease = await startRun(store())
    await store().beginRun(lease, 'digest', start)
    await store().beginRun(lease, 'digest', start + 1)
    await store().appendStep(lease, step(), [], start + hour)
    await store().appendStep(lease, step({ costUsd: undefined, model: 'other' }), [], start + hour)
    await store().finish(lease, { state: 'completed', summary: '' }, 7, start + day)
    const cancelled = await queueRun(store(), 'clerk', 'a')
    await store().cancelRun(cancelled, 'no', start + day)
    const turns = {
      ...{ turns: 2, unpricedTurns: 1, inputTokens: 200, outputTokens: 40 },
      ...{ costUsd: 0.01, durationMs: 2400 },
    }
    const ended = { begun: 0, completed: 0, dead: 0, cancelled: 0 }
    expect(await store().spending(start)).toEqual([
      { agent: 'clerk', at: start, ...ended, cancelled: 1, ...noUse },
      { agent: 'doctor', at: start, ...ended, begun: 1, completed: 1, ...turns },
    ])
    const midnight = start - 7 * hour
    expect(await store().spending(start, day)).toEqual([
      { agent: 'doctor', at: midnight, ...ended, begun: 1, ...turns },
      { agent: 'clerk', at: midnight + day, ...ended, cancelled: 1, ...noUse },
      { agent: 'doctor', at: midnight + day, ...ended, completed: 1, ...noUse },
    ])
    expect(await store().spending(start + day, day)).toHaveLength(2)
    expect((await store().spendingByModel(start)).map(({ model, turns: n }) => [model, n])).toEqual([
      ['gpt-test', 1],
      ['other', 1],
    ])
    const totals = await store().totals()
    expect(totals.agents).toEqual([
      { agent: 'clerk', ...ended, cancelled: 1 },
      { agent: 'doctor', ...ended, begun: 1, completed: 1 },
    ])
    expect(totals.models[0]).toMatchObject({ agent: 'doctor', model: 'gpt-test', turns: 1, costUsd: 0.01 })
  })

  it('counts what came of tool calls, with the code that the model was told', async () => {
    const { lease, callId } = await proposeHeld(store())
    await store().resolveHeld(callId, { state: 'confirmed', by: 'ann', output: undefined }, start)
    const denied = newCall()
    await store().appendStep(lease, step(), [denied], start)
    const error = { code: 'policy.budget', message: '', hint: '' } as const
    await store().settle(lease, denied.id, { state: 'denied', output: { ok: false, error } }, start)
    expect((await store().totals()).toolCalls).toEqual([
      { tool: 'refund', state: 'confirmed', code: undefined, calls: 1 },
      { tool: 'refund', state: 'denied', code: 'policy.budget', calls: 1 },
      { tool: 'refund', state: 'held', code: undefined, calls: 1 },
      { tool: 'refund', state: 'unknown', code: undefined, calls: 1 },
    ])
  })

  it('says how long runs, turns and calls took', async () => {
    const { lease, callId } = await propose(store())
    await store().beginRun(lease, 'digest', start)
    await store().prepare(lease, callId, intent(), start)
    await store().markSent(lease, callId, start + 10)
    await store().settle(lease, callId, { state: 'confirmed' }, start + 30)
    await store().finish(lease, { state: 'completed', summary: '' }, 44, start + hour)
    const took = { of: 1 }
    expect(await store().latencies(start)).toEqual({
      runs: [{ name: 'doctor', medianMs: 44, p95Ms: 44, ...took }],
      models: [{ name: 'gpt-test', medianMs: 1200, p95Ms: 1200, ...took }],
      tools: [{ name: 'refund', medianMs: 20, p95Ms: 20, ...took }],
    })
    expect((await store().latencies(start + 1)).runs).toEqual([])
  })

  it('says what stands in budgets by how their counters begin', async () => {
    const { lease, callId } = await propose(store())
    const counters = [
      'refund|day|2026-11-21',
      'refund|day|2026-11-21|amount',
      'refund|run|1',
      'refunds|day|x',
    ]
    const reservations = counters.map((counter, index) => ({ counter, amount: index + 1, limit: 9 }))
    await store().prepare(lease, callId, intent(reservations), start)
    expect(await store().budgets(['refund|day|'])).toEqual([
      { counter: 'refund|day|2026-11-21', amount: 1 },
      { counter: 'refund|day|2026-11-21|amount', amount: 2 },
    ])
    expect(await store().budgets(['refund|', 'refund|run|', 'none'])).toHaveLength(3)
  })
}

function stuckPromises(store: () => Store): void {
  it('is nothing in an empty ledger', async () => {
    const nothing = { count: 0, oldestId: undefined, oldestAt: undefined }
    expect(await store().stuck(start)).toEqual({
      ...{ undispatched: nothing, queued: nothing, suspects: nothing, held: nothing },
      ...{ parked: [], dead: [], failed: { ...nothing, nextAt: undefined }, isPartial: false },
      approvals: { ...nothing, soonestExpiresAt: undefined, expiringSoon: 0 },
    })
  })

  it('has each cause with how many, and the oldest', async () => {
    const error = { code: 'limit.turns', message: '' } as const
    const ended = await startRun(store())
    await store().finish(ended, { state: 'dead', error }, 1, start)
    const failed = await startRun(store())
    await store().finish(failed, { state: 'failed', nextAt: start + hour, error }, 1, start)
    const parked = await startRun(store())
    await store().finish(parked, { state: 'parked', on: 'model', until: start + minute }, 1, start)
    const asked = await parkOnApproval(store())
    const held = await proposeHeld(store())
    const queued = await queueRun(store(), 'doctor', 'q', start + 5)
    await queueRun(store(), 'doctor', 'r', start + 6)
    const event = await recordEvent(store())
    const found = await store().stuck(start)
    const one = (oldestId: string) => ({ count: 1, oldestId, oldestAt: start })
    expect(found).toEqual({
      undispatched: one(event),
      queued: { count: 2, oldestId: queued, oldestAt: start + 5 },
      failed: { ...one(failed.runId), nextAt: start + hour },
      parked: [
        { ...one(asked.lease.runId), on: 'approval', nextAt: undefined },
        { ...one(parked.runId), on: 'model', nextAt: start + minute },
      ],
      dead: [{ ...one(ended.runId), code: 'limit.turns', newestAt: start, lately: 1 }],
      suspects: { count: 0, oldestId: undefined, oldestAt: undefined },
      held: one(held.callId),
      approvals: { ...one(asked.approval.id), soonestExpiresAt: start + 10 * minute, expiringSoon: 1 },
      isPartial: false,
    })
    expect((await store().stuck(start - hour)).approvals.expiringSoon).toBe(0)
  })

  it('leaves out of the dead what was replayed since, unless the replay was cancelled', async () => {
    const error = { code: 'limit.turns', message: '' } as const
    const die = async (at: number) => {
      const { lease, run } = await claim(store(), { now: at })
      await store().finish(lease, { state: 'dead', error }, 1, at)
      return run
    }
    const dead = async () => {
      const [cause] = (await store().stuck(start + 2 * day)).dead
      return cause && { count: cause.count, oldestId: cause.oldestId, lately: cause.lately }
    }
    const found = async (isReplayed: boolean) =>
      (await store().findRuns({ isReplayed, errorCode: 'limit.turns', limit: 9 })).runs.map(({ id }) => id)
    const first = await queueRun(store(), 'doctor', 'a')
    const { eventId } = await die(start)
    expect(await dead()).toEqual({ count: 1, oldestId: first, lately: 0 })

    const cancelled = await store().replay(eventId, 'doctor', start + 1)
    expect(await dead()).toBeUndefined()
    expect(await found(true)).toEqual([first])
    await store().cancelRun(cancelled.id, 'not now', start + 2)
    expect(await dead()).toEqual({ count: 1, oldestId: first, lately: 0 })

    // One that died again waits in the place of the first.
    const again = await store().replay(eventId, 'doctor', start + 3)
    await die(start + 2 * day - hour)
    expect(await dead()).toEqual({ count: 1, oldestId: again.id, lately: 1 })
    expect([await found(false), await found(true)]).toEqual([[again.id], [first]])

    await store().replay(eventId, 'doctor', start + 2 * day)
    const { lease } = await claim(store(), { now: start + 2 * day })
    await store().finish(lease, { state: 'completed', summary: '' }, 1, start + 2 * day)
    expect(await dead()).toBeUndefined()
    expect(await found(true)).toEqual([again.id, first])
    expect((await store().counts()).runs.dead).toBe(2)
  })

  it('names runs that were held when a process died', async () => {
    const { runId } = await startRun(store(), 'doctor', { node: 'gone' })
    await store().recoverRuns({ node: 'here', alone: true, now: start, maxCrashes: 3 })
    expect((await store().stuck(start)).suspects).toEqual({ count: 1, oldestId: runId, oldestAt: start })
  })
}

function changesPromises({ store, another }: Subject): void {
  it('tells each event once and in order, however often somebody comes back', async () => {
    let mark: ChangeMark = (await store().changesSince(undefined, 9)).next
    const recorded: string[] = []
    const told: string[] = []
    const other = await another()
    for (let index = 0; index < 7; index++) {
      recorded.push(await recordEvent(index % 2 === 0 ? store() : other))
      if (index % 3 !== 0) continue
      const { events, next } = await store().changesSince(mark, 2)
      told.push(...events.map(({ event }) => event.id))
      mark = next
    }
    await other.close()
    for (let isMore = true; isMore; ) {
      const { events, next, isMore: isThereMore } = await store().changesSince(mark, 2)
      expect(events.map(({ position }) => position)).toEqual(events.map((_, index) => mark.event + index + 1))
      told.push(...events.map(({ event }) => event.id))
      mark = next
      isMore = isThereMore
    }
    expect(told).toEqual(recorded)
    expect((await store().changesSince(mark, 2)).events).toEqual([])
  })

  it('tells what runs, calls and approvals came to', async () => {
    const { next: mark } = await store().changesSince(undefined, 9)
    const proposed = await propose(store())
    const runId = proposed.lease.runId
    const approval = approvalFor(proposed, idOf((await store().run(runId))?.eventId))
    await store().requestApproval(proposed.lease, approval, start)
    await store().finish(proposed.lease, { state: 'parked', on: 'approval' }, 5, start)
    const { changes, isWhole } = await store().changesSince(mark, 99)
    expect(isWhole).toBe(true)
    expect(changes.map(({ id, runId: of, state, parkedOn }) => [id, of, state, parkedOn])).toEqual([
      [runId, runId, 'queued', undefined],
      [runId, runId, 'running', undefined],
      [proposed.callId, runId, 'proposed', undefined],
      [proposed.callId, runId, 'waiting', undefined],
      [approval.id, runId, 'waiting', undefined],
      [runId, runId, 'parked', 'approval'],
    ])
  })

  it('tells when an alert begins to stand and when it is over, not how often it was raised', async () => {
    const { next: mark } = await store().changesSince(undefined, 9)
    const alert = { cause: 'model default', code: 'model.unavailable', message: '503' } as const
    for (const at of [start, start + 1]) await store().raiseAlert(alert, at)
    for (const at of [start + 2, start + 3]) await store().resolveAlert(alert.cause, at)
    await store().raiseAlert(alert, start + 4)
    const { changes } = await store().changesSince(mark, 99)
    const told = changes.map(({ id, runId, state }) => [id, runId, state])
    const of = (state: string) => ['alert:model default', undefined, state]
    expect(told).toEqual([of('raised'), of('resolved'), of('raised')])
  })

  it('says where changes are forgotten, and never forgets the newest', async () => {
    const { next: mark } = await store().changesSince(undefined, 9)
    const parked = await startRun(store(), 'doctor')
    await store().finish(parked, { state: 'parked', on: 'time', until: start + day }, 1, start)
    const ids = Array.from({ length: 500 }, async (_, index) => queueRun(store(), 'many', `s${index}`))
    await Promise.all(ids)
    for (let round = 0; round < 25; round++) {
      await store().pause('agent', ['many'], start)
      await store().resume('agent', [], start)
    }
    const late = await store().changesSince(mark, 30_000)
    expect(late.isWhole).toBe(false)
    expect(late.events).toHaveLength(501)
    expect(late.changes.length).toBeLessThan(21_100)
    expect(late.changes.at(-1)).toMatchObject({ state: 'queued' })
    expect((await store().changesSince(late.next, 9)).isWhole).toBe(true)
  })

  it('goes on where retention took every event', async () => {
    const id = await recordEvent(store())
    await store().dispatch([{ eventId: id, decisions: [] }], start)
    await recordEvent(store())
    const [newest] = await store().listEvents({ limit: 1 })
    await store().dispatch([{ eventId: idOf(newest?.id), decisions: [] }], start)
    const { next: mark } = await store().changesSince(undefined, 9)
    await store().prune(new Map([['ci', start + day]]), 10)
    const later = await recordEvent(store())
    const { events } = await store().changesSince(mark, 9)
    expect(events.map(({ event }) => event.id)).toEqual([later])
  })
}
