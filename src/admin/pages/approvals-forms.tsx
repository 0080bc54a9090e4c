import { Text } from '../ui/parts.js'
import { ArgumentFields, currentArguments } from './approvals-edit.js'
import type { ApprovalView } from './approvals-view.js'

export const maxReason = 2000

/**
 * What a person may do. Each form carries the digest of what stands above it: another request than the one that was seen
 * cannot be approved. Keys lead to the buttons and press none.
 */
export function Deeds({ of, typed }: { readonly of: ApprovalView; readonly typed?: URLSearchParams }) {
  const { approval, caller } = of
  const { id, digest } = approval
  if (caller.role !== 'approve') {
    return (
      <p class="notice">
        <span>
          You can read this and not decide it: you came with a token of the role <b>read</b>.
        </span>
        <span class="small soft">
          One that decides: <code>rouse token --role approve</code>. Or in a terminal:{' '}
          <code>rouse approve {id}</code>.
        </span>
      </p>
    )
  }
  return (
    <div class="deeds">
      <form method="post" action={`/approvals/${id}/approve`} id={`approve-${id}`}>
        <input type="hidden" name="digest" value={digest} />
        <button class="primary" type="submit" data-key="a">
          Approve <kbd>a</kbd>
        </button>
      </form>
      <form method="post" action={`/approvals/${id}/deny`} id={`deny-${id}`} class="row grow">
        <input type="hidden" name="digest" value={digest} />
        <input
          id={`reason-${id}`}
          name="reason"
          class="grow"
          maxlength={maxReason}
          placeholder="Why not: the agent is told"
          aria-label="Why not"
          autocomplete="off"
        />
        <button class="danger" type="submit" data-key="d">
          Deny <kbd>d</kbd>
        </button>
      </form>
      <Edit of={of} {...(typed === undefined ? {} : { typed })} />
    </div>
  )
}

function Edit({ of, typed }: { readonly of: ApprovalView; readonly typed?: URLSearchParams }) {
  const { approval, tool } = of
  const { id, digest } = approval
  const values = currentArguments(of)
  if (!tool || values === undefined || Object.keys(tool.args).length === 0) return null
  return (
    <details class="whole" id={`edit-${id}`} open={typed !== undefined}>
      <summary data-key="e">
        Change what it says first <kbd>e</kbd>
      </summary>
      <form method="post" action={`/approvals/${id}/edit`} class="stack">
        <input type="hidden" name="digest" value={digest} />
        <ArgumentFields id={id} tool={tool} values={values} typed={typed} />
        <label>
          Why, for the ledger
          <input id={`edit-reason-${id}`} name="reason" maxlength={maxReason} autocomplete="off" />
        </label>
        <div class="row">
          <button type="submit">Change it and ask anew</button>
          <span class="small soft">
            Nothing is sent yet. The rules decide on <Text of={tool.name} /> with these arguments, and a
            person is asked again with the request that comes of them.
          </span>
        </div>
      </form>
    </details>
  )
}
