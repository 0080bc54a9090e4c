import type { Database } from 'better-sqlite3'
import type { Mailbox } from '../../domain/agent.js'
import { type ParkedOn, type RunState, supersededError } from '../../domain/run.js'
import { type Endings, hasOpenWrite } from './endings.js'
import type { InsertRun } from './new-runs.js'
import type { RunRow } from './rows.js'
import { unfinishedRuns } from './selects.js'

/** Most events that one run sees. One more begins a run of its own, which later ones join. */
const mostEvents = 1000

export interface Letter {
  readonly eventId: string
  /** The event's. */
  readonly subject: string | null
  /** When it happened. */
  readonly timeAt: number
  readonly agent: string
  /** The agent's mode is off: a new run waits until it is on again. */
  readonly isOff: boolean
}

/** Puts an event into an agent's mailbox, inside the caller's transaction. Returns the run that it got or joined. */
export type Deliver = (letter: Letter, mailbox: Mailbox | undefined, now: number) => string

export function deliverer(db: Database, endings: Endings, insertRun: InsertRun): Deliver {
  const join = joiner(db)
  const supersede = superseder(db, endings)
  return (letter, mailbox, now) => {
    const { eventId, subject, timeAt, agent, isOff } = letter
    const run = { eventId, subject, agent, replay: 0 }
    const firstWait = isOff ? ({ on: 'agent' } as const) : undefined
    // Without a subject there is nothing to join, to wait for, or to take the place of.
    if (mailbox === undefined || mailbox.whenBusy === 'queue' || !subject)
      return insertRun(run, now, firstWait)
    if (mailbox.whenBusy === 'supersede') {
      supersede({ agent, subject, eventId, timeAt }, now)
      return insertRun(run, now, firstWait)
    }
    const { quietMs } = mailbox
    const quiet = quietMs > 0 ? ({ on: 'quiet', until: now + quietMs } as const) : undefined
    return join({ ...letter, subject }, mailbox, now) ?? insertRun(run, now, firstWait ?? quiet)
  }
}

interface WaitingRow {
  readonly id: string
  readonly event_id: string
  readonly event_count: number
  readonly created_at: number
  readonly state: RunState
  readonly parked_on: ParkedOn | null
  /** When its event happened; null where the event is gone. */
  readonly time_at: number | null
}

type Coalesce = Extract<Mailbox, { whenBusy: 'coalesce' }>
type Joiner = (
  letter: Letter & { readonly subject: string },
  mailbox: Coalesce,
  now: number,
) => string | undefined

/** Adds an event to the run of its subject that waits to begin; undefined where there is none. */
function joiner(db: Database): Joiner {
  const waiting = db.prepare<[string, string], WaitingRow>(`
    SELECT id, event_id, event_count, created_at, state, parked_on,
      (SELECT time_at FROM events WHERE events.id = runs.event_id) AS time_at
    FROM ${unfinishedRuns} WHERE agent = ? AND subject = ? AND finished_at IS NULL AND started_at IS NULL
      AND state <> 'running' AND replay = 0
    ORDER BY position DESC LIMIT 1`)
  const addEvent = db.prepare('INSERT INTO run_events (run_id, number, event_id) VALUES (?, ?, ?)')
  const count = db.prepare('UPDATE runs SET event_count = ?, event_id = ? WHERE id = ?')
  const waitOn = db.prepare(`
    UPDATE runs SET state = 'parked', parked_on = 'quiet', next_at = ?, is_ready = 0 WHERE id = ?`)
  return ({ agent, subject, eventId, timeAt }, { quietMs, maxWaitMs }, now) => {
    const run = waiting.get(agent, subject)
    if (!run || run.event_count >= mostEvents) return undefined
    if (run.event_count === 1) addEvent.run(run.id, 1, run.event_id)
    addEvent.run(run.id, run.event_count + 1, eventId)
    const isNewest = timeAt >= (run.time_at ?? Number.NEGATIVE_INFINITY)
    count.run(run.event_count + 1, isNewest ? eventId : run.event_id, run.id)
    const isQuiet = run.state === 'queued' || run.parked_on === 'quiet'
    const until = Math.min(now + quietMs, run.created_at + maxWaitMs)
    // What waits on something else, or long enough, waits no longer for this.
    if (isQuiet && quietMs > 0 && (until > now || run.state === 'parked')) waitOn.run(until, run.id)
    return run.id
  }
}

type Superseder = (
  by: Pick<Letter, 'agent' | 'eventId' | 'timeAt'> & { subject: string },
  now: number,
) => void

/**
 * Ends the unfinished runs of a subject. One that is being worked on, or has a write whose outcome is not known,
 * is only marked. A replay is a person's wish and stays, and so does the run of an event that happened later than the
 * one that came late.
 */
function superseder(db: Database, endings: Endings): Superseder {
  const unfinished = `agent = @agent AND subject = @subject AND finished_at IS NULL AND replay = 0
    AND coalesce((SELECT time_at FROM events WHERE events.id = runs.event_id), @timeAt) <= @timeAt`
  const cancel = db.prepare<unknown[], RunRow>(`
    UPDATE ${unfinishedRuns} SET state = 'cancelled', is_ready = 0, is_blocked = 0, parked_on = NULL, next_at = NULL,
      finished_at = @now, error_code = @code, error_message = @message, superseded_by = @eventId
    WHERE ${unfinished} AND state <> 'running' AND NOT ${hasOpenWrite} RETURNING *`)
  const mark = db.prepare(`UPDATE ${unfinishedRuns} SET superseded_by = @eventId WHERE ${unfinished}`)
  return (by, now) => {
    const cancelled = cancel.all({ ...by, ...supersededError(by.eventId), now })
    mark.run({ ...by })
    for (const run of cancelled) endings.ended(run, now)
  }
}
