import type { Change, ChangeMark, Changes } from '../reports.js'
import type { Store } from '../store.js'
import type { Reader } from './reader.js'
import { type EventRow, storedEventOf } from './rows.js'
import { selectEventOnly } from './selects.js'

interface ChangeRow {
  readonly position: number
  readonly id: string
  readonly run_id: string
  readonly state: Change['state']
  readonly parked_on: Exclude<Change['parkedOn'], undefined> | null
}

interface Ends {
  readonly event: number
  readonly change: number
  readonly oldest: number
}

/** An alert has no id of its own: in the list of changes its cause stands behind this. */
export const alertPrefix = 'alert:'

/** What happened since somebody looked: positions only grow, and a reader sees no commit before an earlier one. */
export function changes(reader: Reader): Pick<Store, 'changesSince'> {
  const { db } = reader
  const ends = db.prepare<[], Ends>(`
    SELECT coalesce((SELECT max(position) FROM events), 0) AS event,
      coalesce((SELECT max(position) FROM changes), 0) AS change,
      coalesce((SELECT min(position) FROM changes), 1) AS oldest`)
  const events = db.prepare<[number, number], EventRow & { position: number }>(
    `${selectEventOnly('e.position, ')} WHERE e.position > ? ORDER BY e.position LIMIT ?`,
  )
  const later = db.prepare<[number, number], ChangeRow>(
    'SELECT position, id, run_id, state, parked_on FROM changes WHERE position > ? ORDER BY position LIMIT ?',
  )

  const since = db.transaction((mark: ChangeMark | undefined, limit: number): Changes => {
    const newest = ends.get() ?? { event: 0, change: 0, oldest: 1 }
    const { event, change } = newest
    if (!mark) return { events: [], changes: [], next: { event, change }, isMore: false, isWhole: true }
    // Where retention took every event, positions begin anew: then all that is there is new.
    const rows = events.all(mark.event > event ? 0 : mark.event, limit)
    const changed = later.all(mark.change > change ? 0 : mark.change, limit)
    return {
      events: rows.map((row) => ({ position: row.position, event: storedEventOf(row) })),
      changes: changed.map(changeOf),
      next: {
        event: rows.at(-1)?.position ?? event,
        change: changed.at(-1)?.position ?? change,
      },
      isMore: rows.length === limit || changed.length === limit,
      isWhole: mark.change >= newest.oldest - 1,
    }
  })

  return { changesSince: (mark, limit) => reader.read(() => since(mark, limit)) }
}

function changeOf({ position, id, run_id: runId, state, parked_on: parkedOn }: ChangeRow): Change {
  return { position, id, runId: runId === '' ? undefined : runId, state, parkedOn: parkedOn ?? undefined }
}
