import type { Run } from '../../domain/run.js'
import type { StoredEvent } from '../../store/records.js'
import { plain } from '../../util/plain.js'
import { Pill, runTone, Text, When } from '../ui/parts.js'
import { sayIgnored } from './events-words.js'
import { countNew } from './list-parts.js'

export interface EventRow {
  readonly event: StoredEvent
  /** That see it, oldest first. */
  readonly runs: readonly Run[]
}

/** Events, newest first. Those that came after `seen`, an event's id, are marked as new. */
export function EventsTable({
  of,
  now,
  seen,
}: {
  readonly of: readonly EventRow[]
  readonly now: number
  readonly seen: string | undefined
}) {
  const fresh = countNew(
    of.map(({ event }) => event.id),
    seen,
  )
  return (
    <table class="stacks list">
      <thead>
        <tr>
          <th class="w-time">When</th>
          <th class="w-name">Source</th>
          <th>What happened</th>
          <th>What became of it</th>
          <th class="w-wide">Who did it</th>
        </tr>
      </thead>
      <tbody>
        {of.map((row, index) => (
          <Row of={row} now={now} isNew={index < fresh} />
        ))}
      </tbody>
    </table>
  )
}

interface RowProps {
  readonly of: EventRow
  readonly now: number
  readonly isNew: boolean
}

function Row({ of: { event, runs }, now, isNew }: RowProps) {
  const { id, source, type, subject, actor, recordedAt } = event
  return (
    <tr id={id} {...(isNew ? { class: 'is-new' } : {})}>
      <td class="soft">
        <When at={recordedAt} now={now} />
      </td>
      <td>
        <span class="tag">
          <Short of={source} />
        </span>
      </td>
      <td class="wide">
        <a href={`/events/${id}`}>
          <Short of={type} />
        </a>
        {subject !== undefined && (
          <div class="small soft">
            <Short of={subject} />
          </div>
        )}
      </td>
      <td class="wide">
        <Became of={event} runs={runs} />
      </td>
      <td class="soft small">{actor !== undefined && <Short of={actor} />}</td>
    </tr>
  )
}

const mostRuns = 4

function Became({ of: event, runs }: { readonly of: StoredEvent; readonly runs: readonly Run[] }) {
  if (event.state === 'recorded') return <Pill tone="wait">not decided yet</Pill>
  const shown = runs.slice(-mostRuns)
  return (
    <div class="row outcomes">
      {shown.map((run) => (
        <RunPill of={run} />
      ))}
      {runs.length > shown.length && <span class="small faint">and {runs.length - shown.length} before</span>}
      {runs.length === 0 && <span class="small faint">ignored: {sayIgnored(event)}</span>}
      {event.echoOf !== undefined && (
        <a class="small" href={`/runs/${event.echoOf}`}>
          our own doing
        </a>
      )}
    </div>
  )
}

/** The agent and how its run stands, as one link. */
function RunPill({ of: run }: { readonly of: Run }) {
  const on = run.state === 'parked' && run.parkedOn !== undefined ? `: ${run.parkedOn}` : ''
  const isReplaced = run.state === 'cancelled' && run.error?.code === 'run.superseded'
  return (
    <a href={`/runs/${run.id}`} class="outcome">
      <Pill tone={runTone(run)}>
        <span class="clip">
          <Short of={run.agent} most={40} />
        </span>{' '}
        {isReplaced ? 'superseded' : run.state + on}
      </Pill>
    </a>
  )
}

const mostShort = 160
const digest = /[0-9a-f]{32,}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/gi

/** One line of a table: digests are cut in their middle and long lines at their end, with the whole (or much of it) as a title. */
export function Short({ of, most = mostShort }: { readonly of: string; readonly most?: number }) {
  const told = of.replace(digest, (whole) => `${whole.slice(0, 8)}…${whole.slice(-6)}`)
  if (told === of && of.length <= most) {
    return (
      <span class="break">
        <Text of={of} />
      </span>
    )
  }
  return (
    <span class="break" title={plain(of.slice(0, 1000))}>
      <Text of={told.slice(0, most)} />
      {told.length > most && '…'}
    </span>
  )
}
