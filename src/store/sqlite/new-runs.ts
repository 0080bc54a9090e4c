import type { Database } from 'better-sqlite3'
import { newId } from '../../util/id.js'

export interface NewRun {
  readonly eventId: string
  /** The event's. */
  readonly subject: string | null
  readonly agent: string
  readonly replay: number
}

/** Queues a run and returns its id. It is blocked while an earlier run of the same agent and subject is unfinished. */
export function runInserter(db: Database): (run: NewRun, now: number) => string {
  const unfinished = db.prepare<[string, string], unknown>(
    'SELECT 1 FROM runs WHERE agent = ? AND subject = ? AND finished_at IS NULL LIMIT 1',
  )
  const insert = db.prepare(`
    INSERT INTO runs (id, event_id, agent, subject, replay, state, is_blocked, is_ready, created_at)
    VALUES (?, ?, ?, ?, ?, 'queued', ?, ?, ?)`)
  return ({ eventId, subject: eventSubject, agent, replay }, now) => {
    const id = newId('run')
    const subject = eventSubject || eventId
    const isBlocked = unfinished.get(agent, subject) === undefined ? 0 : 1
    insert.run(id, eventId, agent, subject, replay, isBlocked, 1 - isBlocked, now)
    return id
  }
}
