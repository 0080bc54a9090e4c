import { Id } from '../ui/parts.js'
import { After } from './approvals-after.js'
import { ApprovalCard } from './approvals-card.js'
import { type ApprovalView, canBeDecided } from './approvals-view.js'

/** One approval: what there is to decide, or what became of it. */
export function ApprovalPage({ of, typed }: { readonly of: ApprovalView; readonly typed?: URLSearchParams }) {
  const { id } = of.approval
  return (
    <div class="stack page">
      <p class="trail">
        <a href="/approvals">Approvals</a> / <Id id={id} />
        {of.others > 0 && (
          <>
            {' · '}
            <a href="/approvals">
              {of.others === 1 ? 'one other call waits' : `${of.others} other calls wait`}
            </a>
          </>
        )}
      </p>
      <h1>{canBeDecided(of) ? 'Send this?' : 'A decided call'}</h1>
      {!canBeDecided(of) && <After of={of} />}
      <ApprovalCard of={of} {...(typed === undefined ? {} : { typed })} />
    </div>
  )
}
