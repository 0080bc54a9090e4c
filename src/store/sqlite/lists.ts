import type { Statement } from 'better-sqlite3'
import type { Store } from '../store.js'
import type { Reader } from './reader.js'
import { prepareStanding } from './reservations.js'
import {
  type ApprovalRow,
  approvalOf,
  type EventRow,
  type RunRow,
  runOf,
  storedEventOf,
  type ToolCallTableRow,
  toolCallOf,
} from './rows.js'
import { selectEvent } from './selects.js'

type Lists = Pick<Store, 'listEvents' | 'listRuns' | 'listApprovals' | 'listHeld' | 'listSimulated' | 'spent'>

type Condition = readonly [sql: string, value: string | number | undefined]

const selectSimulated = "SELECT * FROM (SELECT * FROM tool_calls WHERE state = 'simulated')"

/** Newest first, filtered. Ordered by time and then position, which every index behind a filter ends with. */
export function lists(reader: Reader): Lists {
  const { db } = reader
  const prepared = new Map<string, Statement<unknown[], unknown>>()
  const held = db.prepare<[number], ToolCallTableRow>(
    `SELECT * FROM tool_calls WHERE state = 'held' ORDER BY position LIMIT ?`,
  )

  const standing = prepareStanding(db)

  /** The SQL is made of literals of this file only; there are as many texts as combinations of filters. */
  function list<Row>(select: string, conditions: readonly Condition[], order: string, limit: number): Row[] {
    const given = conditions.filter(([, value]) => value !== undefined)
    const where = given.length > 0 ? ` WHERE ${given.map(([sql]) => sql).join(' AND ')}` : ''
    const sql = `${select}${where} ORDER BY ${order} LIMIT ?`
    const statement = prepared.get(sql) ?? db.prepare(sql)
    prepared.set(sql, statement)
    return statement.all(...given.map(([, value]) => value), limit) as Row[]
  }

  return {
    listEvents: ({ source, type, subject, state, since, before, limit }) =>
      reader.read(() => {
        const conditions: Condition[] = [
          ['e.source = ?', source],
          ['e.type = ?', type],
          ['e.subject = ?', subject],
          ['e.state = ?', state],
          ['e.recorded_at >= ?', since],
          ['(e.recorded_at, e.position) < (SELECT recorded_at, position FROM events WHERE id = ?)', before],
        ]
        const order = 'e.recorded_at DESC, e.position DESC'
        return list<EventRow>(selectEvent, conditions, order, limit).map(storedEventOf)
      }),

    listRuns: ({ agent, state, parkedOn, since, before, limit }) =>
      reader.read(() => {
        const conditions: Condition[] = [
          ['agent = ?', agent],
          ['state = ?', state],
          ['parked_on = ?', parkedOn],
          ['created_at >= ?', since],
          ['(created_at, position) < (SELECT created_at, position FROM runs WHERE id = ?)', before],
        ]
        return list<RunRow>('SELECT * FROM runs', conditions, 'created_at DESC, position DESC', limit).map(
          runOf,
        )
      }),

    listApprovals: ({ state, limit }) =>
      reader.read(() =>
        list<ApprovalRow>('SELECT * FROM approvals', [['state = ?', state]], 'position DESC', limit).map(
          approvalOf,
        ),
      ),

    listSimulated: ({ agent, since, limit }) =>
      reader.read(() => {
        const conditions: Condition[] = [
          ['settled_at >= ?', since],
          ['run_id IN (SELECT id FROM runs WHERE agent = ?)', agent],
        ]
        const order = 'position DESC'
        return list<ToolCallTableRow>(selectSimulated, conditions, order, limit).map(toolCallOf)
      }),

    spent: (counters) => reader.read(() => counters.map((counter) => standing.get({ counter })?.amount ?? 0)),

    listHeld: (limit = Number.MAX_SAFE_INTEGER) => reader.read(() => held.all(limit).map(toolCallOf)),
  }
}
