import { canBeOf, type Echo, type EchoQuestion, echoClockMs } from '../../domain/echo.js'
import type { Ids } from '../../domain/event.js'
import type { Store } from '../store.js'
import type { Reader } from './reader.js'
import { readPlain } from './stored-json.js'
import { oldHours } from './tallies.js'
import type { Writer } from './writer.js'

type Echoes = Pick<Store, 'echoesOf' | 'recordEchoes' | 'isWriteUnderWay' | 'pruneTraces'>

/** How many writes that made the same id are looked at, the newest first. */
const mostMakers = 100
/** How many runs of a subject are asked, for each agent, whether they wrote. */
const newestRuns = 20

interface MakerRow {
  readonly run_id: string
  readonly bound: string
}

interface WriterRow {
  readonly id: string
  readonly position: number
}

/** Which events our own writes caused. */
export function createdIds(writer: Writer, reader: Reader): Echoes {
  const makers = reader.db.prepare<[string, string, number, number], MakerRow>(`
    SELECT m.run_id, m.bound FROM created_ids m LEFT JOIN tool_calls c ON c.id = m.tool_call_id
    WHERE m.name = ? AND m.value = ? AND m.created_at >= ? AND coalesce(c.first_sent_at, 0) <= ?
    ORDER BY m.tool_call_id DESC LIMIT ${mostMakers}`)
  // From agent to agent along the index, as for claims.
  const agents = reader.db
    .prepare<[], string>(`
      WITH RECURSIVE agents (name) AS (
        SELECT min(agent) FROM runs
        UNION ALL
        SELECT (SELECT min(agent) FROM runs WHERE agent > name) FROM agents WHERE name IS NOT NULL
      )
      SELECT name FROM agents WHERE name IS NOT NULL`)
    .pluck()
  const wrote = reader.db.prepare<[string, string, number], WriterRow>(`
    SELECT r.id, r.position FROM (SELECT id, position FROM runs WHERE agent = ? AND subject = ?
      ORDER BY position DESC LIMIT ${newestRuns}) r
    WHERE EXISTS (SELECT 1 FROM tool_calls c
      WHERE c.run_id = r.id AND c.effect <> 'read' AND c.last_sent_at >= ?)
    ORDER BY r.position DESC LIMIT 1`)
  const chainOf = reader.db
    .prepare<[{ id: string }], number | null>(`
      SELECT max(chain) FROM events WHERE id IN (
        SELECT event_id FROM runs WHERE id = @id UNION ALL SELECT event_id FROM run_events WHERE run_id = @id)`)
    .pluck()
  const underWay = reader.db.prepare<[string], unknown>(`
    SELECT 1 FROM runs r CROSS JOIN tool_calls c ON c.run_id = r.id
    WHERE r.lease_until IS NOT NULL AND c.state = 'sent' AND c.tool IN (SELECT value FROM json_each(?)) LIMIT 1`)
  const isOld = reader.db
    .prepare<[number, number], number>(`
      SELECT EXISTS (SELECT 1 FROM created_ids WHERE created_at < ?)
        OR EXISTS (SELECT 1 FROM begun_runs WHERE day < ?)`)
    .pluck()
  const mark = writer.db.prepare('UPDATE events SET echo_of = ?, chain = ? WHERE id = ?')
  const unmarked = writer.db.prepare<[string], { source: string; recorded_at: number }>(
    'SELECT source, recorded_at FROM events WHERE id = ? AND chain = 0',
  )
  const hours = oldHours(reader.db, writer.db)
  const forgetIds = writer.db.prepare(`
    DELETE FROM created_ids WHERE (name, value, tool_call_id) IN (
      SELECT name, value, tool_call_id FROM created_ids WHERE created_at < ? ORDER BY created_at LIMIT ?)`)
  const forgetCounts = writer.db.prepare(`
    DELETE FROM begun_runs WHERE (day, agent, source, actor) IN (
      SELECT day, agent, source, actor FROM begun_runs WHERE day < ? ORDER BY day LIMIT ?)`)

  const makerOf = ({ named, ids, recordedAt }: EchoQuestion, since: number): string | undefined => {
    for (const [name, value] of Object.entries(named)) {
      const found = makers.all(name, value, since, recordedAt + echoClockMs)
      const maker = found.find(({ bound }) => canBeOf(readPlain<Ids>(bound), ids))
      if (maker) return maker.run_id
    }
    return undefined
  }
  const writerOf = (subject: string, since: number): string | undefined => {
    const runs = agents.all().flatMap((agent) => wrote.get(agent, subject, since) ?? [])
    return runs.sort((left, right) => right.position - left.position)[0]?.id
  }
  const echoOf = (question: EchoQuestion, since: number): Echo | undefined => {
    const { subject, isOwn } = question
    const runId = makerOf(question, since) ?? (isOwn && subject ? writerOf(subject, since) : undefined)
    if (runId === undefined) return isOwn ? { runId, chain: 1 } : undefined
    return { runId, chain: (chainOf.get({ id: runId }) ?? 0) + 1 }
  }

  return {
    echoesOf: (questions, since) =>
      reader.read(() => {
        const found = new Map<string, Echo>()
        for (const question of questions) {
          const echo = echoOf(question, since)
          if (echo) found.set(question.id, echo)
        }
        return found
      }),

    recordEchoes: (echoes) =>
      writer.write(() => {
        for (const [eventId, { runId, chain }] of echoes) {
          const event = unmarked.get(eventId)
          if (event) writer.countArrival(event.source, event.recorded_at, 'events_echo')
          mark.run(runId ?? null, chain, eventId)
        }
      }),

    isWriteUnderWay: (tools) => reader.read(() => underWay.get(JSON.stringify(tools)) !== undefined),

    pruneTraces: async (before, limit) => {
      // There is seldom anything, and a transaction that changes nothing costs a commit all the same.
      if (!(await reader.read(() => isOld.get(before, before) === 1 || hours.areThere(before)))) return 0
      return writer.write(() => {
        hours.forget(before)
        return forgetIds.run(before, limit).changes + forgetCounts.run(before, limit).changes
      })
    },
  }
}
