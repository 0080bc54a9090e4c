import type { Approval } from '../../domain/approval.js'
import type { ToolCall } from '../../domain/tool-call.js'
import { ApprovalPill, CallState, When } from '../ui/parts.js'
import { clockTime } from './approvals-words.js'
import { Short } from './events-table.js'

export interface ApprovalRow {
  readonly approval: Approval
  readonly call: ToolCall | undefined
}

/** Approvals, newest first, with what became of their calls. */
export function ApprovalsTable({ of, now }: { readonly of: readonly ApprovalRow[]; readonly now: number }) {
  return (
    <table class="stacks list">
      <thead>
        <tr>
          <th class="w-time">Asked</th>
          <th>Call</th>
          <th>Decision</th>
          <th class="w-name">Then</th>
        </tr>
      </thead>
      <tbody>
        {of.map((row) => (
          <Row of={row} now={now} />
        ))}
      </tbody>
    </table>
  )
}

function Row({ of: { approval, call }, now }: { readonly of: ApprovalRow; readonly now: number }) {
  const { id, tool, agent, request, state, decidedAt, decidedBy, reason, expiresAt, requestedAt } = approval
  const isOver = state === 'waiting' && expiresAt <= now
  return (
    <tr id={id}>
      <td class="soft">
        <When at={requestedAt} now={now} />
      </td>
      <td class="wide">
        <a href={`/approvals/${id}`}>
          <Short of={tool} />
        </a>{' '}
        <span class="soft">
          for <Short of={agent} />
        </span>
        <div class="small faint mono">
          <Short of={`${request.method} ${request.url}`} most={120} />
        </div>
      </td>
      <td class="wide">
        <ApprovalPill state={isOver ? 'expired' : state} />
        <div class="small soft">
          {decidedAt !== undefined && (
            <span title={clockTime(decidedAt, now)}>
              <When at={decidedAt} now={now} /> by <Short of={decidedBy ?? 'nobody'} />
            </span>
          )}
          {reason !== undefined && (
            <div>
              “<Short of={reason} />”
            </div>
          )}
        </div>
      </td>
      <td>{state === 'approved' && call && <CallState state={call.state} />}</td>
    </tr>
  )
}
