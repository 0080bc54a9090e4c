import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { approvalDigest } from '../../src/policy/gate.js'
import { stringifyJson } from '../../src/util/json.js'
import { sha256 } from '../../src/util/signature.js'

const applicationId = 0x726f7573
/** When the last row of the fixture was written. */
const writtenAt = 1_795_248_785_667
const oldOrigin = 'http://127.0.0.1:47811'

/**
 * Writes the ledger that a rouse of schema version 1 left behind when it was killed: its daemon and its store made the
 * rows (`test/fixtures/ledgers/v1.sql` is the dump). Its times are moved to `now`, and its requests to `origin`.
 */
export function writeOldLedger(file: string, { now, origin }: { now: number; origin: string }): void {
  const db = new Database(file)
  try {
    db.pragma('page_size = 8192')
    db.pragma('journal_mode = WAL')
    db.exec(readFileSync(join(import.meta.dirname, '../fixtures/ledgers/v1.sql'), 'utf8'))
    db.pragma(`application_id = ${applicationId}`)
    db.pragma('user_version = 1')
    moveTimes(db, now - writtenAt)
    moveRequests(db, origin)
  } finally {
    db.close()
  }
}

function moveTimes(db: Database.Database, byMs: number): void {
  const tables = db.prepare<[], string>(`SELECT name FROM sqlite_schema WHERE type = 'table'`).pluck().all()
  for (const table of tables) {
    for (const { name, type } of db.pragma(`table_info(${table})`) as { name: string; type: string }[]) {
      if (type !== 'INTEGER' || !/_at$|^lease_until$/.test(name)) continue
      db.prepare(`UPDATE ${table} SET ${name} = ${name} + ? WHERE ${name} IS NOT NULL`).run(byMs)
    }
  }
}

interface Request {
  readonly method: string
  readonly url: string
  readonly headers: Record<string, string>
  readonly body?: string
}

interface ApprovalRow {
  readonly id: string
  readonly run_id: string
  readonly event_id: string
  readonly agent: string
  readonly tool: string
  readonly request: string
  readonly expires_at: number
  readonly config_digest: string
}

/** What is frozen names the origin, and digests are over it. */
function moveRequests(db: Database.Database, origin: string): void {
  const moved = (text: string) => {
    const request = JSON.parse(text.replaceAll(oldOrigin, origin)) as Request
    const { method, url, headers, body } = request
    const framed = stringifyJson([method, url, Object.entries(headers), body ?? null])
    return { ...request, digest: sha256(framed).toString('hex') }
  }
  const calls = db.prepare<[], { id: string; request: string }>(
    'SELECT id, request FROM tool_calls WHERE request IS NOT NULL',
  )
  for (const { id, request } of calls.all()) {
    db.prepare('UPDATE tool_calls SET request = ? WHERE id = ?').run(JSON.stringify(moved(request)), id)
  }
  const approvals = db.prepare<[], ApprovalRow>(
    'SELECT a.*, r.config_digest FROM approvals a JOIN runs r ON r.id = a.run_id',
  )
  for (const row of approvals.all()) {
    const request = moved(row.request)
    const digest = approvalDigest({
      runId: row.run_id,
      eventId: row.event_id,
      agent: row.agent,
      tool: row.tool,
      requestDigest: request.digest,
      facts: {},
      rulesDigest: row.config_digest,
      expiresAt: row.expires_at,
    })
    db.prepare('UPDATE approvals SET request = ?, digest = ? WHERE id = ?').run(
      JSON.stringify(request),
      digest,
      row.id,
    )
  }
}
