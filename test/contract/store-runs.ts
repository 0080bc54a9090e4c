import { expect, it } from 'vitest'
import type { JsonValue } from '../../src/util/json.js'
import type { Subject } from './store.js'
import {
  approvalFor,
  claim,
  idOf,
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
  tryClaim,
} from './store-fixtures.js'

export function runPromises({ store }: Subject): void {
  it('keeps why each agent was woken or not, and makes runs of those that matched', async () => {
    const eventId = await recordEvent(store(), { subject: 'acme/web#1' })
    const decisions = [
      { agent: 'doctor', reason: 'matched' },
      { agent: 'clerk', reason: 'if_error', detail: 'no such key: conclusion' },
      { agent: 'scribe', reason: 'matched' },
    ] as const
    const runIds = await store().dispatch([{ eventId, decisions }], start + 1)
    expect(await store().event(eventId)).toMatchObject({ state: 'dispatched', decisions })
    const runs = await store().runsOf(eventId)
    expect(runs.map(({ id }) => id)).toEqual(runIds)
    expect(runs[0]).toEqual({
      id: runIds[0],
      eventId,
      agent: 'doctor',
      subject: 'acme/web#1',
      state: 'queued',
      replay: 0,
      attempts: 0,
      crashes: 0,
      parkedOn: undefined,
      nextAt: undefined,
      createdAt: start + 1,
      startedAt: undefined,
      finishedAt: undefined,
      usage: { turns: 0, calls: 0, inputTokens: 0, outputTokens: 0, costUsd: 0, activeMs: 0 },
      configDigest: undefined,
      error: undefined,
      summary: undefined,
      eventCount: 1,
      supersededBy: undefined,
      refreshed: undefined,
      isRestored: false,
    })
  })

  it('marks an event that wakes nobody as ignored', async () => {
    const eventId = await recordEvent(store())
    expect(
      await store().dispatch([{ eventId, decisions: [{ agent: 'doctor', reason: 'type' }] }], start),
    ).toEqual([])
    expect((await store().event(eventId))?.state).toBe('ignored')
    expect(await store().undispatched(10)).toEqual([])
  })

  it('leaves an event that is dispatched as it is, however often it is dispatched again', async () => {
    const eventId = await recordEvent(store())
    const other = await recordEvent(store())
    const matched = { eventId, decisions: [{ agent: 'doctor', reason: 'matched' as const }] }
    const [first] = await Promise.all([
      store().dispatch([matched], start),
      store().dispatch([matched], start),
    ])
    const again = await store().dispatch(
      [
        { eventId, decisions: [{ agent: 'clerk', reason: 'matched' }] },
        { eventId: other, decisions: [{ agent: 'clerk', reason: 'matched' }] },
      ],
      start,
    )
    expect([first.length, again.length]).toEqual([1, 1])
    expect(await store().runsOf(eventId)).toHaveLength(1)
    expect((await store().event(eventId))?.decisions).toEqual(matched.decisions)
  })

  it('dispatches all of a list or nothing', async () => {
    const eventId = await recordEvent(store())
    const dispatches = [eventId, 'evt_00000000000000000000000000000000'].map((id) => {
      return { eventId: id, decisions: [{ agent: 'doctor', reason: 'matched' as const }] }
    })
    await expect(store().dispatch(dispatches, start)).rejects.toMatchObject({ code: 'store.not_found' })
    expect((await store().event(eventId))?.state).toBe('recorded')
    expect(await store().runsOf(eventId)).toEqual([])
  })

  it('numbers replays by event and agent, also several at once', async () => {
    const runId = await queueRun(store(), 'doctor', 'a')
    const eventId = idOf((await store().run(runId))?.eventId)
    const replays = await Promise.all([
      store().replay(eventId, 'doctor', start),
      store().replay(eventId, 'doctor', start),
      store().replay(eventId, 'clerk', start),
    ])
    expect(replays.map(({ replay }) => replay)).toEqual([1, 2, 1])
    expect(replays[0]).toMatchObject({ eventId, state: 'queued', subject: 'a' })
    await expect(store().replay('evt_none', 'doctor', start)).rejects.toMatchObject({
      code: 'store.not_found',
    })
  })

  it('pins the configuration that a run began with', async () => {
    const lease = await startRun(store())
    expect(await store().beginRun(lease, 'first', start + 1)).toEqual({
      state: 'begun',
      configDigest: 'first',
    })
    await store().appendStep(lease, step(), [], start + 2)
    expect(await store().beginRun(lease, 'second', start + 2)).toEqual({
      state: 'begun',
      configDigest: 'first',
    })
    expect(await store().run(lease.runId)).toMatchObject({ configDigest: 'first', startedAt: start + 1 })
  })

  it('pins anew while no step is recorded: nothing was done under the configuration before', async () => {
    const lease = await startRun(store())
    await store().beginRun(lease, 'first', start + 1)
    expect(await store().beginRun(lease, 'second', start + 2)).toEqual({
      state: 'begun',
      configDigest: 'second',
    })
    expect(await store().run(lease.runId)).toMatchObject({ startedAt: start + 1 })
  })

  it('lets no more runs of an agent begin on a UTC day than it may, also at once', async () => {
    const midnight = Date.parse('2026-11-22T00:00:00Z')
    const limits = { perDay: 2 }
    await store().beginRun(await startRun(store()), 'd', midnight - 1, limits)
    const leases = []
    for (let at = 0; at < 4; at++) leases.push(await startRun(store()))
    const begun = await Promise.all(leases.map((lease) => store().beginRun(lease, 'd', midnight, limits)))
    expect(begun.map(({ state }) => state).sort()).toEqual(['begun', 'begun', 'over_limit', 'over_limit'])
    const clerk = await startRun(store(), 'clerk')
    expect(await store().beginRun(clerk, 'd', midnight, limits)).toMatchObject({ state: 'begun' })
    const [first] = leases
    if (first)
      expect(await store().beginRun(first, 'd', midnight + 1, limits)).toMatchObject({ state: 'begun' })
  })

  it('keeps an answer verbatim, with the calls that it asks for, and adds up what it cost', async () => {
    const lease = await startRun(store())
    const items: JsonValue[] = [
      { type: 'reasoning', encrypted_content: 'gAAAA…', big: 12345678901234567890n },
      { type: 'function_call' },
    ]
    const first = step({ items })
    const calls = [
      newCall({ argumentsText: '{not json' }),
      newCall({ effect: undefined, tool: 'unheard_of' }),
    ]
    await store().appendStep(lease, first, calls, start + 1)
    await store().appendStep(lease, step({ turn: 2, api: 'chat', isUsable: false }), [], start + 2)
    const journal = await store().journal(lease.runId)
    expect(journal.steps[0]).toEqual({ ...first, createdAt: start + 1 })
    expect(journal.steps[1]).toMatchObject({ turn: 2, api: 'chat', isUsable: false })
    expect(
      journal.calls.map(({ id, position, state, argumentsText, effect, stepId }) => ({
        id,
        position,
        state,
        argumentsText,
        effect,
        stepId,
      })),
    ).toEqual(
      calls.map(({ id, argumentsText, effect }, position) => ({
        id,
        position,
        state: 'proposed',
        argumentsText,
        effect,
        stepId: first.id,
      })),
    )
    expect(journal.run.usage).toMatchObject({
      turns: 2,
      calls: 2,
      inputTokens: 200,
      outputTokens: 40,
      costUsd: 0.02,
    })
  })

  it('does not know the cost of a run once it does not know that of a turn', async () => {
    const lease = await startRun(store())
    for (const costUsd of [0.5, undefined, 0.5]) await store().appendStep(lease, step({ costUsd }), [], start)
    expect((await store().run(lease.runId))?.usage.costUsd).toBeUndefined()
  })

  it('writes an answer and all of its calls, or nothing', async () => {
    const lease = await startRun(store())
    const call = newCall()
    await store().appendStep(lease, step(), [call], start)
    const before = await store().journal(lease.runId)
    const failing = store().appendStep(lease, step({ turn: 2 }), [newCall(), call], start)
    await expect(failing).rejects.toMatchObject({ code: 'store.conflict' })
    expect(await store().journal(lease.runId)).toEqual(before)
  })

  it('ends a run as it is told, adds the time it used, and gives up the lease', async () => {
    const lease = await startRun(store())
    await store().finish(
      lease,
      { state: 'failed', nextAt: start, error: { code: 'model.malformed', message: 'odd' } },
      100,
      start + 1,
    )
    expect(await store().run(lease.runId)).toMatchObject({
      state: 'failed',
      attempts: 1,
      nextAt: start,
      error: { code: 'model.malformed', message: 'odd' },
      finishedAt: undefined,
    })
    const again = await claim(store(), { node: 'b', now: start + 2 })
    await store().finish(again.lease, { state: 'completed', summary: 'all good' }, 50.4, start + 3)
    const journal = await store().journal(lease.runId)
    expect(journal.run).toMatchObject({
      state: 'completed',
      summary: 'all good',
      finishedAt: start + 3,
      error: undefined,
      attempts: 1,
    })
    expect(journal.run.usage.activeMs).toBe(150)
    expect(journal.attempts).toEqual([
      {
        number: 1,
        node: 'node-1',
        startedAt: start,
        endedAt: start + 1,
        outcome: 'failed',
        error: { code: 'model.malformed', message: 'odd' },
      },
      {
        number: 2,
        node: 'b',
        startedAt: start + 2,
        endedAt: start + 3,
        outcome: 'completed',
        error: undefined,
      },
    ])
    await expect(
      store().finish(again.lease, { state: 'completed', summary: '' }, 1, start),
    ).rejects.toMatchObject({
      code: 'store.lease_lost',
    })
  })

  it('cancels a run that nobody holds, and only such a one', async () => {
    const queued = await queueRun(store(), 'doctor', 'a')
    const blocked = await queueRun(store(), 'doctor', 'a')
    await store().cancelRun(blocked, 'not needed', start + 1)
    expect(await store().run(blocked)).toMatchObject({
      state: 'cancelled',
      finishedAt: start + 1,
      error: { code: 'run.cancelled', message: 'not needed' },
    })
    await store().cancelRun(queued, 'nor this', start + 1)
    expect(await tryClaim(store())).toBeUndefined()
    const { runId } = await startRun(store())
    for (const [id, code] of [
      [runId, 'store.conflict'],
      [queued, 'store.conflict'],
      ['run_none', 'store.not_found'],
    ] as const) {
      await expect(store().cancelRun(id, 'x', start)).rejects.toMatchObject({ code })
    }
  })

  it('asks nobody any more in the name of a run that ended', async () => {
    const { approval, lease, callId } = await parkOnApproval(store())
    await store().cancelRun(lease.runId, 'no', start)
    expect((await store().approval(approval.id))?.state).toBe('expired')
    expect((await store().toolCall(callId))?.state).toBe('expired')
    expect((await store().counts()).approvalsWaiting).toBe(0)
  })

  it('does not park on a decision that was made while it was on its way to park', async () => {
    const proposed = await propose(store())
    const approval = approvalFor(proposed, 'evt_x')
    await store().requestApproval(proposed.lease, approval, start)
    await store().decide(
      approval.id,
      { state: 'approved', by: 'ann', reason: undefined, digest: approval.digest },
      start,
    )
    await store().finish(proposed.lease, { state: 'parked', on: 'approval' }, 1, start)
    expect(await store().run(proposed.lease.runId)).toMatchObject({ state: 'queued', parkedOn: undefined })
    expect((await claim(store())).run.id).toBe(proposed.lease.runId)
  })

  it('does not park on a held write that was resolved while it was on its way to park', async () => {
    const { lease, callId } = await proposeHeld(store())
    await store().resolveHeld(callId, { state: 'confirmed', by: 'ann', output: undefined }, start)
    await store().finish(lease, { state: 'parked', on: 'person' }, 1, start)
    expect((await store().run(lease.runId))?.state).toBe('queued')
  })

  it('forgets a decision that an earlier stretch of work has seen', async () => {
    const proposed = await propose(store())
    const approval = approvalFor(proposed, 'evt_x')
    await store().requestApproval(proposed.lease, approval, start)
    await store().decide(approval.id, { state: 'denied', by: 'ann', reason: undefined, digest: '' }, start)
    const error = { code: 'tool.timeout', message: '' } as const
    await store().finish(proposed.lease, { state: 'failed', nextAt: start, error }, 1, start)
    const { lease } = await claim(store())
    await store().finish(lease, { state: 'parked', on: 'person' }, 1, start)
    expect((await store().run(lease.runId))?.state).toBe('parked')
  })

  it('keeps a wait for a time although a person decided', async () => {
    const proposed = await propose(store())
    const approval = approvalFor(proposed, 'evt_x')
    await store().requestApproval(proposed.lease, approval, start)
    await store().finish(proposed.lease, { state: 'parked', on: 'model', until: start + minute }, 1, start)
    await store().decide(approval.id, { state: 'denied', by: 'ann', reason: undefined, digest: '' }, start)
    expect(await tryClaim(store())).toBeUndefined()
    expect((await claim(store(), { now: start + minute })).run.id).toBe(proposed.lease.runId)
  })

  it('keeps a configuration by its digest, the first for good', async () => {
    const snapshot = { file: 'config.yaml', text: 'version: 1', instructions: { 'agents/a.md': 'Do.' } }
    await store().saveConfig('d1', snapshot, start)
    await store().saveConfig('d1', { other: true }, start)
    expect(await store().config('d1')).toEqual(snapshot)
    expect(await store().config('d2')).toBeUndefined()
  })
}
