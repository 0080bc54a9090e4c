import type { RunState } from '../../domain/run.js'
import { reservations } from './reservations.js'
import type { Writer } from './writer.js'

interface EndedRun {
  readonly id: string
  readonly agent: string
  readonly subject: string
  readonly state: RunState
}

/** What the end of a run, or a person's word, means for other rows. Used inside the caller's transaction. */
export interface Endings {
  /** After a run became final: the next run of its agent and subject may go on, and nobody is asked in its name any more. */
  ended(run: EndedRun, now: number): void
  /** A person decided something that the run waits on. If the run is just working, it will not park on it. */
  wake(runId: string): void
  /** What `wake` left behind while the run was working. */
  wakeIfDecided(runId: string): void
}

export function endings(writer: Writer): Endings {
  const { db } = writer
  const unblock = db.prepare(`
    UPDATE runs SET is_blocked = 0, is_ready = state = 'queued'
    WHERE is_blocked = 1 AND position = (
      SELECT min(position) FROM runs WHERE agent = ? AND subject = ? AND finished_at IS NULL)`)
  const expireCalls = db.prepare(`
    UPDATE tool_calls SET state = 'expired', settled_at = ?
    WHERE run_id = ? AND state = 'waiting'`)
  const expireApprovals = db.prepare(
    `UPDATE approvals SET state = 'expired' WHERE run_id = ? AND state = 'waiting'`,
  )
  // What may have happened waits for a person, whatever became of the run.
  const holdSent = db.prepare(`
    UPDATE tool_calls SET state = 'held', note = coalesce(note, 'the run ended before its outcome was known')
    WHERE run_id = ? AND state IN ('sent', 'unknown')`)
  // A person had it prepared to be sent again: it went out before.
  const countAsSent = db.prepare(
    `UPDATE tool_calls SET state = 'sent' WHERE run_id = ? AND state = 'prepared' AND sends > 0`,
  )
  const denyUnsent = db.prepare<[number, string], { id: string }>(`
    UPDATE tool_calls SET state = 'denied', settled_at = ?, note = 'the run ended before it was sent'
    WHERE run_id = ? AND state = 'prepared' AND sends = 0 RETURNING id`)
  const budget = reservations(db)
  const wakeParked = db.prepare(`
    UPDATE runs SET state = 'queued', is_ready = 1 - is_blocked, is_woken = 0, parked_on = NULL, next_at = NULL
    WHERE id = ? AND state = 'parked' AND parked_on IN ('approval', 'person')`)
  const markWoken = db.prepare(`UPDATE runs SET is_woken = 1 WHERE id = ? AND state = 'running'`)
  const isWoken = db.prepare<[string], unknown>('SELECT 1 FROM runs WHERE id = ? AND is_woken = 1')
  return {
    ended({ id, agent, subject, state }, now) {
      writer.count(`runs.${state}`)
      unblock.run(agent, subject)
      expireCalls.run(now, id)
      expireApprovals.run(id)
      countAsSent.run(id)
      holdSent.run(id)
      for (const call of denyUnsent.all(now, id)) budget.release(call.id, now)
    },
    wake(runId) {
      if (wakeParked.run(runId).changes === 0) markWoken.run(runId)
    },
    wakeIfDecided(runId) {
      if (isWoken.get(runId)) wakeParked.run(runId)
    },
  }
}
