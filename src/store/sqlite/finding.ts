import type { Database, Statement } from 'better-sqlite3'
import type { ApprovalSearch, EventSearch, RunSearch } from '../reports.js'
import type { Store } from '../store.js'
import type { Reader } from './reader.js'
import { isReplayed } from './replayed.js'
import { type ApprovalRow, approvalOf, type EventRow, type RunRow, runOf, storedEventOf } from './rows.js'
import { type Condition, globOf, type Hits, idRange, mostLookedAt, type Path, searcher } from './search.js'
import { selectEventOnly } from './selects.js'

/** By anything, newest first, page by page; what no index answers is looked for among a bounded number of rows. */
export function finding(reader: Reader): Pick<Store, 'findEvents' | 'findRuns' | 'findApprovals'> {
  const { db } = reader
  const search = searcher(db)
  const eventsAt = atPositions<EventRow>(db, `${selectEventOnly()} WHERE e.position = ?`)
  const runsAt = atPositions<RunRow>(db, 'SELECT * FROM runs WHERE position = ?')
  const approvalsAt = atPositions<ApprovalRow>(db, 'SELECT * FROM approvals WHERE position = ?')

  return {
    findEvents: (wanted) =>
      reader.read(() => {
        const { before, limit } = wanted
        const hits = search({ path: eventPath(wanted), filter: eventFilter(wanted), before, limit })
        return { events: eventsAt(hits).map(storedEventOf), ...pageOf(hits) }
      }),

    findRuns: (wanted) =>
      reader.read(() => {
        const { before, limit } = wanted
        const hits = search({ path: runPath(wanted), filter: runFilter(wanted), before, limit })
        return { runs: runsAt(hits).map(runOf), ...pageOf(hits) }
      }),

    findApprovals: (wanted) =>
      reader.read(() => {
        const { before, limit } = wanted
        const path: Path = { from: 'approvals t', where: [], order: ['position'] }
        const hits = search({ path, filter: approvalFilter(wanted), before, limit })
        return { approvals: approvalsAt(hits).map(approvalOf), ...pageOf(hits) }
      }),
  }
}

function atPositions<Row>(db: Database, sql: string): (hits: Hits) => Row[] {
  const at: Statement<[number], Row> = db.prepare(sql)
  return ({ positions }) => positions.flatMap((position) => at.get(position) ?? [])
}

function pageOf({ next, isPartial }: Hits) {
  return { next, isPartial }
}

const byRecording = ['recorded_at', 'position']
const byMaking = ['created_at', 'position']

function eventPath({ source, type, id, since, until }: EventSearch): Path {
  const times: Condition[] = [
    ['t.recorded_at >= ?', since],
    ['t.recorded_at < ?', until],
  ]
  const along = (index: string, ...first: Condition[]): Path => {
    return { from: `events t INDEXED BY ${index}`, where: [...first, ...times], order: byRecording }
  }
  if (id?.startsWith('dlv_')) {
    const [from, to] = [id, `${id}~`]
    return { from: 'events t', where: [[broughtBy, from, to, from, to]], order: ['id'] }
  }
  if (id !== undefined) return { from: 'events t', where: idRange('t.id', id), order: ['id'] }
  if (source !== undefined) return along('events_by_source', ['t.source = ?', source])
  if (type !== undefined && !type.includes('*')) return along('events_by_type', ['t.type = ?', type])
  return along('events_by_time')
}

/** By deliveries whose id begins so. */
const broughtBy = `t.id IN (
  SELECT id FROM (SELECT id FROM events WHERE delivery_id >= ? AND delivery_id < ? LIMIT ${mostLookedAt})
  UNION SELECT event_id FROM (SELECT event_id FROM redeliveries INDEXED BY redeliveries_by_delivery
    WHERE delivery_id >= ? AND delivery_id < ? LIMIT ${mostLookedAt}))`

