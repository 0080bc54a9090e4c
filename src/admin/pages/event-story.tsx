import type { Child } from 'hono/jsx'
import type { Approval } from '../../domain/approval.js'
import { wakes } from '../../domain/event.js'
import { isFinal } from '../../domain/run.js'
import { waits } from '../../runs/wait-words.js'
import type { Journal, StoredDelivery, ToolCallRow } from '../../store/records.js'
import { plain } from '../../util/plain.js'
import { callTone, Id, runTone, sayUsd, Text } from '../ui/parts.js'
import { count, formatBytes, listed, spanOf } from './amounts.js'
import type { EventView } from './event-view.js'
import { sayDone } from './run-words.js'
import type { Moment } from './timeline.js'

/** What happened to an event, from its first byte to the outcomes of its runs. */
export function storyOf(view: EventView): Moment[] {
  const { event, deliveries } = view
  const first = deliveries.find(({ id }) => id === event.deliveryId)
  return [
    ...(first ? arrived(first) : []),
    recorded(view),
    decided(view),
    ...deliveries.filter((delivery) => delivery !== first).map(redelivered),
    ...view.journals.flatMap((journal) => ofRun(journal, event.id)),
  ]
}

function arrived(delivery: StoredDelivery): Moment[] {
  const { receivedAt, bodyBytes, remoteAddress, secretIndex, source } = delivery
  const from = remoteAddress === undefined ? '' : ` from ${plain(remoteAddress)}`
  return [
    { at: receivedAt, tone: 'none', verb: 'received', text: `${formatBytes(bodyBytes)}${from}` },
    {
      at: receivedAt,
      tone: 'good',
      verb: 'verified',
      text: `by ${secretOf(secretIndex)} of ${plain(source)}`,
    },
  ]
}

export function secretOf(index: number): string {
  return index === 0 ? 'the first secret' : `secret number ${index + 1}`
}

const ways = { webhook: 'by webhook', poll: 'by a poll', schedule: 'by the schedule' } as const

function recorded({ event }: EventView): Moment {
  const text = `${ways[event.via]}, before anything was acknowledged`
  return { at: event.recordedAt, tone: 'good', verb: 'recorded', text }
}

function decided({ event }: EventView): Moment {
  if (event.state === 'recorded') {
    return { at: undefined, tone: 'wait', verb: 'waiting', text: 'to be matched with the agents' }
  }
  const woken = event.decisions.filter(wakes).map(({ agent }) => plain(agent))
  const others = event.decisions.length - woken.length
  const not = others === 0 ? '' : `, not ${count(others, 'other')}`
  return woken.length === 0
    ? { at: undefined, tone: 'none', verb: 'ignored', text: `it wakes no agent${not}` }
    : { at: undefined, tone: 'good', verb: 'matched', text: `it wakes ${listed(woken)}${not}` }
}

function redelivered({ id, receivedAt, remoteAddress }: StoredDelivery): Moment {
  const from = remoteAddress === undefined ? '' : ` from ${plain(remoteAddress)}`
  const text = (
    <>
      <Id id={id} href={`#${id}`} />
      {from}: already recorded, nothing is done again
    </>
  )
  return { at: receivedAt, tone: 'none', verb: 'redelivered', text }
}

function ofRun({ run, steps, calls, approvals, attempts }: Journal, eventId: string): Moment[] {
  const link = (
    <a href={`/runs/${run.id}`}>
      <Text of={run.agent} />
    </a>
  )
  const replay = run.replay === 0 ? '' : `, replay ${run.replay}`
  const joined = run.eventId === eventId ? '' : ', about a newer event, which sees this one too'
  const crashes = attempts.filter(({ outcome }) => outcome === 'crashed')
  const moments: Moment[] = [
    {
      at: run.createdAt,
      tone: 'none',
      verb: 'enqueued',
      text: (
        <>
          {link}
          {replay}
          {joined}
        </>
      ),
    },
  ]
  if (run.startedAt !== undefined) {
    moments.push({ at: run.startedAt, tone: 'busy', verb: 'began', text: link })
  }
  for (const crash of crashes) {
    const text = <>{link}: the process ended while it held the run</>
    moments.push({ at: crash.endedAt ?? crash.startedAt, tone: 'bad', verb: 'crashed', text })
  }
  for (const approval of approvals.slice(-mostCalls)) moments.push(...ofApproval(approval))
  moments.push(
    ...calls
      .filter(isTold)
      .slice(0, mostCalls)
      .map((call) => ofCall(call, run.id)),
  )
  if (isFinal(run.state)) {
    const text: Child = (
      <>
        {link} after {spanOf(run.usage.activeMs)} of work, {count(steps.length, 'turn')},{' '}
        {sayUsd(steps.length === 0 ? 0 : run.usage.costUsd)}: {sayDone(calls)}
        {run.error && run.state !== 'completed' && (
          <>
            {' '}
            (<code>{run.error.code}</code>)
          </>
        )}
      </>
    )
    moments.push({ at: run.finishedAt, tone: runTone(run), verb: run.state, text })
  } else if (run.state === 'parked' || run.state === 'failed') {
    const what = run.parkedOn === undefined ? '' : `, waits for ${waits[run.parkedOn]}`
    const at = attempts.at(-1)?.endedAt ?? run.createdAt
    moments.push({
      at,
      tone: runTone(run),
      verb: run.state,
      text: (
        <>
          {link}
          {what}
        </>
      ),
    })
  }
  return moments
}

const mostCalls = 20

function ofApproval(approval: Approval): Moment[] {
  const { id, tool, state, requestedAt, expiresAt, decidedAt, decidedBy } = approval
  const link = (
    <a href={`/approvals/${id}`}>
      <Text of={tool} />
    </a>
  )
  const asked: Moment = {
    at: requestedAt,
    tone: 'wait',
    verb: 'waiting',
    text: <>{link} for a person’s word</>,
  }
  if (state === 'waiting') return [asked]
  const by = decidedBy === undefined ? '' : ` by ${plain(decidedBy)}`
  const text = (
    <>
      {link}
      {by}, after {spanOf((decidedAt ?? expiresAt) - requestedAt)}
    </>
  )
  return [
    asked,
    { at: decidedAt ?? expiresAt, tone: state === 'approved' ? 'good' : 'none', verb: state, text },
  ]
}

/** What did something to the world, or was to, or was refused: reads that went well are told by the run's page. */
function isTold({ effect, state }: ToolCallRow): boolean {
  return state !== 'waiting' && (effect !== 'read' || state === 'denied' || state === 'failed')
}

function ofCall(call: ToolCallRow, runId: string): Moment {
  const { id, tool, state, proposedAt, firstSentAt, settledAt, status, output } = call
  const code = output && !output.ok ? output.error.code : undefined
  const text = (
    <>
      <a class="mono" href={`/runs/${runId}#${id}`}>
        <Text of={tool} />
      </a>
      {state === 'simulated' && ', not sent'}
      {status !== undefined && `, the API answered ${status}`}
      {code !== undefined && (
        <>
          {' '}
          (<code>{code}</code>)
        </>
      )}
    </>
  )
  return { at: settledAt ?? firstSentAt ?? proposedAt, tone: callTone(state), verb: state, text }
}
