import type { Child } from 'hono/jsx'
import type { Approval } from '../../domain/approval.js'
import { carriedMarker } from '../../policy/idempotency.js'
import type { LaterEvent } from '../../runs/since-then.js'
import type { ToolCallRow } from '../../store/records.js'
import { type JsonValue, stringifyJson } from '../../util/json.js'
import { plain } from '../../util/plain.js'
import { ApprovalPill, CallState, callTone, Facts, Id, Text } from '../ui/parts.js'
import { count, spanOf } from './amounts.js'
import { JsonExcerpt } from './excerpt.js'
import { boundsOf, ExactRequest } from './run-request.js'
import { meaningOf } from './run-words.js'
import { At, type Moment, Timeline } from './timeline.js'

export interface CallView {
  readonly call: ToolCallRow
  readonly approvals: readonly Approval[]
  /** What happened to the subject since it was simulated, where that was looked for. */
  readonly later: readonly LaterEvent[] | undefined
  readonly runId: string
  /** Most characters of each of its texts; undefined: the usual. */
  readonly most?: number
}

/** One tool call: what was asked for, what was decided and why, what was sent and what came back. */
export function Call({ of }: { readonly of: CallView }) {
  const { call, approvals, later, runId, most } = of
  const { id, state, argumentsText, editedArguments, request, output } = call
  const href = `/runs/${runId}/calls/${id}`
  const told = output && stringifyJson(output as unknown as JsonValue)
  return (
    <div class={`stack call is-${callTone(state)}`} id={id}>
      <CallHead call={call} />
      <Decision call={call} />
      {approvals.map((approval) => (
        <Asked of={approval} isPending={request === undefined} bounds={boundsOf(most, href)} />
      ))}
      {state === 'simulated' && <NotSent call={call} later={later} />}
      <Value name="Arguments, as the model wrote them" of={argumentsText} {...boundsOf(most, href)} />
      {editedArguments !== undefined && (
        <Value
          name="Arguments, as a person wrote them instead"
          of={editedArguments}
          {...boundsOf(most, href)}
        />
      )}
      {request && (
        <details>
          <summary>{state === 'simulated' ? 'The request that was not sent' : 'The exact request'}</summary>
          <ExactRequest of={request} {...boundsOf(most, href)} />
        </details>
      )}
      {told !== undefined && output && (
        <Value
          name={`What the model was told${call.status === undefined ? '' : `, after the API answered ${call.status}`}`}
          of={told}
          isFolded={request !== undefined || !output.ok || told.length > mostOpen}
          {...boundsOf(most, href)}
        />
      )}
      <Ledger call={call} approvals={approvals} />
    </div>
  )
}

const mostOnOneLine = 120
/** A longer answer is read by who looks for it. */
const mostOpen = 400

/** A short text stands on the line of its name, a long one as a block. */
function Value({
  name,
  of,
  most,
  href,
  isFolded = false,
}: {
  readonly name: string
  readonly of: string
  readonly most?: number
  readonly href?: string
  readonly isFolded?: boolean
}) {
  if (of.length <= mostOnOneLine && !/[\r\n]/.test(of)) {
    return (
      <p class="break">
        <span class="said-by">{name}:</span>{' '}
        <code>
          <Text of={of === '' ? '(nothing)' : of} />
        </code>
      </p>
    )
  }
  return (
    <details open={!isFolded}>
      <summary>
        {name} <span class="faint">({count(of.length, 'character')})</span>
      </summary>
      <JsonExcerpt of={of} label={name} {...boundsOf(most, href)} />
    </details>
  )
}

/** A line that tells what it was and how it stands. */
export function CallHead({ call }: { readonly call: ToolCallRow }) {
  const { tool, effect, state, proposedAt, settledAt, sends } = call
  return (
    <div class="row">
      <h3 class="mono break">
        <Text of={tool} />
      </h3>
      <CallState state={state} />
      <span class="tag">{effect ?? 'no such tool'}</span>
      {sends > 1 && <span class="small soft">sent {sends} times, the same bytes with the same key</span>}
      {settledAt !== undefined && settledAt > proposedAt && (
        <span class="small faint push">{spanOf(settledAt - proposedAt)}</span>
      )}
    </div>
  )
}

