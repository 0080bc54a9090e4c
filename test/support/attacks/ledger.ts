import Database from 'better-sqlite3'

export interface CallRow {
  readonly id: string
  readonly runId: string
  readonly agent: string
  readonly eventId: string
  readonly subject: string
  readonly tool: string
  readonly effect: string | null
  readonly state: string
  readonly turn: number
  readonly argumentsText: string
  readonly request: SentRequest | undefined
  readonly key: string | null
  readonly approvalId: string | null
  /** Of the output that the model was given; undefined where it was given none or was told no error. */
  readonly code: string | undefined
  readonly settledAt: number | null
}

/** What the ledger says that was sent, without the credential. */
export interface SentRequest {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  readonly digest: string
}

export interface RunRow {
  readonly id: string
  readonly agent: string
  readonly eventId: string
  readonly state: string
  readonly parkedOn: string | null
  readonly errorCode: string | null
  readonly isBlocked: boolean
  readonly startedAt: number | null
}

export interface ApprovalRow {
  readonly id: string
  readonly runId: string
  readonly toolCallId: string
  readonly tool: string
  readonly state: string
  readonly digest: string
  readonly request: SentRequest
}

export interface EventRow {
  readonly id: string
  readonly state: string
  readonly type: string
  readonly ids: Readonly<Record<string, string>>
}

export interface Ledger {
  readonly events: readonly EventRow[]
  readonly runs: readonly RunRow[]
  readonly calls: readonly CallRow[]
  readonly approvals: readonly ApprovalRow[]
}

type Row = Readonly<Record<string, string | number | null>>

/** Reads the file itself, beside the daemon that has it: what it would say of itself is not asked. */
export function readLedger(file: string): Ledger {
  const db = new Database(file, { readonly: true })
  try {
    const rows = (sql: string) => db.prepare<[], Row>(sql).all()
    return {
      events: rows('SELECT id, state, type, ids FROM events ORDER BY position').map((row) => ({
        id: textOf(row, 'id'),
        state: textOf(row, 'state'),
        type: textOf(row, 'type'),
        ids: JSON.parse(textOf(row, 'ids')) as EventRow['ids'],
      })),
      runs: rows('SELECT * FROM runs ORDER BY position').map(runOf),
      calls:
        rows(`SELECT c.*, s.turn, r.agent, r.event_id, r.subject FROM tool_calls c JOIN runs r ON r.id = c.run_id
        JOIN steps s ON s.id = c.step_id ORDER BY r.position, c.position`).map(callOf),
      approvals: rows('SELECT * FROM approvals ORDER BY position').map((row) => ({
        id: textOf(row, 'id'),
        runId: textOf(row, 'run_id'),
        toolCallId: textOf(row, 'tool_call_id'),
        tool: textOf(row, 'tool'),
        state: textOf(row, 'state'),
        digest: textOf(row, 'digest'),
        request: JSON.parse(textOf(row, 'request')) as SentRequest,
      })),
    }
  } finally {
    db.close()
  }
}

/** Whether nothing goes on by itself any more: every event is decided on and every run has ended or waits. */
export function isAtRest({ events, runs }: Ledger): boolean {
  const waits = ['approval', 'person', 'budget', 'agent', 'api', 'model']
  return (
    events.every(({ state }) => state !== 'recorded') &&
    runs.every(({ state, parkedOn, isBlocked }) => {
      if (state === 'queued') return isBlocked
      return state !== 'running' && (state !== 'parked' || waits.includes(parkedOn ?? ''))
    })
  )
}

function runOf(row: Row): RunRow {
  return {
    id: textOf(row, 'id'),
    agent: textOf(row, 'agent'),
    eventId: textOf(row, 'event_id'),
    state: textOf(row, 'state'),
    parkedOn: row['parked_on'] as string | null,
    errorCode: row['error_code'] as string | null,
    isBlocked: row['is_blocked'] === 1,
    startedAt: row['started_at'] as number | null,
  }
}

function callOf(row: Row): CallRow {
  const output = row['output'] === null ? undefined : (JSON.parse(textOf(row, 'output')) as Output)
  return {
    id: textOf(row, 'id'),
    runId: textOf(row, 'run_id'),
    agent: textOf(row, 'agent'),
    eventId: textOf(row, 'event_id'),
    subject: textOf(row, 'subject'),
    tool: textOf(row, 'tool'),
    effect: row['effect'] as string | null,
    state: textOf(row, 'state'),
    turn: Number(row['turn']),
    argumentsText: textOf(row, 'arguments_text'),
    request: row['request'] === null ? undefined : (JSON.parse(textOf(row, 'request')) as SentRequest),
    key: row['idempotency_key'] as string | null,
    approvalId: row['approval_id'] as string | null,
    code: output?.error?.code,
    settledAt: row['settled_at'] as number | null,
  }
}

interface Output {
  readonly error?: { readonly code: string }
}

function textOf(row: Row, name: string): string {
  return String(row[name] ?? '')
}
