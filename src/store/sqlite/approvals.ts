import { approvalTransitions } from '../../domain/approval.js'
import { StoreError } from '../../domain/errors.js'
import { toolCallTransitions } from '../../domain/tool-call.js'
import type { Store } from '../store.js'
import type { Endings } from './endings.js'
import { leaseChecker, whereRunLeased } from './leases.js'
import { origins } from './origins.js'
import { type ApprovalRow, approvalOf } from './rows.js'
import { writePlain } from './stored-json.js'
import type { Writer } from './writer.js'

type Approvals = Pick<Store, 'requestApproval' | 'decide' | 'expireApprovals'>

/** Asking a person, and the answer. */
export function approvals(writer: Writer, endings: Endings): Approvals {
  const { db } = writer
  const checkLease = leaseChecker(db)
  const insert = db.prepare(`
    INSERT INTO approvals (id, run_id, tool_call_id, event_id, agent, tool, state, request, digest, requested_at,
      expires_at) VALUES (?, ?, ?, ?, ?, ?, 'waiting', ?, ?, ?, ?)`)
  const hold = db.prepare(`
    UPDATE tool_calls SET state = 'waiting', approval_id = ?
    WHERE id = ? AND state IN (SELECT value FROM json_each(?)) AND ${whereRunLeased}`)
  const find = db.prepare<[string], ApprovalRow>('SELECT * FROM approvals WHERE id = ?')
  const write = db.prepare<unknown[], ApprovalRow>(`
    UPDATE approvals SET state = ?, decided_at = ?, decided_by = ?, reason = ?
    WHERE id = ? AND state IN (SELECT value FROM json_each(?)) RETURNING *`)
  const writeCall = db.prepare(`
    UPDATE tool_calls SET state = ?, settled_at = ?
    WHERE id = ? AND state IN (SELECT value FROM json_each(?))`)
  const expire = db.prepare<[number], ApprovalRow>(`
    UPDATE approvals SET state = 'expired' WHERE state = 'waiting' AND expires_at <= ? RETURNING *`)
  const callWaitingFrom = origins(toolCallTransitions, 'waiting')

  return {
    requestApproval: (lease, approval, now) => {
      const { id, runId, toolCallId, eventId, agent, tool, digest, expiresAt } = approval
      const request = writePlain(approval.request)
      return writer.write(() => {
        const { changes } = hold.run(id, toolCallId, callWaitingFrom, lease.runId, lease.node, lease.fence)
        if (changes === 0) {
          checkLease(lease)
          throw new StoreError(
            'store.conflict',
            `tool call ${toolCallId} is not in a state from which a person is asked`,
          )
        }
        if (runId !== lease.runId) throw new StoreError('store.conflict', `approval ${id} is of another run`)
        insert.run(id, runId, toolCallId, eventId, agent, tool, request, digest, now, expiresAt)
      })
    },

    decide: async (approvalId, { state, by, reason, digest }, now) => {
      const row = await writer.write(() => {
        const approval = find.get(approvalId)
        if (!approval) throw new StoreError('store.not_found', `there is no approval ${approvalId}`)
        const refuse = (why: string) =>
          new StoreError('store.conflict', `approval ${approvalId} ${why}; nothing was decided`)
        if (approval.state !== 'waiting') throw refuse(`is ${approval.state} already`)
        if (!(now < approval.expires_at)) throw refuse('has expired')
        if (state === 'approved' && digest !== approval.digest)
          throw refuse('is for another request than the one that was shown')
        const from = origins(approvalTransitions, state)
        const decided = write.get(state, now, by, reason ?? null, approvalId, from)
        const settledAt = state === 'denied' ? now : null
        const { changes } = writeCall.run(
          state,
          settledAt,
          approval.tool_call_id,
          origins(toolCallTransitions, state),
        )
        if (!decided || changes === 0) throw refuse('is of a tool call that does not wait for it')
        endings.wake(approval.run_id)
        return decided
      })
      return approvalOf(row)
    },

    expireApprovals: (now) =>
      writer.write(() => {
        const expired = expire.all(now)
        for (const { tool_call_id, run_id } of expired) {
          writeCall.run('expired', now, tool_call_id, origins(toolCallTransitions, 'expired'))
          endings.wake(run_id)
        }
        return expired.map(({ id }) => id)
      }),
  }
}
