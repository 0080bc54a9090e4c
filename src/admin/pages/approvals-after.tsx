import type { JsonValue } from '../../util/json.js'
import { stringifyJson } from '../../util/json.js'
import { plain } from '../../util/plain.js'
import { CallState, Card, callTone, Text } from '../ui/parts.js'
import type { ApprovalView } from './approvals-view.js'
import { sayAfter } from './approvals-words.js'
import { Short } from './events-table.js'
import { JsonExcerpt } from './excerpt.js'
import { type Moment, Timeline } from './timeline.js'

/** What became of it, from the question to the API's answer. */
export function After({ of }: { readonly of: ApprovalView }) {
  const { approval, call, now } = of
  const { tone, text } = sayAfter(approval, call, now)
  return (
    <>
      <p class={`notice is-${tone}`} role="status">
        <b class="break">{text}</b>
        {approval.reason !== undefined && (
          <span class="break">
            “<Short of={approval.reason} most={2000} />”
          </span>
        )}
        <Next of={of} />
      </p>
      {approval.state !== 'waiting' && (
        <Card title="What became of it" {...(call ? { aside: <CallState state={call.state} /> } : {})}>
          <Timeline of={momentsOf(of)} label="From the question to the outcome" />
          {call && (
            <p class="small">
              <a href={`/runs/${approval.runId}#${call.id}`}>The call in its run</a>
            </p>
          )}
        </Card>
      )}
    </>
  )
}

/** Where a person goes from here. */
function Next({ of: { approval, call, run } }: { readonly of: ApprovalView }) {
  const isAnew =
    approval.state === 'edited' && call?.approvalId !== undefined && call.approvalId !== approval.id
  if (isAnew) return <a href={`/approvals/${call.approvalId}`}>The changed request waits for you</a>
  if (approval.state === 'edited' && call) {
    return (
      <span>
        The changed call is <CallState state={call.state} />
        {call.output && !call.output.ok && (
          <>
            {' '}
            <Text of={call.output.error.message} />
          </>
        )}
      </span>
    )
  }
  if (call?.state === 'held') return <a href={`/parked#${call.id}`}>Say what became of it</a>
  if (approval.state === 'expired' && run) return <a href={`/runs/${run.id}`}>Its run</a>
  return null
}

function momentsOf({ approval, call }: ApprovalView): Moment[] {
  const { state, requestedAt, decidedAt, decidedBy, expiresAt, id } = approval
  const moments: Moment[] = [{ at: requestedAt, tone: 'none', verb: 'asked' }]
  if (state === 'expired') moments.push({ at: expiresAt, tone: 'none', verb: 'lapsed', text: 'undecided' })
  else {
    const tone = state === 'approved' ? 'good' : state === 'denied' ? 'bad' : 'none'
    moments.push({ at: decidedAt, tone, verb: state, text: decidedBy && `by ${plain(decidedBy)}` })
  }
  if (!call || call.approvalId !== id || state === 'denied' || state === 'expired') return moments
  const { firstSentAt, lastSentAt, sends, settledAt, output, status } = call
  if (firstSentAt !== undefined) {
    moments.push({
      at: firstSentAt,
      tone: 'busy',
      verb: 'sent',
      text: call.idempotencyKey && 'with its idempotency key',
    })
  }
  if (sends > 1)
    moments.push({ at: lastSentAt, tone: 'busy', verb: 'sent again', text: `${sends} times in all` })
  const tone = callTone(call.state)
  const isNow = settledAt === undefined
  moments.push({
    at: settledAt,
    tone,
    verb: isNow ? `now ${call.state}` : call.state,
    text: status === undefined ? undefined : `the API answered ${status}`,
    below: output && (
      <JsonExcerpt
        of={stringifyJson(output as unknown as JsonValue)}
        label="What the agent was told"
        most={1500}
      />
    ),
  })
  return moments
}
