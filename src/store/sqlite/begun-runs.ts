import type { Database } from 'better-sqlite3'
import { nextUtcDay } from '../../util/clock.js'
import type { BeginLimits, Begun } from '../records.js'

type OverLimit = Extract<Begun, { state: 'over_limit' }>

interface Origin {
  readonly source: string
  readonly actor: string | null
}

interface NewRun {
  readonly id: string
  readonly agent: string
}

const dayMs = 86_400_000
/** Stands for all actors of a source; no sender has one without a name. */
const anyone = ''

/** One name, whichever way somebody wrote it: a letter's case or an unseen character is no other actor. */
function folded(actor: string): string {
  const bare = actor
    .normalize('NFKC')
    .replace(/[\p{Cf}\p{Cc}\s]/gu, '')
    .toLowerCase()
  return bare === '' ? actor : bare
}

/** Counts runs that begin. Inside the caller's transaction. Returns the bound that lets this one not begin, or undefined. */
export type CountBegun = (run: NewRun, limits: BeginLimits, now: number) => OverLimit | undefined

export function begunCounter(db: Database): CountBegun {
  const countRuns = db
    .prepare<[string, number, number], number>(
      'SELECT count(*) FROM runs WHERE agent = ? AND started_at >= ? AND started_at < ?',
    )
    .pluck()
  const count = db
    .prepare<[number, string, string, string], number>(
      'SELECT count FROM begun_runs WHERE day = ? AND agent = ? AND source = ? AND actor = ?',
    )
    .pluck()
  const add = db.prepare(`
    INSERT INTO begun_runs (day, agent, source, actor, count) VALUES (?, ?, ?, ?, 1)
    ON CONFLICT DO UPDATE SET count = count + 1`)
  const origins = db.prepare<[{ id: string }], Origin>(`
    SELECT e.source, e.actor FROM events e WHERE e.id IN (
      SELECT event_id FROM runs WHERE id = @id UNION ALL SELECT event_id FROM run_events WHERE run_id = @id)
    ORDER BY e.id = (SELECT event_id FROM runs WHERE id = @id) DESC, e.position DESC`)

  return ({ id, agent }, { perDay, perSource, perActor }, now) => {
    const day = nextUtcDay(now) - dayMs
    const [newest, ...others] = origins.all({ id })
    // The event of a run outlives it.
    const { source, actor } = newest ?? { source: '', actor: null }
    const over = (of: OverLimit['of'], limit: number): OverLimit => ({
      ...{ state: 'over_limit', of, limit, source },
      actor: actor ?? undefined,
    })
    if (perDay !== undefined && (countRuns.get(agent, day, day + dayMs) ?? 0) >= perDay) {
      return over('agent', perDay)
    }
    const boundOf = ({ source, actor }: Origin): ['source' | 'actor', number] | undefined => {
      const isFull = (limit: number | undefined, who: string): limit is number =>
        limit !== undefined && (count.get(day, agent, source, who) ?? 0) >= limit
      if (isFull(perSource, anyone)) return ['source', perSource]
      return actor && isFull(perActor, folded(actor)) ? ['actor', perActor] : undefined
    }
    const first = newest && boundOf(newest)
    const counted = first ? others.find((origin) => !boundOf(origin)) : newest
    if (first && !counted) return over(...first)
    if (counted) {
      add.run(day, agent, counted.source, anyone)
      if (counted.actor) add.run(day, agent, counted.source, folded(counted.actor))
    }
    return undefined
  }
}
