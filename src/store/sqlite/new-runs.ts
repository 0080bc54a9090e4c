import type { Database } from 'better-sqlite3'
import { newId } from '../../util/id.js'
import { unfinishedRuns } from './selects.js'

export interface NewRun {
  readonly eventId: string
  /** The event's. */
  readonly subject: string | null
  readonly agent: string
  readonly replay: number
}

/** What a new run waits on before anything else. */
export type FirstWait = { readonly on: 'quiet'; readonly until: number } | { readonly on: 'agent' }

export type InsertRun = (run: NewRun, now: number, wait?: FirstWait) => string

/**
 * Queues a run, or parks it on its first wait, and returns its id. It is blocked while an earlier run of the same
 * agent and subject is unfinished.
 */
export function runInserter(db: Database): InsertRun {
  const unfinished = db.prepare<[string, string], unknown>(
    `SELECT 1 FROM ${unfinishedRuns} WHERE agent = ? AND subject = ? AND finished_at IS NULL LIMIT 1`,
  )
  const queue = db.prepare(`
    INSERT INTO runs (id, event_id, agent, subject, replay, state, is_blocked, is_ready, created_at)
    VALUES (?, ?, ?, ?, ?, 'queued', ?, ?, ?)`)
  const park = db.prepare(`
    INSERT INTO runs (id, event_id, agent, subject, replay, state, parked_on, next_at, is_blocked, is_ready, created_at)
    VALUES (?, ?, ?, ?, ?, 'parked', ?, ?, ?, 0, ?)`)
  return ({ eventId, subject: eventSubject, agent, replay }, now, wait) => {
    const id = newId('run')
    const subject = eventSubject || eventId
    const isBlocked = unfinished.get(agent, subject) === undefined ? 0 : 1
    if (wait === undefined) {
      queue.run(id, eventId, agent, subject, replay, isBlocked, 1 - isBlocked, now)
    } else {
      const nextAt = wait.on === 'quiet' ? wait.until : null
      park.run(id, eventId, agent, subject, replay, wait.on, nextAt, isBlocked, now)
    }
    return id
  }
}
