import { expect, it } from 'vitest'
import type { Reservation } from '../../src/domain/tool-call.js'
import type { Simulation } from '../../src/store/records.js'
import type { Subject } from './store.js'
import { approvalFor, claim, intent, minute, parkOnApproval, propose, start } from './store-fixtures.js'

const day = (limit: number, amount = 1): Reservation => ({ counter: 'refund|day|2026-11-21', amount, limit })
const simulation = (reservations: readonly Reservation[] = []): Simulation => ({
  intent: intent(reservations),
  output: { ok: true, result: 'recorded' },
  note: 'not sent',
})

/** What is asked of a person, what a person changes, and what is only shown. */
export function policyPromises({ store, another }: Subject): void {
  it('asks about one call of a scope at a time, whichever run it is of', async () => {
    const first = await propose(store())
    const second = await propose(store())
    const scope = 'refund|subject|ch_1'
    const approval = approvalFor(first, 'evt_x', { scope })
    expect(await store().requestApproval(first.lease, approval, start)).toEqual({ state: 'asked' })
    const asked = await store().requestApproval(second.lease, approvalFor(second, 'evt_x', { scope }), start)
    expect(asked).toEqual({ state: 'asked_already', approvalId: approval.id })
    expect((await store().toolCall(second.callId))?.state).toBe('proposed')
    await store().expireApprovals(approval.expiresAt)
    const again = await store().requestApproval(second.lease, approvalFor(second, 'evt_x', { scope }), start)
    expect(again).toEqual({ state: 'asked' })
  })

  it('asks about nothing that its budget would not allow, and takes nothing of it by asking', async () => {
    const first = await propose(store())
    await store().prepare(first.lease, first.callId, intent([day(2)]), start)
    const second = await propose(store())
    const wanted = { reservations: [day(2, 2)] }
    const asked = await store().requestApproval(second.lease, approvalFor(second, 'evt_x', wanted), start)
    expect(asked).toEqual({ state: 'over_budget', counter: day(2).counter, limit: 2 })
    expect(await store().listApprovals({ limit: 9 })).toEqual([])
    const one = approvalFor(second, 'evt_x', { reservations: [day(2)] })
    expect(await store().requestApproval(second.lease, one, start)).toEqual({ state: 'asked' })
    const third = await propose(store())
    expect(await store().prepare(third.lease, third.callId, intent([day(2)]), start)).toEqual({
      state: 'prepared',
    })
  })

  it('keeps the facts and the reasons that a person is shown', async () => {
    const proposed = await propose(store())
    const facts = { 'charge.amount': 9_007_199_254_740_993n, 'charge.gone': null }
    const approval = approvalFor(proposed, 'evt_x', { facts, why: ['the grant says so', '„Umlaute“'] })
    await store().requestApproval(proposed.lease, approval, start)
    expect(await store().approval(approval.id)).toMatchObject({ facts, why: approval.why })
  })

  it('proposes a call again with the arguments that a person wrote, and wakes its run', async () => {
    const { approval, callId, lease } = await parkOnApproval(store())
    const edit = { by: 'ann', argumentsText: '{"amount":3}', reason: 'less', digest: approval.digest }
    const edited = await store().editApproval(approval.id, edit, start + 1)
    expect(edited).toMatchObject({ state: 'edited', decidedBy: 'ann', reason: 'less', decidedAt: start + 1 })
    expect(await store().toolCall(callId)).toMatchObject({
      state: 'proposed',
      editedArguments: '{"amount":3}',
      approvalId: undefined,
    })
    const { run, lease: next } = await claim(store())
    expect(run.id).toBe(lease.runId)
    const anew = approvalFor({ lease: next, callId }, 'evt_x', { scope: 'refund|again' })
    expect(await store().requestApproval(next, anew, start + 2)).toEqual({ state: 'asked' })
    const { approvals } = await store().journal(run.id)
    expect(approvals.map(({ state }) => state)).toEqual(['edited', 'waiting'])
  })

  it('changes nothing that was decided, has expired, or is not what the person saw', async () => {
    const { approval, callId } = await parkOnApproval(store())
    const edit = { by: 'ann', argumentsText: '{}', reason: undefined, digest: approval.digest }
    const refused = { code: 'store.conflict' }
    await expect(store().editApproval(approval.id, { ...edit, digest: 'x' }, start)).rejects.toMatchObject(
      refused,
    )
    await expect(store().editApproval(approval.id, edit, approval.expiresAt)).rejects.toMatchObject(refused)
    await expect(store().editApproval('apr_none', edit, start)).rejects.toMatchObject({
      code: 'store.not_found',
    })
    const decision = { state: 'approved', by: 'ann', reason: undefined, digest: approval.digest } as const
    await store().decide(approval.id, decision, start)
    await expect(store().editApproval(approval.id, edit, start)).rejects.toMatchObject(refused)
    expect(await store().toolCall(callId)).toMatchObject({ state: 'approved', editedArguments: undefined })
  })

  it('lets one person change it or another decide on it, never both', async () => {
    const { approval, callId } = await parkOnApproval(store())
    const other = await another()
    const edit = { by: 'ann', argumentsText: '{}', reason: undefined, digest: approval.digest }
    const decision = { state: 'approved', by: 'bob', reason: undefined, digest: approval.digest } as const
    const outcomes = await Promise.allSettled([
      store().editApproval(approval.id, edit, start),
      other.decide(approval.id, decision, start),
    ])
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    expect(['proposed', 'approved']).toContain((await store().toolCall(callId))?.state)
  })

  it('records a write that is not to be sent as it would be, for good', async () => {
    const { lease, callId } = await propose(store())
    expect(await store().simulate(lease, callId, simulation(), start + 5)).toEqual({ state: 'simulated' })
    expect(await store().toolCall(callId)).toMatchObject({
      state: 'simulated',
      request: intent().request,
      idempotencyKey: 'key-1',
      sends: 0,
      output: { ok: true, result: 'recorded' },
      settledAt: start + 5,
    })
    await expect(store().prepare(lease, callId, intent(), start)).rejects.toMatchObject({
      code: 'store.conflict',
    })
    await expect(store().markSent(lease, callId, start)).rejects.toMatchObject({ code: 'store.conflict' })
  })

  it('counts what is not sent by itself: it is bounded, and takes nothing from what is sent', async () => {
    const calls = [await propose(store()), await propose(store()), await propose(store())]
    const [first, second, third] = calls
    if (!first || !second || !third) throw new Error('three calls')
    await store().simulate(first.lease, first.callId, simulation([day(1)]), start)
    const over = await store().simulate(second.lease, second.callId, simulation([day(1)]), start)
    expect(over).toMatchObject({ state: 'over_budget', limit: 1 })
    expect((await store().toolCall(second.callId))?.state).toBe('proposed')
    expect(await store().prepare(third.lease, third.callId, intent([day(1)]), start + minute)).toEqual({
      state: 'prepared',
    })
  })
}