/** Why it is as it is, where that is not what one expects. */
function Decision({ call }: { readonly call: ToolCallRow }) {
  const { id, state, output, note } = call
  const error = output && !output.ok ? output.error : undefined
  const isSaid = error?.message === note
  if (state === 'held' || state === 'unknown') {
    return (
      <div class="notice is-wait">
        <b>
          {state === 'held'
            ? 'It was sent, and what it did is not known. A person must say.'
            : 'It was sent, and what it did is not known yet.'}
        </b>
        {note !== undefined && <Text of={note} />}
        {state === 'held' && (
          <span class="break">
            Look in the service, then <a href={`/parked#${id}`}>say what became of it</a>; in a terminal:{' '}
            <code>rouse approve {id} --happened</code> or <code>--not-happened</code>.
          </span>
        )}
      </div>
    )
  }
  if (!error)
    return note === undefined || state === 'simulated' ? null : (
      <p class="soft">
        <Text of={note} />
      </p>
    )
  return (
    <div class={`notice is-${state === 'denied' || state === 'expired' ? 'bad' : 'wait'}`}>
      <b class="break">
        <Text of={error.message} />
      </b>
      <span class="small soft">
        <code>{error.code}</code> {meaningOf(error.code)}
      </span>
      {note !== undefined && !isSaid && (
        <span class="small soft">
          <Text of={note} />
        </span>
      )}
    </div>
  )
}

/** A person was asked: why, on what facts, and who said what. */
function Asked({
  of: approval,
  isPending,
  bounds,
}: {
  readonly of: Approval
  /** It was not prepared: what the person is asked about is all there is of its request. */
  readonly isPending: boolean
  readonly bounds: ReturnType<typeof boundsOf>
}) {
  const { id, state, why, facts, requestedAt, expiresAt, decidedAt, decidedBy, reason } = approval
  return (
    <div class="stack tight asked">
      <div class="row">
        <span>A person was asked</span>
        <ApprovalPill state={state} />
        <Id id={id} href={`/approvals/${id}`} />
      </div>
      <Facts
        of={[
          why.length === 0
            ? undefined
            : [
                'why',
                why.map((sentence) => (
                  <div>
                    <Text of={sentence} />
                  </div>
                )),
              ],
          ...Object.entries(facts).map(([name, value]): [string, Child] => [
            plain(name),
            <code>
              <Text of={stringifyJson(value)} />
            </code>,
          ]),
          [
            'asked',
            <>
              <At at={requestedAt} withDay />, for {spanOf(expiresAt - requestedAt)}
            </>,
          ],
          decidedAt === undefined
            ? undefined
            : [
                'decided',
                <>
                  <At at={decidedAt} withDay /> by <Text of={decidedBy ?? 'nobody'} />, after{' '}
                  {spanOf(decidedAt - requestedAt)}
                </>,
              ],
          reason === undefined ? undefined : ['they wrote', <Text of={reason} />],
        ]}
      />
      {isPending && (
        <details open={state === 'waiting'}>
          <summary>The exact request that was asked about</summary>
          <ExactRequest of={approval.request} {...bounds} />
        </details>
      )}
    </div>
  )
}

const shownLater = 8

/** Beside a write that was only simulated: what happened without it. */
function NotSent({
  call,
  later,
}: {
  readonly call: ToolCallRow
  readonly later: readonly LaterEvent[] | undefined
}) {
  const at = call.settledAt ?? call.proposedAt
  const alike = later?.find((one) => one.alike.length > 0 && one.event.echoOf === undefined)
  return (
    <div class="notice">
      <b>Not sent: it was only simulated.</b>
      {later?.length === 0 && <span class="soft">Since then no event of the subject has come.</span>}
      {later !== undefined && later.length > 0 && (
        <>
          <span class="soft">
            {alike
              ? 'Since then somebody else did what looks the same:'
              : 'Since then this happened to the subject:'}
          </span>
          {later.slice(0, shownLater).map((one) => (
            <Later of={one} at={at} />
          ))}
          {later.length > shownLater && (
            <span class="faint">and {count(later.length - shownLater, 'more event')}</span>
          )}
        </>
      )}
    </div>
  )
}

