import type { Database, Statement } from 'better-sqlite3'
import type { Reservation } from '../../domain/tool-call.js'

export interface Reservations {
  /** The first of them that would pass its limit, on top of what stands; they count on top of each other. */
  exceeded(wanted: readonly Reservation[]): Reservation | undefined
  reserve(toolCallId: string, wanted: readonly Reservation[], now: number): void
  /** A write that was sent may have happened, whatever became of it later: then only `rejected` gives its budget back. */
  release(toolCallId: string, now: number): void
}

/** What is reserved and not given back, with what outlived its rows. */
export function prepareStanding(db: Database): Statement<[{ counter: string }], { amount: number }> {
  return db.prepare(
    `SELECT coalesce(sum(amount), 0) + coalesce((SELECT amount FROM spent WHERE counter = @counter), 0) AS amount
     FROM reservations WHERE counter = @counter AND released_at IS NULL`,
  )
}

export function reservations(db: Database): Reservations {
  const standing = prepareStanding(db)
  const insert = db.prepare(
    'INSERT INTO reservations (counter, tool_call_id, amount, reserved_at) VALUES (?, ?, ?, ?)',
  )
  const release = db.prepare(`
    UPDATE reservations SET released_at = ?
    WHERE tool_call_id = ? AND released_at IS NULL AND EXISTS (
      SELECT 1 FROM tool_calls WHERE id = tool_call_id AND (state = 'rejected' OR sends = 0))`)
  return {
    exceeded(wanted) {
      const sums = new Map<string, number>()
      return wanted.find(({ counter, amount, limit }) => {
        const sum = (sums.get(counter) ?? standing.get({ counter })?.amount ?? 0) + amount
        sums.set(counter, sum)
        // Written so that a sum that is not a number does not pass.
        return !(sum <= limit)
      })
    },
    reserve(toolCallId, wanted, now) {
      for (const { counter, amount } of wanted) insert.run(counter, toolCallId, amount, now)
    },
    release(toolCallId, now) {
      release.run(now, toolCallId)
    },
  }
}
