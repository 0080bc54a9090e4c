import Database from 'better-sqlite3'
import { openSqliteStore } from '../../../src/store/sqlite/open.js'
import { systemClock } from '../../../src/util/clock.js'
import type { World } from './world.js'

/** What stands in the ledger's own tables of one occurrence. */
export interface Recorded {
  readonly events: number
  readonly runs: number
  readonly states: readonly string[]
  readonly error: string | null
  readonly wasHeld: boolean
}

/** Looks at the file as it is, beside the process that has it. */
export function peek<Value>(file: string, look: (db: Database.Database) => Value): Value {
  const db = new Database(file, { readonly: true })
  try {
    return look(db)
  } finally {
    db.close()
  }
}

/** Events that are not decided on, and runs that are to go on by themselves at once. */
export function countBusy(file: string): number {
  return peek(file, (db) => {
    const count = (sql: string) => db.prepare<[], { n: number }>(sql).get()?.n ?? 0
    return (
      count(`SELECT count(*) AS n FROM events WHERE state = 'recorded'`) +
      count(`SELECT count(*) AS n FROM runs WHERE state = 'running' OR (state = 'queued' AND is_blocked = 0)`)
    )
  })
}

export function countUnfinished(file: string): number {
  return peek(file, (db) => {
    const sql = `SELECT (SELECT count(*) FROM events WHERE state = 'recorded')
      + (SELECT count(*) FROM runs WHERE finished_at IS NULL) AS n`
    return db.prepare<[], { n: number }>(sql).get()?.n ?? 0
  })
}

export function waitingApprovals(file: string): string[] {
  return peek(file, (db) =>
    db.prepare<[], string>(`SELECT id FROM approvals WHERE state = 'waiting'`).pluck().all(),
  )
}

/** A person lets everything through that waits. */
export async function approveAll(file: string): Promise<void> {
  if (waitingApprovals(file).length === 0) return
  const store = await openSqliteStore({ file, exclusive: false })
  try {
    for (const { id, digest, expiresAt } of await store.listApprovals({ state: 'waiting', limit: 1000 })) {
      if (expiresAt <= systemClock.now()) continue
      const decision = { state: 'approved', by: 'campaign', reason: undefined, digest } as const
      await store.decide(id, decision, systemClock.now())
    }
  } finally {
    await store.close()
  }
}

/** A person looks at the API and says what became of each write that is held. */
export async function resolveHeld(file: string, world: World): Promise<number> {
  const held = peek(file, (db) =>
    db
      .prepare<[], { id: string; body: string }>(
        `SELECT id, json_extract(request, '$.body') AS body FROM tool_calls WHERE state = 'held'`,
      )
      .all(),
  )
  if (held.length === 0) return 0
  const store = await openSqliteStore({ file, exclusive: false })
  try {
    for (const { id, body } of held) {
      const issue = new URLSearchParams(body).get('issue') ?? ''
      const state = (world.effects.get(issue) ?? 0) > 0 ? 'confirmed' : 'rejected'
      await store.resolveHeld(id, { state, by: 'campaign', output: undefined }, systemClock.now())
    }
  } finally {
    await store.close()
  }
  return held.length
}

/** Every occurrence that the ledger knows, by its subject. */
export function recorded(file: string): Map<string, Recorded> {
  return peek(file, (db) => {
    const rows = db.prepare<[], { subject: string; id: string }>('SELECT subject, id FROM events').all()
    const runsOf = db.prepare<[string], { id: string; state: string; error_code: string | null }>(
      'SELECT id, state, error_code FROM runs WHERE event_id = ?',
    )
    const held = db.prepare<[string], unknown>(
      `SELECT 1 FROM tool_calls WHERE run_id = ? AND (state = 'held' OR note LIKE 'campaign: %')`,
    )
    const found = new Map<string, Recorded>()
    for (const { subject, id } of rows) {
      const earlier = found.get(subject)
      const runs = runsOf.all(id)
      found.set(subject, {
        events: (earlier?.events ?? 0) + 1,
        runs: (earlier?.runs ?? 0) + runs.length,
        states: [...(earlier?.states ?? []), ...runs.map(({ state }) => state)],
        error: runs.find(({ error_code: code }) => code !== null)?.error_code ?? earlier?.error ?? null,
        wasHeld: (earlier?.wasHeld ?? false) || runs.some((run) => held.get(run.id) !== undefined),
      })
    }
    return found
  })
}

export function integrity(file: string): string {
  return peek(file, (db) => {
    const broken = db.pragma('foreign_key_check') as unknown[]
    const whole = db.pragma('integrity_check', { simple: true }) as string
    return broken.length > 0 ? `${broken.length} rows refer to nothing` : whole
  })
}

/** Writes of which the ledger says that they are prepared, or sent and nothing more. */
export function writesUnderWay(file: string): { issue: string; agent: string; state: 'prepared' | 'sent' }[] {
  return peek(file, (db) => {
    const sql = `SELECT r.agent, c.state, json_extract(c.request, '$.body') AS body
      FROM tool_calls c JOIN runs r ON r.id = c.run_id WHERE c.state IN ('prepared', 'sent')`
    return db
      .prepare<[], { agent: string; state: 'prepared' | 'sent'; body: string }>(sql)
      .all()
      .map(({ body, ...row }) => ({ ...row, issue: new URLSearchParams(body).get('issue') ?? '' }))
  })
}

/** What is not at an end, for a person who looks for the reason. */
export function describeBusy(file: string): string {
  return peek(file, (db) => {
    const runs = db.prepare('SELECT * FROM runs WHERE finished_at IS NULL').all()
    const events = db.prepare(`SELECT id, subject, state FROM events WHERE state = 'recorded'`).all()
    return JSON.stringify({ events, runs }, null, 1)
  })
}
