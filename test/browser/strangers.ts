import { join } from 'node:path'
import Database from 'better-sqlite3'
import type { Run } from '../../src/domain/run.js'
import { hostiles } from '../admin/pages/hostile.js'
import { runIn } from '../support/rouse.js'
import { until } from '../support/wait.js'
import type { Dashboard } from './dashboard.js'

/** Markup of which nothing may become an element, what goes from right to left, and a word long enough to break a page. */
export const hostile = [
  '<b id="evil">bold</b>',
  ...hostiles,
  '<style>*{display:none}</style><img src="https://evil.test/a.png"><svg onload=alert(1)>',
  'שלום (12) مرحبا',
  `${'W'.repeat(4000)}`,
].join(' ')
const quoted = JSON.stringify(hostile)

/** Where the story is: ids of its pages. */
export interface Stories {
  /** Paths of all pages, once each. */
  readonly paths: readonly string[]
  /** Those that tell of what strangers wrote. */
  readonly told: readonly string[]
}

/**
 * A run of each kind, as they are, and again with what strangers wrote in every field that is theirs: of events, of the
 * model, of APIs, of tokens. It is put into the ledger beside the daemon, so that no check on its way can hold it back.
 */
export async function tellStrangers({ ask, die, ledger, directory, api }: Dashboard): Promise<Stories> {
  api.respond = () => ({ status: 200, body: { ok: true, title: hostile } })
  const plain = await ask(1)
  const waits = await ask(3)
  const done = await ask(4)
  const dead = await die(5)
  const approvals = await ledger.listApprovals({ state: 'waiting', limit: 10 })
  const own = approvals.find(({ runId }) => runId === done.id)
  if (!own) throw new Error('nothing waits')
  const decision = {
    state: 'approved' as const,
    digest: own.digest,
    by: hostile.slice(0, 200),
    reason: hostile.slice(0, 1000),
  }
  await ledger.decide(own.id, decision, Date.now())
  await until('the comment to be sent', async () => {
    const run = await ledger.run(done.id)
    return run?.state === 'completed'
  })
  await runIn(ledger, dead.eventId, ['dead'])
  const told = [waits, done, dead]
  const db = new Database(join(directory, 'rouse.db'))
  db.pragma('busy_timeout = 5000')
  for (const { id, eventId } of told) poison(db, id, eventId)
  db.close()
  const pagesOf = ({ id, eventId }: Run) => [`/events/${eventId}`, `/runs/${id}`]
  const stories = [`/events/${done.eventId}/data`, ...pagesOf(done), `/runs/${waits.id}`, ...pagesOf(dead)]
  const own2 = approvals.filter(({ runId }) => runId === waits.id || runId === done.id)
  return {
    told: stories,
    paths: [
      '/',
      '/events',
      '/runs',
      '/approvals',
      ...own2.map(({ id }) => `/approvals/${id}`),
      '/agents',
      '/agents/first-reply',
      '/sources',
      '/sources/ci',
      '/parked',
      `/events/${dead.eventId}/replay?agent=reader`,
      '/parked/replay?code=limit.identical_calls',
      `/runs/run_${'0'.repeat(32)}`,
      `/events?q=${encodeURIComponent(hostile.slice(0, 400))}`,
      ...pagesOf(plain),
      ...stories,
    ],
  }
}

const headers = JSON.stringify([
  ['content-type', 'application/json'],
  ['user-agent', hostile],
  [hostile.slice(0, 60), 'x'],
])
const body = Buffer.from(JSON.stringify({ action: hostile, issue: { title: hostile, [hostile]: hostile } }))
const output = JSON.stringify({ ok: true, status: 200, result: { [hostile]: hostile } })
const items = JSON.stringify([{ type: 'message', content: [{ type: 'output_text', text: hostile }] }])

function poison(db: Database.Database, runId: string, eventId: string): void {
  const set = (table: string, column: string, value: string | Buffer, where: string, id: string) =>
    db.prepare(`UPDATE ${table} SET ${column} = ? WHERE ${where} = ?`).run(value, id)
  const subject = `acme/${hostile} ${eventId}`
  for (const [column, value] of [
    ['type', hostile],
    ['subject', subject],
    ['actor', hostile],
    ['source_event_id', `${hostile} ${eventId}`],
    ['ids', `{"issue":${quoted},"repo":${quoted}}`],
  ] as const)
    set('events', column, value, 'id', eventId)
  const delivery = '(SELECT delivery_id FROM events WHERE id = ?)'
  for (const [column, value] of [
    ['headers', headers],
    ['url', `/hooks/ci?${hostile}`],
    ['body', body],
  ] as const)
    db.prepare(`UPDATE deliveries SET ${column} = ? WHERE id = ${delivery}`).run(value, eventId)
  for (const column of ['subject', 'summary']) set('runs', column, hostile, 'id', runId)
  db.prepare('UPDATE runs SET error_message = ? WHERE id = ? AND error_code IS NOT NULL').run(hostile, runId)
  for (const [column, value] of [
    ['text', hostile],
    ['model', hostile],
    ['items', items],
  ] as const)
    set('steps', column, value, 'run_id', runId)
  for (const [column, value] of [
    ['arguments_text', `{"body":${quoted}}`],
    ['output', output],
    ['note', hostile],
  ] as const)
    set('tool_calls', column, value, 'run_id', runId)
  for (const [column, value] of [
    ['facts', `{${quoted}:${quoted}}`],
    ['why', `[${quoted}]`],
  ] as const)
    set('approvals', column, value, 'run_id', runId)
  db.prepare("UPDATE approvals SET request = json_set(request, '$.body', ?), tool = ? WHERE run_id = ?").run(
    JSON.stringify({ body: hostile }),
    hostile,
    runId,
  )
}
