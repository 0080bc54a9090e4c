import { randomBytes } from 'node:crypto'
import Database from 'better-sqlite3'
import { migrate } from '../src/store/sqlite/migrate.js'
import { openSqliteStore } from '../src/store/sqlite/open.js'
import type { Store } from '../src/store/store.js'

const dayMs = 86_400_000
const days = 90
/** Of these, every fifth wakes an agent. */
const eventsOfRun = 5
const stepsOfRun = 3
const agents = 8

export interface AdminCost {
  readonly name: string
  readonly ms: number
}

/**
 * A ledger of ninety days from five sources, a fifth of whose events woke one of eight agents, each run with three
 * turns and three tool calls; written with the schema of today, and brought up to date as an upgrade would.
 */
export function fillNinetyDays(file: string, events: number, now: number): void {
  const db = new Database(file)
  try {
    db.pragma('page_size = 8192')
    db.pragma('journal_mode = WAL')
    db.pragma('synchronous = OFF')
    db.pragma('cache_size = -1000000')
    // The schema before hours were counted: what is filled in is counted by the migration.
    migrate(db, file, 5)
    db.exec(`BEGIN; ${fillingSql(events, now)} COMMIT;`)
    migrate(db, file)
    db.pragma('wal_checkpoint(TRUNCATE)')
  } finally {
    db.close()
  }
}

function fillingSql(events: number, now: number): string {
  const runs = Math.floor(events / eventsOfRun)
  const calls = runs * stepsOfRun
  const upTo = (count: number) =>
    `WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ${count})`
  const start = now - days * dayMs
  const at = (n: string, of: number) => `CAST(${start} + ${n} * ${(days * dayMs) / of} AS INTEGER)`
  // Ids as they are made: the time first, so that they lie in order.
  const id = (prefix: string, n: string, of: number) => `printf('${prefix}_%012x7%019x', ${at(n, of)}, ${n})`
  const event = id('evt', 'n', events)
  const eventOfRun = id('evt', `n * ${eventsOfRun}`, events)
  const runOfCall = id('run', `(n + ${stepsOfRun - 1}) / ${stepsOfRun}`, runs)
  const headers = `'[["content-type","application/json"],["user-agent","GitHub-Hookshot/1"],["x-github-delivery","' || n || '"]]'`
  const body = `CAST('{"n":' || n || ',"text":"${randomBytes(200).toString('hex')}"}' AS BLOB)`
  const state = `CASE n % 100 WHEN 0 THEN 'dead' WHEN 1 THEN 'cancelled' ELSE iif(n > ${runs} - 1500, 'parked', 'completed') END`
  const agent = `'agent-' || (n % ${agents})`
  return `
    ${upTo(events)} INSERT INTO deliveries
      (position, id, source, state, received_at, url, headers, secret_index, body_bytes, body_digest, body)
      SELECT n, ${id('dlv', 'n', events)}, 'source-' || (n % 5), 'recorded', ${at('n', events)}, '/hooks/ci', ${headers}, 0, 420,
        randomblob(32), ${body} FROM numbers;
    ${upTo(events)} INSERT INTO events
      (position, id, source, source_event_id, type, subject, time_at, recorded_at, via, delivery_id, state, decisions, ids, actor, chain)
      SELECT n, ${event}, 'source-' || (n % 5), 'e-' || n, 'type.' || (n % 37), 'acme/web#' || (n % 50000),
        ${at('n', events)} - abs(random() % 5000), ${at('n', events)}, 'webhook', ${id('dlv', 'n', events)},
        iif(n % ${eventsOfRun} = 0, 'dispatched', 'ignored'),
        iif(n % ${eventsOfRun} = 0, '[{"agent":"agent-' || (n / ${eventsOfRun} % ${agents}) || '","reason":"matched"},{"agent":"other","reason":"type"}]',
          '[{"agent":"agent-0","reason":"type"},{"agent":"other","reason":"type"}]'),
        '{"number":"' || n || '"}', 'actor-' || (n % 1000), n % 50 = 0 FROM numbers;
    ${upTo(runs)} INSERT INTO runs
      (position, id, event_id, agent, subject, replay, state, is_blocked, is_ready, parked_on, created_at, started_at,
        finished_at, config_digest, turns, calls, input_tokens, output_tokens, cost_usd, active_ms, error_code, summary)
      SELECT n, ${id('run', 'n', runs)}, ${eventOfRun}, ${agent}, 'acme/web#' || (n * ${eventsOfRun} % 50000), 0, ${state}, 0, 0,
        iif(${state} = 'parked', CASE n % 3 WHEN 0 THEN 'approval' WHEN 1 THEN 'budget' ELSE 'model' END, NULL),
        ${at('n', runs)}, ${at('n', runs)} + 5, iif(${state} = 'parked', NULL, ${at('n', runs)} + 5000), 'digest', 3, 3, 9000, 600,
        0.03, abs(random() % 20000), iif(n % 100 = 0, 'limit.turns', NULL), 'Looked, and did what was to be done.' FROM numbers;
    ${upTo(calls)} INSERT INTO steps
      (position, id, run_id, turn, api, model, items, is_usable, text, input_tokens, output_tokens, cost_usd, duration_ms, created_at)
      SELECT n, ${id('stp', 'n', calls)}, ${runOfCall}, 1 + n % 3, 'responses', 'model-' || (n % 2),
        '[{"type":"message","content":"${randomBytes(300).toString('hex')}"}]', 1, 'text', 3000, 200, 0.01,
        abs(random() % 9000), ${at('n', calls)} FROM numbers;
    ${upTo(calls)} INSERT INTO tool_calls
      (position, id, run_id, step_id, answer_position, call_id, tool, arguments_text, effect, state, output, proposed_at, settled_at)
      SELECT n, ${id('tcl', 'n', calls)}, ${runOfCall}, ${id('stp', 'n', calls)}, 0, 'call-' || n, 'tool-' || (n % 12), '{}', 'read',
        iif(n % 20 = 0, 'denied', 'done'),
        iif(n % 20 = 0, '{"ok":false,"error":{"code":"policy.budget"}}', '{"ok":true,"result":1}'),
        ${at('n', calls)}, ${at('n', calls)} + abs(random() % 900) FROM numbers;`
}

