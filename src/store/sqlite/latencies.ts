import type { Lag, Latency } from '../reports.js'
import type { Store } from '../store.js'
import type { Reader } from './reader.js'

/** How many of the newest events of a source, runs of an agent, turns and calls are looked at. */
const newest = { events: 100, runs: 300, steps: 300, calls: 300 } as const
/** Names that are hopped to, should there ever be so many. */
const mostNames = 1000

interface Measured {
  readonly name: string
  readonly ms: number
}

/** How long things take, by the newest of them. */
export function latencies(reader: Reader): Pick<Store, 'lags' | 'latencies'> {
  const { db } = reader
  const namesIn = (table: string, column: string) =>
    db
      .prepare<[], string>(`
        WITH RECURSIVE names (name) AS (
          SELECT min(${column}) FROM ${table}
          UNION ALL SELECT (SELECT min(${column}) FROM ${table} WHERE ${column} > name) FROM names
          WHERE name IS NOT NULL
        )
        SELECT name FROM names WHERE name IS NOT NULL LIMIT ${mostNames}`)
      .pluck()
  const sources = namesIn('events', 'source')
  const agents = namesIn('runs', 'agent')
  const lagsOf = db
    .prepare<[string], number>(`
      SELECT recorded_at - time_at FROM events INDEXED BY events_by_source WHERE source = ?
      ORDER BY recorded_at DESC LIMIT ${newest.events}`)
    .pluck()
  const runsOf = db.prepare<[string, number], Measured>(`
    SELECT agent AS name, active_ms AS ms FROM (
      SELECT agent, active_ms, finished_at FROM runs INDEXED BY runs_begun
      WHERE started_at IS NOT NULL AND agent = ? AND started_at >= ? ORDER BY started_at DESC LIMIT ${newest.runs})
    WHERE finished_at IS NOT NULL`)
  const steps = db.prepare<[], Measured>(
    `SELECT model AS name, duration_ms AS ms FROM steps ORDER BY position DESC LIMIT ${newest.steps}`,
  )
  // A read that waited for a person is left out, and so is what never got an answer.
  const calls = db.prepare<[], Measured>(`
    SELECT tool AS name, settled_at - coalesce(last_sent_at, proposed_at) AS ms FROM (
      SELECT tool, state, settled_at, last_sent_at, proposed_at, approval_id FROM tool_calls
      ORDER BY position DESC LIMIT ${newest.calls})
    WHERE state IN ('confirmed', 'rejected') AND last_sent_at IS NOT NULL
      OR state IN ('done', 'failed') AND approval_id IS NULL AND settled_at IS NOT NULL`)

  return {
    lags: () =>
      reader.read(() =>
        sources.all().map((source): Lag => {
          const found = lagsOf.all(source).sort((left, right) => left - right)
          return { source, medianMs: share(found, 0.5), maxMs: found.at(-1) ?? 0, of: found.length }
        }),
      ),

    latencies: (since) =>
      reader.read(() => ({
        runs: agents.all().flatMap((agent) => byName(runsOf.all(agent, since))),
        models: byName(steps.all()),
        tools: byName(calls.all()),
      })),
  }
}

function byName(measured: readonly Measured[]): Latency[] {
  const found = new Map<string, number[]>()
  for (const { name, ms } of measured) found.set(name, [...(found.get(name) ?? []), ms])
  return [...found]
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, times]) => {
      const sorted = times.sort((left, right) => left - right)
      return { name, medianMs: share(sorted, 0.5), p95Ms: share(sorted, 0.95), of: sorted.length }
    })
}

/** The value that this share of them does not pass. */
function share(sorted: readonly number[], part: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * part) - 1)] ?? 0
}
