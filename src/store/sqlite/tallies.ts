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

/** The hour that `at` falls in, by its first millisecond. */
export function hourOf(at: number): number {
  return Math.floor(at / hourMs) * hourMs
}

const deliveryColumns = ['deliveries_recorded', 'deliveries_duplicate', 'deliveries_malformed'] as const
const eventColumns = ['events_recorded', 'events_dispatched', 'events_ignored', 'events_echo'] as const
const arrivalColumns: readonly Arrived[] = [...deliveryColumns, ...eventColumns]
const latestColumns = ['last_delivery_at', 'last_event_at'] as const

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

/** Writes what a group of operations counted: a row for each source and hour, which is one for most groups. */
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
      add.run(hour, source, ...counts, lastDeliveryAt, lastEventAt)
    }
  }
}

const modelSums = ['turns', 'unpriced_turns', 'input_tokens', 'output_tokens', 'cost_usd', 'duration_ms']

/** The tables of hours: what a row is of, what is added up when rows become one, and what the later one gives. */
const tables: readonly (readonly [table: string, of: readonly string[], sums: readonly string[]])[] = [
  ['source_hours', ['source'], arrivalColumns],
  ['agent_hours', ['agent'], ['begun', 'completed', 'dead', 'cancelled']],
  ['model_hours', ['agent', 'model'], modelSums],
  ['tool_hours', ['tool', 'state', 'code'], ['calls']],
]

export interface HourFolder {
  /** Whether there are hours before `before` that stand apart. */
  isOld(before: number): boolean
  /** Puts the oldest week of them together with all that is older still. */
  fold(before: number): void
}

/** What is too old for a chart goes on in the sums: what was counted once stays counted. */
export function hourFolder(reader: Database, writer: Database): HourFolder {
  const oldest = reader
    .prepare<[], number | null>(`
      SELECT min(hour) FROM (${tables
        .map(([table]) => `SELECT min(hour) AS hour FROM ${table} WHERE hour > 0`)
        .join(' UNION ALL ')})`)
    .pluck()
  const folds = tables.map(([table, of, sums]) => {
    const latest = table === 'source_hours' ? latestColumns : []
    const columns = [...of, ...sums, ...latest].join(', ')
    const added = [...sums.map((name) => `sum(${name})`), ...latest.map((name) => `max(${name})`)].join(', ')
    return {
      add: writer.prepare(`
        INSERT INTO ${table} (hour, ${columns}) SELECT 0, ${of.join(', ')}, ${added} FROM ${table}
        WHERE hour > 0 AND hour < ? GROUP BY ${of.join(', ')}
        ON CONFLICT DO UPDATE SET ${addingUp(sums, latest)}`),
      remove: writer.prepare(`DELETE FROM ${table} WHERE hour > 0 AND hour < ?`),
    }
  })
  const oldestBefore = (before: number) => {
    const hour = oldest.get() ?? before
    return hour < hourOf(before) ? hour : undefined
  }
  return {
    isOld: (before) => oldestBefore(before) !== undefined,
    fold: (before) => {
      const from = oldestBefore(before)
      if (from === undefined) return
      const until = Math.min(hourOf(before), from + weekMs)
      for (const { add, remove } of folds) {
        add.run(until)
        remove.run(until)
      }
    },
  }
}