/** The median of a few calls, warm, in order of what a page asks. */
export async function measureAdmin(file: string, now: number): Promise<AdminCost[]> {
  const store = await openSqliteStore({ file, exclusive: true })
  try {
    const costs: AdminCost[] = []
    for (const [name, ask] of await asked(store, now)) {
      const times: number[] = []
      for (let round = 0; round < 7; round++) {
        const begun = performance.now()
        await ask()
        times.push(performance.now() - begun)
      }
      costs.push({ name, ms: times.sort((left, right) => left - right)[3] ?? Number.NaN })
    }
    return costs
  } finally {
    await store.close()
  }
}

type Ask = readonly [name: string, ask: () => Promise<unknown>]

async function asked(store: Store, now: number): Promise<Ask[]> {
  const [newest] = await store.listEvents({ limit: 1 })
  const old = (await store.findEvents({ until: now - 60 * dayMs, limit: 1 })).events[0]
  const id = newest?.id ?? ''
  const mark = (await store.changesSince(undefined, 1)).next
  const today = now - (now % dayMs)
  return [
    ['counts', () => store.counts()],
    ['activity, 24 hours', () => store.activity(now - dayMs, now, 3_600_000)],
    ['activity, 14 days', () => store.activity(now - 14 * dayMs, now, dayMs)],
    ['totals', () => store.totals()],
    ['spending, today', () => store.spending(today)],
    ['spending, 14 days', () => store.spending(now - 14 * dayMs, dayMs)],
    ['spending by model, 14 days', () => store.spendingByModel(now - 14 * dayMs)],
    ['latencies', () => store.latencies(now - 14 * dayMs)],
    ['lags', () => store.lags()],
    ['stuck', () => store.stuck(now)],
    ['budgets', () => store.budgets(['tool-1|day|', 'tool-2|subject|'])],
    ['changes since 100 events ago', () => store.changesSince({ event: mark.event - 100, change: 0 }, 200)],
    ['events, newest', () => store.findEvents({ limit: 50 })],
    ['events, 60 days ago', () => store.findEvents({ limit: 50, before: old?.id ?? '' })],
    ['events of a source', () => store.findEvents({ source: 'source-3', limit: 50 })],
    ['events of a type', () => store.findEvents({ type: 'type.7', limit: 50 })],
    ['events of types', () => store.findEvents({ type: 'type.1*', state: 'ignored', limit: 50 })],
    ['events of a subject', () => store.findEvents({ subject: 'acme/web#77', limit: 50 })],
    ['events of an actor', () => store.findEvents({ actor: 'actor-7', limit: 50 })],
    ['events that woke an agent', () => store.findEvents({ agent: 'agent-3', limit: 50 })],
    ['events with a text, none has it', () => store.findEvents({ text: 'nowhere', limit: 50 })],
    ['events that woke who never woke', () => store.findEvents({ agent: 'other', limit: 50 })],
    ['events by how their id begins', () => store.findEvents({ id: id.slice(0, 20), limit: 50 })],
    [
      'events by a delivery',
      () => store.findEvents({ id: id.replace('evt', 'dlv').slice(0, 20), limit: 50 }),
    ],
    ['runs, newest', () => store.findRuns({ limit: 50 })],
    ['runs of an agent, dead', () => store.findRuns({ agent: 'agent-4', state: 'dead', limit: 50 })],
    ['runs parked on approval', () => store.findRuns({ parkedOn: 'approval', limit: 50 })],
    ['runs of a subject', () => store.findRuns({ subject: 'acme/web#75', limit: 50 })],
    ['runs with an error, none has it', () => store.findRuns({ errorCode: 'model.auth', limit: 50 })],
    ['approvals', () => store.findApprovals({ limit: 50 })],
  ]
}
