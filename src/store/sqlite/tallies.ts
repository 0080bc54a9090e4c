import type { Database, Statement } from 'better-sqlite3'
import type { DeliveryState } from '../../domain/delivery.js'
import type { EventState } from '../../domain/event.js'

/** What is counted of a source, in the hour of its arrival. */
export type Arrived = `deliveries_${DeliveryState}` | `events_${EventState}` | 'events_echo'

export interface ArrivalCount {
  readonly source: string
  readonly at: number
  readonly what: Arrived
}

const hourMs = 3_600_000
const weekMs = 7 * 24 * hourMs

/** The hour that `at` falls in, by its first millisecond; never hour 0, whose row has all of them, whatever a clock says. */
export function hourOf(at: number): number {
  return Math.max(1, Math.floor(at / hourMs)) * hourMs
}

const deliveryColumns = ['deliveries_recorded', 'deliveries_duplicate', 'deliveries_malformed'] as const
const eventColumns = ['events_recorded', 'events_dispatched', 'events_ignored', 'events_echo'] as const
const arrivalColumns: readonly Arrived[] = [...deliveryColumns, ...eventColumns]
const latestColumns = ['last_delivery_at', 'last_event_at'] as const

/** Names the row in which a source, an agent … is counted since the ledger was begun. */
const allHours = 0

/** For `ON CONFLICT DO UPDATE SET`: sums, and the later of two times that may not be known. */
function addingUp(sums: readonly string[], latest: readonly string[]): string {
  return [
    ...sums.map((name) => `${name} = ${name} + excluded.${name}`),
    ...latest.map((name) => `${name} = nullif(max(coalesce(${name}, 0), coalesce(excluded.${name}, 0)), 0)`),
  ].join(', ')
}

interface ArrivalRow {
  readonly hour: number
  readonly source: string
  readonly counts: number[]
  lastDeliveryAt: number | null
  lastEventAt: number | null
}

/** Writes what a group of operations counted: for most groups one source and hour, and the source as a whole. */
export function arrivalCounter(db: Database): (counted: readonly ArrivalCount[]) => void {
  const columns = ['hour', 'source', ...arrivalColumns, ...latestColumns]
  let add: Statement | undefined
  const sql = `
    INSERT INTO source_hours (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})
    ON CONFLICT DO UPDATE SET ${addingUp(arrivalColumns, latestColumns)}`
  return (counted) => {
    const rows = new Map<string, ArrivalRow>()
    for (const { source, at, what } of counted) {
      const hour = hourOf(at)
      const key = `${hour} ${source}`
      const none = {
        hour,
        source,
        counts: arrivalColumns.map(() => 0),
        lastDeliveryAt: null,
        lastEventAt: null,
      }
      const row: ArrivalRow = rows.get(key) ?? none
      rows.set(key, row)
      const column = arrivalColumns.indexOf(what)
      row.counts[column] = (row.counts[column] ?? 0) + 1
      if (column < deliveryColumns.length) row.lastDeliveryAt = Math.max(row.lastDeliveryAt ?? at, at)
      else if (what === 'events_recorded') row.lastEventAt = Math.max(row.lastEventAt ?? at, at)
    }
    for (const { hour, source, counts, lastDeliveryAt, lastEventAt } of rows.values()) {
      add ??= db.prepare(sql)
      for (const when of [hour, allHours]) add.run(when, source, ...counts, lastDeliveryAt, lastEventAt)
    }
  }
}

const tables = ['source_hours', 'agent_hours', 'model_hours', 'tool_hours'] as const

/** The engine counts the rest by itself: see the migration. What was counted of the whole stays when its hours go. */
export interface OldHours {
  areThere(before: number): boolean
  /** Those of the oldest week of them. */
  forget(before: number): void
}

export function oldHours(reader: Database, writer: Database): OldHours {
  const first = tables.map((table) => `SELECT min(hour) AS hour FROM ${table} WHERE hour > 0`)
  const oldest = reader
    .prepare<[], number | null>(`SELECT min(hour) FROM (${first.join(' UNION ALL ')})`)
    .pluck()
  const removals = tables.map((table) =>
    writer.prepare(`DELETE FROM ${table} WHERE hour > 0 AND hour < min(?, ? + ${weekMs})`),
  )
  return {
    areThere: (before) => (oldest.get() ?? before) < hourOf(before),
    forget(before) {
      const from = oldest.get() ?? before
      for (const remove of removals) remove.run(hourOf(before), from)
    },
  }
}
