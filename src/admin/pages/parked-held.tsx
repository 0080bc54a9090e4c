import { isFinal } from '../../domain/run.js'
import { carriedMarker } from '../../policy/idempotency.js'
import type { Caller } from '../callers.js'
import { Facts, Id, Pill, Text, When } from '../ui/parts.js'
import { count } from './amounts.js'
import { DecidedRequest } from './approvals-request.js'
import { BecauseOf } from './because-of.js'
import { Short } from './events-table.js'
import type { HeldWrite } from './parked-view.js'

/** A write that was sent and has no certain answer: what was sent, and the three things that a person can say of it. */
export function HeldCard({
  of: { call, run, event },
  caller,
  now,
}: {
  readonly of: HeldWrite
  readonly caller: Caller
  readonly now: number
}) {
  const { id, tool, sends, firstSentAt, idempotencyKey, request, note } = call
  const marker = carriedMarker(call)
  return (
    <article class="card is-bad" id={id} data-item>
      <div class="head">
        <div class="row">
          <h3>
            <a href={`/runs/${run.id}#${id}`}>
              <Short of={tool} />
            </a>
          </h3>
          <Pill tone="wait">held</Pill>
        </div>
        <span class="soft">
          {sends === 0 ? 'not sent by this ledger' : `sent ${sends === 1 ? 'once' : count(sends, 'time')}, `}
          {firstSentAt !== undefined && <When at={firstSentAt} now={now} />}
        </span>
      </div>
      <p class="soft break">
        By <Short of={run.agent} />
        {event && (
          <>
            , because of <BecauseOf of={event} />
          </>
        )}
        . No certain answer came{note === undefined ? '.' : ': '}
        {note !== undefined && <Short of={note} most={400} />}
      </p>
      {request && <DecidedRequest of={request} />}
      <Facts
        of={[
          idempotencyKey === undefined
            ? undefined
            : [
                'Idempotency key',
                <code class="break">
                  <Text of={idempotencyKey} />
                </code>,
              ],
          marker === undefined
            ? undefined
            : [
                'Marker in it',
                <code class="break">
                  <Text of={marker} />
                </code>,
              ],
          isFinal(run.state)
            ? ['Its run', `is ${run.state}, and sends nothing more`]
            : ['Its run', <Id id={run.id} href={`/runs/${run.id}`} />],
        ]}
      />
      {caller.role === 'approve' ? (
        <Say id={id} canSend={!isFinal(run.state)} />
      ) : (
        <p class="small soft">
          Your token only reads. In a terminal: <code>rouse approve {id} --happened</code>
        </p>
      )}
    </article>
  )
}

/** Choosing and saying are two steps: no one key settles it. */
function Say({ id, canSend }: { readonly id: string; readonly canSend: boolean }) {
  return (
    <form method="post" action={`/parked/held/${id}`} id={`say-${id}`} class="stack tight">
      <b>Look in the service, then say what became of it:</b>
      <Way id={id} state="confirmed" said="It happened">
        Nothing is sent, and its budget stays used.
      </Way>
      <Way id={id} state="rejected" said="It did not happen">
        Its budget is given back. If the agent makes the call again, it goes out under a new key.
      </Way>
      {canSend && (
        <Way id={id} state="send_again" said="Send it again">
          The same bytes with the same key. Where the service keeps no keys, it may happen twice.
        </Way>
      )}
      <div>
        <button type="submit">Say so</button>
      </div>
    </form>
  )
}

function Way({
  id,
  state,
  said,
  children,
}: {
  readonly id: string
  readonly state: string
  readonly said: string
  readonly children?: string
}) {
  const field = `${state}-${id}`
  return (
    <label class="way" for={field}>
      <input type="radio" id={field} name="state" value={state} required />
      <span>
        <b>{said}.</b> {children}
      </span>
    </label>
  )
}
