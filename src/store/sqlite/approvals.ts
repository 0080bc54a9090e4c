import { type ApprovalState, approvalTransitions } from '../../domain/approval.js'
import { StoreError } from '../../domain/errors.js'
import { toolCallTransitions } from '../../domain/tool-call.js'
import type { Store } from '../store.js'
import type { Endings } from './endings.js'
import { origins } from './origins.js'
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
      expires_at) VALUES (?, ?, ?, ?, ?, ?, 'waiting', ?, ?, ?, ?)`)
  const from = origins(toolCallTransitions, 'waiting')
  return {
    requestApproval: (lease, approval, now) => {
      const { id, runId, toolCallId, eventId, agent, tool, digest, expiresAt } = approval
      const request = writePlain(approval.request)
      return writer.write(() => {
        const { changes } = wait.run(id, toolCallId, from, lease.runId, lease.node, lease.fence)
        if (changes === 0) throw checks.reason(lease, toolCallId, 'waiting')
        if (runId !== lease.runId) throw new StoreError('store.conflict', `approval ${id} names another run`)
        insert.run(id, runId, toolCallId, eventId, agent, tool, request, digest, now, expiresAt)
      })
    },
  }
}

/** The answer, or none in time. */
export function approvalDecisions(
  writer: Writer,
  endings: Endings,
): Pick<Store, 'decide' | 'expireApprovals'> {
  const { db } = writer
  const find = db.prepare<[string], ApprovalRow>('SELECT * FROM approvals WHERE id = ?')
  const write = db.prepare<unknown[], ApprovalRow>(`
    UPDATE approvals SET state = ?, decided_at = ?, decided_by = ?, reason = ?
    WHERE id = ? AND state IN (SELECT value FROM json_each(?)) RETURNING *`)
  const expire = db.prepare<[number], ApprovalRow>(`
    UPDATE approvals SET state = 'expired' WHERE state = 'waiting' AND expires_at <= ? RETURNING *`)
  const writeCall = db.prepare(`
    UPDATE tool_calls SET state = ?, settled_at = ?
    WHERE id = ? AND state IN (SELECT value FROM json_each(?))`)
  const moveCall = (id: string, state: Exclude<ApprovalState, 'waiting'>, now: number) => {
    const settledAt = state === 'approved' ? null : now
    return writeCall.run(state, settledAt, id, origins(toolCallTransitions, state)).changes === 1
  }

  return {
    decide: (approvalId, { state, by, reason = null, digest }, now) =>
      writer
        .write(() => {
          const approval = find.get(approvalId)
          if (!approval) throw new StoreError('store.not_found', `there is no approval ${approvalId}`)
          const refuse = (why: string) =>
            new StoreError('store.conflict', `approval ${approvalId} ${why}; nothing was decided`)
          if (approval.state !== 'waiting') throw refuse(`is ${approval.state} already`)
          if (!(now < approval.expires_at)) throw refuse('has expired')
          if (state === 'approved' && digest !== approval.digest) {
            throw refuse('is for another request than the one that was shown')
          }
          const decided = write.get(state, now, by, reason, approvalId, origins(approvalTransitions, state))
          if (!decided || !moveCall(approval.tool_call_id, state, now)) {
            throw refuse('is of a tool call that does not wait for it')
          }
          endings.wake(approval.run_id)
          return decided
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
