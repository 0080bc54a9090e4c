import { expect, it } from 'vitest'
import type { ToolCallState } from '../../src/domain/tool-call.js'
import type { Decision } from '../../src/store/records.js'
import type { Subject } from './store.js'
import {
  approvalFor,
  claim,
  intent,
  minute,
  newCall,
  parkOnApproval,
  propose,
  proposeHeld,
  request,
  start,
  step,
  tryClaim,
} from './store-fixtures.js'

export function toolCallPromises({ store, another }: Subject): void {
  const output = { ok: true, status: 201, result: { id: 're_1', big: 9007199254740993n } } as const

  it('takes a write from proposed to confirmed, each step recorded', async () => {
    const { lease, callId } = await propose(store())
    expect(
      await store().prepare(lease, callId, intent([{ counter: 'c', amount: 5, limit: 5 }]), start + 1),
    ).toEqual({ state: 'prepared' })
    expect(await store().toolCall(callId)).toMatchObject({
      state: 'prepared',
      request,
      idempotencyKey: 'key-1',
      ordinal: 0,
      sends: 0,
    })
    await store().markSent(lease, callId, start + 2)
    expect(await store().toolCall(callId)).toMatchObject({
      state: 'sent',
      sends: 1,
      firstSentAt: start + 2,
      settledAt: undefined,
    })
    await store().settle(
      lease,
      callId,
      { state: 'confirmed', output, status: 201, yields: { customer: 'cus_1' }, note: 'ok' },
      start + 3,
    )
    expect((await store().journal(lease.runId)).calls[0]).toMatchObject({
      state: 'confirmed',
      output,
      status: 201,
      yields: { customer: 'cus_1' },
      note: 'ok',
      settledAt: start + 3,
    })
  })

  it('keeps a request without body or credential as such', async () => {
    const { lease, callId } = await propose(store())
    const bare = { ...request, body: undefined, credential: undefined }
    await store().prepare(lease, callId, { ...intent(), request: bare }, start)
    expect((await store().toolCall(callId))?.request).toEqual(bare)
  })

  it('sends an unknown write again with the same bytes and key, and counts it', async () => {
    const { lease, callId } = await propose(store())
    await store().prepare(lease, callId, intent(), start)
    for (const at of [start + 1, start + 2]) {
      await store().markSent(lease, callId, at)
      await store().settle(lease, callId, { state: 'unknown', note: `at ${at}` }, at)
    }
    expect(await store().toolCall(callId)).toMatchObject({
      state: 'unknown',
      sends: 2,
      firstSentAt: start + 1,
      output: undefined,
      settledAt: undefined,
      request,
    })
  })

  it('prepares nothing over budget, and writes nothing then', async () => {
    const { lease, callId } = await propose(store())
    const wanted = [
      { counter: 'day', amount: 10, limit: 100 },
      { counter: 'subject', amount: 2, limit: 1 },
    ]
    expect(await store().prepare(lease, callId, intent(wanted), start)).toEqual({
      state: 'over_budget',
      counter: 'subject',
      limit: 1,
    })
    expect(await store().toolCall(callId)).toMatchObject({ state: 'proposed', request: undefined })
    const exactly = [{ counter: 'day', amount: 100, limit: 100 }]
    expect(await store().prepare(lease, callId, intent(exactly), start)).toEqual({ state: 'prepared' })
  })

  it('says that a call cannot be prepared before it says that the budget is used up', async () => {
    const { lease, callId } = await propose(store())
    await store().settle(lease, callId, { state: 'denied' }, start)
    const prepared = store().prepare(lease, callId, intent([{ counter: 'c', amount: 2, limit: 1 }]), start)
    await expect(prepared).rejects.toMatchObject({ code: 'store.conflict' })
  })

  it('counts a counter that is named twice in one intent twice', async () => {
    const { lease, callId } = await propose(store())
    const twice = [1, 2].map(() => ({ counter: 'c', amount: 6, limit: 10 }))
    expect(await store().prepare(lease, callId, intent(twice), start)).toMatchObject({ state: 'over_budget' })
  })

  it('refuses an amount that is not a number', async () => {
    const { lease, callId } = await propose(store())
    const odd = [{ counter: 'c', amount: Number.NaN, limit: 10 }]
    expect(await store().prepare(lease, callId, intent(odd), start)).toMatchObject({ state: 'over_budget' })
  })

  it('never lets writers that prepare at once pass a limit together', async () => {
    const other = await another()
    const proposed = []
    for (let index = 0; index < 12; index++) proposed.push(await propose(store()))
    const wanted = intent([{ counter: 'refund|day', amount: 1, limit: 5 }])
    const outcomes = await Promise.all(
      proposed.map(({ lease, callId }, index) =>
        (index % 2 === 0 ? store() : other).prepare(lease, callId, wanted, start),
      ),
    )
    await other.close()
    expect(outcomes.filter(({ state }) => state === 'prepared')).toHaveLength(5)
  })

  const endings: readonly (readonly [ToolCallState, readonly ToolCallState[], boolean])[] = [
    ['rejected', ['rejected'], true],
    ['confirmed', ['confirmed'], false],
    ['unknown', ['unknown'], false],
    ['held', ['unknown', 'held'], false],
    ['rejected after an unknown', ['unknown', 'rejected'] as const, true],
  ].map(([name, path, isFree]) => [name, path, isFree] as [ToolCallState, ToolCallState[], boolean])
  it.each(endings)('of a sent write, %s (by %j) releases its budget: %s', async (_, path, isFree) => {
    const wanted = intent([{ counter: 'c', amount: 1, limit: 1 }])
    const first = await propose(store())
    await store().prepare(first.lease, first.callId, wanted, start)
    await store().markSent(first.lease, first.callId, start)
    for (const state of path) await store().settle(first.lease, first.callId, { state }, start)
    const second = await propose(store())
    const prepared = await store().prepare(second.lease, second.callId, wanted, start)
    expect(prepared.state).toBe(isFree ? 'prepared' : 'over_budget')
  })

  it('releases the budget of a write that was denied before it was sent', async () => {
    const wanted = intent([{ counter: 'c', amount: 1, limit: 1 }])
    const first = await propose(store())
    await store().prepare(first.lease, first.callId, wanted, start)
    await store().settle(first.lease, first.callId, { state: 'denied' }, start)
    const second = await propose(store())
    expect((await store().prepare(second.lease, second.callId, wanted, start)).state).toBe('prepared')
  })

  it('keeps the budget of a write that was denied after it may have happened', async () => {
    const wanted = [{ counter: 'c', amount: 1, limit: 1 }]
    const { lease, callId } = await proposeHeld(store(), wanted)
    await store().resolveHeld(callId, { state: 'send_again', by: 'ann', output: undefined }, start)
    await store().settle(lease, callId, { state: 'denied' }, start)
    const second = await propose(store())
    expect((await store().prepare(second.lease, second.callId, intent(wanted), start)).state).toBe(
      'over_budget',
    )
  })

  it('refuses what is no transition', async () => {
    const { lease, callId } = await propose(store())
    const conflict = { code: 'store.conflict' }
    await expect(store().markSent(lease, callId, start)).rejects.toMatchObject(conflict)
    await expect(store().settle(lease, callId, { state: 'confirmed' }, start)).rejects.toMatchObject(conflict)
    for (const state of ['waiting', 'approved', 'prepared', 'sent', 'proposed'] as const) {
      await expect(store().settle(lease, callId, { state }, start)).rejects.toMatchObject(conflict)
    }
    await store().settle(lease, callId, { state: 'done', output }, start)
    await expect(store().settle(lease, callId, { state: 'failed' }, start)).rejects.toMatchObject(conflict)
    await expect(store().prepare(lease, callId, intent(), start)).rejects.toMatchObject(conflict)
    await expect(
      store().resolveHeld(callId, { state: 'confirmed', by: 'ann', output: undefined }, start),
    ).rejects.toMatchObject(conflict)
  })

  it('does not find a tool call that is not there, or is of another run', async () => {
    const { lease } = await propose(store())
    const other = await propose(store())
    const notFound = { code: 'store.not_found' }
    for (const id of ['tcl_none', other.callId]) {
      await expect(store().prepare(lease, id, intent(), start)).rejects.toMatchObject(notFound)
      await expect(store().markSent(lease, id, start)).rejects.toMatchObject(notFound)
      await expect(store().settle(lease, id, { state: 'denied' }, start)).rejects.toMatchObject(notFound)
    }
    await expect(
      store().resolveHeld('tcl_none', { state: 'confirmed', by: 'ann', output }, start),
    ).rejects.toMatchObject(notFound)
    expect((await store().toolCall(other.callId))?.state).toBe('proposed')
  })

  it('lists held writes, and wakes the run when a person resolves one', async () => {
    const { lease, callId } = await proposeHeld(store())
    await store().finish(lease, { state: 'parked', on: 'person' }, 1, start)
    expect((await store().listHeld()).map(({ id }) => id)).toEqual([callId])
    expect((await store().counts()).held).toBe(1)
    await store().resolveHeld(callId, { state: 'confirmed', by: 'ann', output }, start + 1)
    expect(await store().toolCall(callId)).toMatchObject({ state: 'confirmed', output, settledAt: start + 1 })
    expect(await store().listHeld()).toEqual([])
    expect((await claim(store())).run.id).toBe(lease.runId)
  })

  it.each(['confirmed', 'rejected'] as const)(
    'gives the model an answer when a person says %s and no more',
    async (state) => {
      const { callId } = await proposeHeld(store())
      await store().resolveHeld(callId, { state, by: 'ann', output: undefined }, start)
      expect((await store().toolCall(callId))?.output?.ok).toBe(state === 'confirmed')
    },
  )

  it('releases the budget of a held write that a person says did not happen', async () => {
    const wanted = [{ counter: 'c', amount: 1, limit: 1 }]
    const { callId } = await proposeHeld(store(), wanted)
    await store().resolveHeld(callId, { state: 'rejected', by: 'ann', output: undefined }, start)
    const second = await propose(store())
    expect((await store().prepare(second.lease, second.callId, intent(wanted), start)).state).toBe('prepared')
  })

  it('prepares a held write again, with the same bytes and key, when a person says so', async () => {
    const { lease, callId } = await proposeHeld(store())
    await store().finish(lease, { state: 'parked', on: 'person' }, 1, start)
    await store().resolveHeld(callId, { state: 'send_again', by: 'ann', output: undefined }, start)
    expect(await store().toolCall(callId)).toMatchObject({
      state: 'prepared',
      request,
      idempotencyKey: 'key-1',
      sends: 1,
      output: undefined,
    })
    const again = await claim(store())
    await store().markSent(again.lease, callId, start + 9)
    expect(await store().toolCall(callId)).toMatchObject({ state: 'sent', sends: 2, firstSentAt: start })
  })

  it('asks a person about the exact request', async () => {
    const { approval, callId, lease } = await parkOnApproval(store())
    const { scope: _scope, reservations: _reservations, ...shown } = approval
    expect(await store().approval(approval.id)).toEqual({
      ...shown,
      state: 'waiting',
      requestedAt: start,
      decidedAt: undefined,
      decidedBy: undefined,
      reason: undefined,
    })
    expect(await store().toolCall(callId)).toMatchObject({ state: 'waiting', approvalId: approval.id })
    expect((await store().journal(lease.runId)).approvals.map(({ id }) => id)).toEqual([approval.id])
    expect(await tryClaim(store(), { now: start + 100 * minute })).toBeUndefined()
  })

  it('asks only about a call that is proposed, and only once', async () => {
    const proposed = await propose(store())
    await store().requestApproval(proposed.lease, approvalFor(proposed, 'evt_x'), start)
    const again = store().requestApproval(proposed.lease, approvalFor(proposed, 'evt_x'), start)
    await expect(again).rejects.toMatchObject({ code: 'store.conflict' })
    expect(await store().listApprovals({ limit: 9 })).toHaveLength(1)
  })

  const decisions: readonly (readonly [Decision['state'], ToolCallState])[] = [
    ['approved', 'approved'],
    ['denied', 'denied'],
  ]
  it.each(decisions)('a person’s word, %s, moves the call and wakes the run', async (state, callState) => {
    const { approval, callId, lease } = await parkOnApproval(store())
    const decision = { state, by: 'ann', reason: 'looks right', digest: approval.digest }
    const decided = await store().decide(approval.id, decision, start + 1)
    expect(decided).toMatchObject({
      id: approval.id,
      state,
      decidedAt: start + 1,
      decidedBy: 'ann',
      reason: 'looks right',
    })
    expect(await store().approval(approval.id)).toEqual(decided)
    expect((await store().toolCall(callId))?.state).toBe(callState)
    const { run, lease: next } = await claim(store())
    expect(run.id).toBe(lease.runId)
    if (state === 'approved')
      expect(await store().prepare(next, callId, intent(), start)).toEqual({ state: 'prepared' })
  })

  it('lets two people decide once', async () => {
    const { approval, callId } = await parkOnApproval(store())
    const other = await another()
    const outcomes = await Promise.allSettled([
      store().decide(
        approval.id,
        { state: 'approved', by: 'ann', reason: undefined, digest: approval.digest },
        start,
      ),
      other.decide(
        approval.id,
        { state: 'denied', by: 'bob', reason: undefined, digest: approval.digest },
        start,
      ),
    ])
    await other.close()
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect(outcomes.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: { code: 'store.conflict' },
    })
    expect((await store().approval(approval.id))?.state).toBe((await store().toolCall(callId))?.state)
  })

  it('refuses an approval of another request than the one that was shown', async () => {
    const { approval, callId } = await parkOnApproval(store())
    const wrong = store().decide(
      approval.id,
      { state: 'approved', by: 'ann', reason: undefined, digest: 'e'.repeat(64) },
      start,
    )
    await expect(wrong).rejects.toMatchObject({ code: 'store.conflict' })
    expect((await store().toolCall(callId))?.state).toBe('waiting')
  })

  it('refuses a decision that comes too late, and one on nothing', async () => {
    const { approval } = await parkOnApproval(store())
    const decision = { state: 'approved', by: 'ann', reason: undefined, digest: approval.digest } as const
    await expect(store().decide(approval.id, decision, approval.expiresAt)).rejects.toMatchObject({
      code: 'store.conflict',
    })
    await expect(store().decide('apr_none', decision, start)).rejects.toMatchObject({
      code: 'store.not_found',
    })
    expect((await store().approval(approval.id))?.state).toBe('waiting')
  })

  it('expires the approvals whose time is over, and lets their runs go on', async () => {
    const { approval, callId, lease } = await parkOnApproval(store())
    expect(await store().expireApprovals(approval.expiresAt - 1)).toEqual([])
    expect(await store().expireApprovals(approval.expiresAt)).toEqual([approval.id])
    expect(await store().expireApprovals(approval.expiresAt)).toEqual([])
    expect(await store().approval(approval.id)).toMatchObject({ state: 'expired', decidedBy: undefined })
    expect((await store().toolCall(callId))?.state).toBe('expired')
    expect((await claim(store())).run.id).toBe(lease.runId)
  })

  it('goes on after one of two decisions', async () => {
    const proposed = await propose(store())
    const second = newCall()
    await store().appendStep(proposed.lease, step({ turn: 2 }), [second], start)
    const approvals = [proposed, { ...proposed, callId: second.id }].map((each) => approvalFor(each, 'evt_x'))
    for (const approval of approvals) await store().requestApproval(proposed.lease, approval, start)
    await store().finish(proposed.lease, { state: 'parked', on: 'approval' }, 1, start)
    await store().decide(
      approvals[0]?.id ?? '',
      { state: 'denied', by: 'ann', reason: undefined, digest: '' },
      start,
    )
    expect((await claim(store())).run.id).toBe(proposed.lease.runId)
    expect((await store().listApprovals({ state: 'waiting', limit: 9 })).map(({ id }) => id)).toEqual([
      approvals[1]?.id,
    ])
  })
}
