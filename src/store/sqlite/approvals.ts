import { type ApprovalState, approvalTransitions } from '../../domain/approval.js'
import { StoreError } from '../../domain/errors.js'
import { toolCallTransitions } from '../../domain/tool-call.js'
import type { Asked } from '../records.js'
import type { Store } from '../store.js'
import type { Endings } from './endings.js'
import { origins } from './origins.js'
import { reservations } from './reservations.js'
import { type ApprovalRow, approvalOf } from './rows.js'
import { writePlain } from './stored-json.js'
import { toolCallChecks, whereMovable } from './tool-call-checks.js'
import type { Writer } from './writer.js'

/** Asking a person. */
export function approvalRequests(writer: Writer): Pick<Store, 'requestApproval'> {
  const { db } = writer
  const checks = toolCallChecks(db)
  const wait = db.prepare(`UPDATE tool_calls SET state = 'waiting', approval_id = ? WHERE ${whereMovable}`)
  const insert = db.prepare(`
    INSERT INTO approvals (id, run_id, tool_call_id, event_id, agent, tool, state, request, digest, requested_at,
      expires_at, facts, why, scope) VALUES (?, ?, ?, ?, ?, ?, 'waiting', ?, ?, ?, ?, ?, ?, ?)`)
  const openOf = db.prepare<[string], { id: string }>(
    `SELECT id FROM approvals WHERE scope = ? AND state = 'waiting' LIMIT 1`,
  )
  const budget = reservations(db)
  const from = origins(toolCallTransitions, 'waiting')
  return {
    requestApproval: (lease, approval, now) => {
      const { id, runId, toolCallId, eventId, agent, tool, digest, expiresAt, scope } = approval
      const [request, facts, why] = [approval.request, approval.facts, approval.why].map(writePlain)
      return writer.write((): Asked => {
        checks.require(lease, toolCallId, 'waiting')
        const open = openOf.get(scope)
        if (open) return { state: 'asked_already', approvalId: open.id }
        const exceeded = budget.exceeded(approval.reservations)
        if (exceeded) return { state: 'over_budget', counter: exceeded.counter, limit: exceeded.limit }
        const { changes } = wait.run(id, toolCallId, from, lease.runId, lease.node, lease.fence)
        if (changes === 0) throw checks.reason(lease, toolCallId, 'waiting')
        if (runId !== lease.runId) throw new StoreError('store.conflict', `approval ${id} names another run`)
        const shown = [request, digest, now, expiresAt, facts, why, scope]
        insert.run(id, runId, toolCallId, eventId, agent, tool, ...shown)
        return { state: 'asked' }
      })
    },
  }
}

const otherRequest = 'is for another request than the one that was shown'

/** The answer, or none in time. */
export function approvalDecisions(
  writer: Writer,
  endings: Endings,
): Pick<Store, 'decide' | 'editApproval' | 'expireApprovals'> {
  const { db } = writer
  const find = db.prepare<[string], ApprovalRow>('SELECT * FROM approvals WHERE id = ?')
  const write = db.prepare<unknown[], ApprovalRow>(`
    UPDATE approvals SET state = ?, decided_at = ?, decided_by = ?, reason = ?
    WHERE id = ? AND state IN (SELECT value FROM json_each(?)) RETURNING *`)
  const editCall = db.prepare(`
    UPDATE tool_calls SET state = 'proposed', approval_id = NULL, edited_arguments = ?
    WHERE id = ? AND approval_id = ? AND state IN (SELECT value FROM json_each(?))`)
  const expire = db.prepare<[number], ApprovalRow>(`
    UPDATE approvals SET state = 'expired' WHERE state = 'waiting' AND expires_at <= ? RETURNING *`)
  const writeCall = db.prepare(`
    UPDATE tool_calls SET state = ?, settled_at = ?
    WHERE id = ? AND state IN (SELECT value FROM json_each(?))`)
  const moveCall = (id: string, state: Exclude<ApprovalState, 'waiting' | 'edited'>, now: number) => {
    const settledAt = state === 'approved' ? null : now
    return writeCall.run(state, settledAt, id, origins(toolCallTransitions, state)).changes === 1
  }

  const refusal = (id: string) => (why: string) =>
    new StoreError('store.conflict', `approval ${id} ${why}; nothing was decided`)
  /** Throws where a person can no longer say anything about it. */
  const waiting = (id: string, now: number) => {
    const approval = find.get(id)
    if (!approval) throw new StoreError('store.not_found', `there is no approval ${id}`)
    if (approval.state !== 'waiting') throw refusal(id)(`is ${approval.state} already`)
    if (!(now < approval.expires_at)) throw refusal(id)('has expired')
    return approval
  }

  return {
    decide: (approvalId, { state, by, reason = null, digest }, now) =>
      writer
        .write(() => {
          const approval = waiting(approvalId, now)
          const refuse = refusal(approvalId)
          if (state === 'approved' && digest !== approval.digest) throw refuse(otherRequest)
          const decided = write.get(state, now, by, reason, approvalId, origins(approvalTransitions, state))
          if (!decided || !moveCall(approval.tool_call_id, state, now)) {
            throw refuse('is of a tool call that does not wait for it')
          }
          endings.wake(approval.run_id)
          return decided
        })
        .then(approvalOf),

    editApproval: (approvalId, { by, argumentsText, reason = null, digest }, now) =>
      writer
        .write(() => {
          const approval = waiting(approvalId, now)
          const refuse = refusal(approvalId)
          if (digest !== approval.digest) throw refuse(otherRequest)
          const from = origins(approvalTransitions, 'edited')
          const edited = write.get('edited', now, by, reason, approvalId, from)
          const callFrom = origins(toolCallTransitions, 'proposed')
          const { changes } = editCall.run(argumentsText, approval.tool_call_id, approvalId, callFrom)
          if (!edited || changes === 0) throw refuse('is of a tool call that does not wait for it')
          endings.wake(approval.run_id)
          return edited
        })
        .then(approvalOf),

    expireApprovals: (now) =>
      writer.write(() => {
        const expired = expire.all(now)
        for (const { tool_call_id, run_id } of expired) {
          moveCall(tool_call_id, 'expired', now)
          endings.wake(run_id)
        }
        return expired.map(({ id }) => id)
      }),
  }
}