function eventFilter(wanted: EventSearch): Condition[] {
  const { source, type, state, subject, actor, via, isEcho, agent, text, since, until } = wanted
  return [
    ['t.source = ?', source],
    type?.includes('*') ? ['t.type GLOB ?', globOf(type)] : ['t.type = ?', type],
    ['t.state = ?', state],
    ['t.subject = ?', subject],
    ['t.actor = ?', actor],
    ['t.via = ?', via],
    ['(t.chain > 0) = ?', isEcho === undefined ? undefined : Number(isEcho)],
    // The text is looked at first: most events woke somebody else, and reading JSON costs more.
    [
      `t.state = 'dispatched' AND instr(t.decisions, ?) > 0 AND EXISTS (SELECT 1 FROM json_each(t.decisions) d
      WHERE d.value ->> 'agent' = ? AND d.value ->> 'reason' IN ('matched', 'off'))`,
      agent,
      agent,
    ],
    [`(instr(lower(t.type), lower(?)) > 0 OR instr(lower(t.subject), lower(?)) > 0)`, text, text],
    ['t.recorded_at >= ?', since],
    ['t.recorded_at < ?', until],
  ]
}

function runPath(wanted: RunSearch): Path {
  const { agent, parkedOn, subject, eventId, id, since, until } = wanted
  const state = wanted.state ?? (wanted.isReplayed === undefined ? undefined : 'dead')
  const times: Condition[] = [
    ['t.created_at >= ?', since],
    ['t.created_at < ?', until],
  ]
  const along = (index: string, ...first: Condition[]): Path => {
    return { from: `runs t INDEXED BY ${index}`, where: [...first, ...times], order: byMaking }
  }
  if (id !== undefined) return { from: 'runs t', where: idRange('t.id', id), order: ['id'] }
  if (eventId !== undefined) return { from: 'runs t', where: [[seeing, eventId, eventId]], order: byMaking }
  if (subject !== undefined) return { from: 'runs t', where: [[ofSubject, subject]], order: byMaking }
  const only = state ?? (parkedOn === undefined ? undefined : 'parked')
  // Most runs are completed: there the agent tells more apart, and everywhere else the state.
  if (only !== undefined && (only !== 'completed' || agent === undefined))
    return along('runs_by_state', ['t.state = ?', only])
  if (agent !== undefined) return along('runs_by_agent', ['t.agent = ?', agent])
  return along('runs_by_time')
}

const seeing = `t.id IN (
  SELECT id FROM runs WHERE event_id = ? UNION SELECT run_id FROM run_events WHERE event_id = ?)`

/** Hops from agent to agent, because the index of subjects begins with the agent. */
const ofSubject = `t.position IN (
  WITH RECURSIVE agents (name) AS (
    SELECT min(agent) FROM runs
    UNION ALL SELECT (SELECT min(agent) FROM runs WHERE agent > name) FROM agents WHERE name IS NOT NULL
  )
  SELECT r.position FROM agents a CROSS JOIN runs r INDEXED BY runs_by_subject ON r.agent = a.name AND r.subject = ?
  ORDER BY r.position DESC LIMIT ${mostLookedAt})`

function runFilter(wanted: RunSearch): Condition[] {
  const { agent, state, parkedOn, subject, errorCode, since, until } = wanted
  const replayed = wanted.isReplayed === undefined ? undefined : Number(wanted.isReplayed)
  return [
    ['t.agent = ?', agent],
    ['t.state = ?', state],
    ['t.parked_on = ?', parkedOn],
    ['t.subject = ?', subject],
    ['t.error_code = ?', errorCode],
    [`t.state = 'dead' AND ${isReplayed} = ?`, replayed],
    ['t.created_at >= ?', since],
    ['t.created_at < ?', until],
  ]
}

function approvalFilter({ state, agent, tool, since, until }: ApprovalSearch): Condition[] {
  return [
    ['t.state = ?', state],
    ['t.agent = ?', agent],
    ['t.tool = ?', tool],
    ['t.requested_at >= ?', since],
    ['t.requested_at < ?', until],
  ]
}
