import { isFinal, type Run } from '../../domain/run.js'
import type { StoredEvent } from '../../store/records.js'
import { formatMs, RunState, sayAgo, sayUsd, Text, When } from '../ui/parts.js'
import { count } from './amounts.js'
import { Short } from './events-table.js'
import { countNew } from './list-parts.js'

export interface RunRow {
  readonly run: Run
  /** Undefined where it is old and no longer in the ledger. */
  readonly event: Pick<StoredEvent, 'id' | 'source' | 'type'> | undefined
}

/** Runs, newest first. Those that were made after `seen`, a run's id, are marked as new. */
export function RunsTable({
  of,
  now,
  seen,
}: {
  readonly of: readonly RunRow[]
  readonly now: number
  readonly seen: string | undefined
}) {
  const fresh = countNew(
    of.map(({ run }) => run.id),
    seen,
  )
  return (
    <table class="stacks list runs">
      <thead>
        <tr>
          <th class="w-time">Made</th>
          <th class="w-name">Agent</th>
          <th>About</th>
          <th>How it stands</th>
          <th class="num w-num">Turns, calls</th>
          <th class="num w-num">Cost</th>
          <th class="num w-num">At work</th>
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
  readonly of: RunRow
  readonly now: number
  readonly isNew: boolean
}

function Row({ of: { run, event }, now, isNew }: RowProps) {
  const { id, agent, subject, eventId, createdAt, usage, replay, eventCount } = run
  const { turns, calls, costUsd, activeMs } = usage
  return (
    <tr id={id} {...(isNew ? { class: 'is-new' } : {})}>
      <td class="soft">
        <When at={createdAt} now={now} />
      </td>
      <td>
        <a href={`/runs/${id}`}>
          <Short of={agent} />
        </a>
        {replay > 0 && <div class="small faint">replay {replay}</div>}
      </td>
      <td class="wide">
        <Short of={subject === eventId ? 'the event alone' : subject} />
        <div class="small soft">
          {event === undefined ? (
            'an event that is old and gone'
          ) : (
            <a href={`/events/${event.id}`}>
              <Short of={event.type} /> of <Short of={event.source} />
            </a>
          )}
          {eventCount > 1 && `, and ${(eventCount - 1).toLocaleString('en')} more`}
        </div>
      </td>
      <td class="wide">
        <RunState run={run} />
        <Because of={run} now={now} />
      </td>
      <td class="num soft small">
        {turns > 0 && (
          <>
            {count(turns, 'turn')}, <span class="nowrap">{count(calls, 'call')}</span>
          </>
        )}
      </td>
      <td class="num soft">{turns === 0 ? '' : sayUsd(costUsd)}</td>
      <td class="num soft">{activeMs === 0 ? '' : formatMs(activeMs)}</td>
    </tr>
  )
}

/** What ended it or holds it up, and when it goes on. */
function Because({ of: { state, error, nextAt }, now }: { readonly of: Run; readonly now: number }) {
  const goesOn = nextAt !== undefined && !isFinal(state) && state !== 'running'
  if (!error && !goesOn) return null
  return (
    <div class="small soft">
      {error && state !== 'completed' && (
        <span class="break" title={error.code}>
          <Short of={error.message} most={120} />
        </span>
      )}
      {goesOn && (
        <div class="faint">
          <Text
            of={nextAt <= now ? 'goes on as soon as a worker is free' : `goes on ${sayAgo(nextAt, now)}`}
          />
        </div>
      )}
    </div>
  )
}
