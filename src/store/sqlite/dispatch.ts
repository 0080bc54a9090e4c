import { StoreError } from '../../domain/errors.js'
import { type EventState, eventTransitions } from '../../domain/event.js'
import { newId } from '../../util/id.js'
import type { Store } from '../store.js'
import { origins } from './origins.js'
import type { Reader } from './reader.js'
import { type EventRow, eventOf, type RunRow, runOf } from './rows.js'
import { selectEvent } from './selects.js'
import { writePlain } from './stored-json.js'
import type { Writer } from './writer.js'

/** From an event to its runs. */
export function dispatching(
  writer: Writer,
  reader: Reader,
): Pick<Store, 'undispatched' | 'dispatch' | 'replay'> {
  const { db } = writer
  const undispatched = reader.db.prepare<[number], EventRow>(
    `${selectEvent} WHERE e.state = 'recorded' ORDER BY e.position LIMIT ?`,
  )
  const decide = db.prepare<unknown[], { subject: string | null }>(`
    UPDATE events SET state = ?, decisions = ?
    WHERE id = ? AND state IN (SELECT value FROM json_each(?)) RETURNING subject`)
  const subjectOf = db.prepare<[string], { subject: string | null }>(
    'SELECT subject FROM events WHERE id = ?',
  )
  const highestReplay = db.prepare<[string, string], { replay: number }>(
    'SELECT coalesce(max(replay), 0) AS replay FROM runs WHERE event_id = ? AND agent = ?',
  )
  const insertRun = db.prepare<unknown[], RunRow>(`
    INSERT INTO runs (id, event_id, agent, subject, replay, state, is_blocked, is_ready, created_at)
    SELECT @id, @eventId, @agent, @subject, @replay, 'queued', blocked, 1 - blocked, @now
    FROM (SELECT EXISTS (SELECT 1 FROM runs WHERE agent = @agent AND subject = @subject AND finished_at IS NULL) AS blocked)
    RETURNING *`)

  const dispatchedFrom = origins(eventTransitions, 'dispatched')
  const ignoredFrom = origins(eventTransitions, 'ignored')

  return {
    undispatched: (limit) => reader.read(() => undispatched.all(limit).map(eventOf)),

    dispatch: (dispatches, now) =>
      writer.write(() => {
        const runIds: string[] = []
        for (const { eventId, decisions } of dispatches) {
          const matched = decisions.filter(({ reason }) => reason === 'matched')
          const state: EventState = matched.length > 0 ? 'dispatched' : 'ignored'
          const from = state === 'dispatched' ? dispatchedFrom : ignoredFrom
          const event = decide.get(state, writePlain(decisions), eventId, from)
          if (!event) {
            if (!subjectOf.get(eventId))
              throw new StoreError('store.not_found', `there is no event ${eventId}`)
            continue
          }
          for (const { agent } of matched) {
            const id = newId('run')
            insertRun.get({ id, eventId, agent, subject: event.subject || eventId, replay: 0, now })
            runIds.push(id)
          }
        }
        return runIds
      }),

    replay: async (eventId, agent, now) => {
      const row = await writer.write(() => {
        const event = subjectOf.get(eventId)
        if (!event) throw new StoreError('store.not_found', `there is no event ${eventId}`)
        const replay = (highestReplay.get(eventId, agent)?.replay ?? 0) + 1
        const id = newId('run')
        return insertRun.get({ id, eventId, agent, subject: event.subject || eventId, replay, now })
      })
      if (!row)
        throw new StoreError('store.conflict', `the replay of ${eventId} for ${agent} was not written`)
      return runOf(row)
    },
  }
}