function Later({ of: { event, alike }, at }: { readonly of: LaterEvent; readonly at: number }) {
  return (
    <span class="break">
      <span class="faint">{spanOf(Math.max(0, event.recordedAt - at))} later</span>{' '}
      <a href={`/events/${event.id}`}>
        <Text of={event.type} />
      </a>
      {event.actor !== undefined && (
        <>
          {' '}
          by <Text of={event.actor} />
        </>
      )}
      {event.echoOf !== undefined && <span class="soft">, caused by our own write</span>}
      {event.echoOf === undefined && alike.length > 0 && <b>, looks the same</b>}
    </span>
  )
}

/** The states that the ledger has of it, each with its time, and the key under which it is sent. */
function Ledger({
  call,
  approvals,
}: {
  readonly call: ToolCallRow
  readonly approvals: readonly Approval[]
}) {
  const { id, idempotencyKey } = call
  const marker = carriedMarker(call)
  return (
    <details>
      <summary>Ledger</summary>
      <div class="stack">
        <Timeline of={ledgerOf(call, approvals)} label={`States of ${id}`} />
        <Facts
          of={[
            ['tool call', <code class="break">{id}</code>],
            idempotencyKey === undefined
              ? undefined
              : [
                  'idempotency key',
                  <code class="break">
                    <Text of={idempotencyKey} />
                  </code>,
                ],
            marker === undefined ? undefined : ['marker', <code class="break">{marker}</code>],
            call.sends === 0 ? undefined : ['sent', count(call.sends, 'time')],
            Object.keys(call.yields).length === 0
              ? undefined
              : [
                  'ids it added',
                  <Text
                    of={Object.entries(call.yields)
                      .map(([name, value]) => `${name}=${value}`)
                      .join(' ')}
                  />,
                ],
          ]}
        />
      </div>
    </details>
  )
}

function ledgerOf(call: ToolCallRow, approvals: readonly Approval[]): Moment[] {
  const { state, proposedAt, firstSentAt, lastSentAt, sends, looks, lookedAt, settledAt } = call
  const moments: Moment[] = [{ at: proposedAt, tone: 'none', verb: 'proposed' }]
  for (const { requestedAt, decidedAt, expiresAt, state: decided, decidedBy } of approvals) {
    moments.push({ at: requestedAt, tone: 'wait', verb: 'waiting', text: 'for a person' })
    if (decided === 'waiting') continue
    const by =
      decidedBy === undefined ? undefined : (
        <>
          by <Text of={decidedBy} />
        </>
      )
    moments.push({
      at: decidedAt ?? expiresAt,
      tone: decided === 'approved' ? 'good' : 'none',
      verb: decided,
      ...(by ? { text: by } : {}),
    })
  }
  if (firstSentAt !== undefined) moments.push({ at: firstSentAt, tone: 'busy', verb: 'prepared and sent' })
  if (sends > 1 && lastSentAt !== undefined) {
    moments.push({
      at: lastSentAt,
      tone: 'busy',
      verb: 'sent again',
      text: `${count(sends, 'time')} in all, the same bytes with the same key`,
    })
  }
  if (looks > 0 && lookedAt !== undefined) {
    moments.push({
      at: lookedAt,
      tone: 'wait',
      verb: 'looked for',
      text: `${count(looks, 'time')}, and not found`,
    })
  }
  const isTold = ['proposed', 'waiting', 'approved', 'sent', 'expired'].includes(state)
  if (!isTold && !(state === 'denied' && approvals.some((one) => one.state === 'denied'))) {
    moments.push({ at: settledAt, tone: callTone(state), verb: state })
  }
  return moments
}
