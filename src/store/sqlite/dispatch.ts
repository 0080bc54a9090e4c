import type { Mailbox } from '../../domain/agent.js'
import { StoreError } from '../../domain/errors.js'
import { type EventState, eventTransitions, wakes } from '../../domain/event.js'
import type { Store } from '../store.js'
import type { Endings } from './endings.js'
import { deliverer } from './mailboxes.js'
import { runInserter } from './new-runs.js'
import { originList } from './origins.js'
import type { Reader } from './reader.js'
import { restoredMarker } from './restored.js'
import { type EventRow, eventOf, type RunRow, runOf } from './rows.js'
import { selectEvent } from './selects.js'
import { writePlain } from './stored-json.js'
import type { Writer } from './writer.js'

const noMailboxes: ReadonlyMap<string, Mailbox> = new Map()

/** From an event to its runs. */
export function dispatching(
  writer: Writer,
  reader: Reader,
  endings: Endings,
): Pick<Store, 'undispatched' | 'dispatch' | 'replay'> {
  const { db } = writer
  const undispatched = reader.db.prepare<[number], EventRow>(
    `${selectEvent} WHERE e.state = 'recorded' ORDER BY e.position LIMIT ?`,
  )
  // The states are written into the statement: it runs for every event, and a list to be read costs 4 µs.
  const decideAs = (state: Exclude<EventState, 'recorded'>) =>
    db.prepare<[string, string], { source: string; recorded_at: number }>(`
      UPDATE events SET state = '${state}', decisions = ?
      WHERE id = ? AND state IN (${originList(eventTransitions, state)}) RETURNING source, recorded_at`)
  const decide = { dispatched: decideAs('dispatched'), ignored: decideAs('ignored') }
  const markEcho = db.prepare('UPDATE events SET echo_of = ?, chain = ? WHERE id = ?')
  const findEvent = db.prepare<[string], { subject: string | null; time_at: number }>(
    'SELECT subject, time_at FROM events WHERE id = ?',
  )
  const highestReplay = db.prepare<[string, string], { replay: number }>(
    'SELECT coalesce(max(replay), 0) AS replay FROM runs WHERE event_id = ? AND agent = ?',
  )
  const runById = db.prepare<[string], RunRow>('SELECT * FROM runs WHERE id = ?')

  const insertRun = runInserter(db)
  const deliver = deliverer(db, endings, insertRun)
  const restored = restoredMarker(db)
  const requireEvent = (eventId: string) => {
    const event = findEvent.get(eventId)
    if (!event) throw new StoreError('store.not_found', `there is no event ${eventId}`)
    return event
  }

  return {
    undispatched: (limit) => reader.read(() => undispatched.all(limit).map(eventOf)),

    dispatch: (dispatches, now, mailboxes = noMailboxes) =>
      writer.writeAlong(() => {
        const runIds = new Set<string>()
        for (const { eventId, decisions, echo } of dispatches) {
          const woken = decisions.filter(wakes)
          const state: Exclude<EventState, 'recorded'> = woken.length > 0 ? 'dispatched' : 'ignored'
          const event = decide[state].get(writePlain(decisions), eventId)
          if (!event) {
            requireEvent(eventId)
            continue
          }
          writer.count(`events.${state}`)
          writer.countArrival(event.source, event.recorded_at, `events_${state}`)
          if (echo) {
            markEcho.run(echo.runId ?? null, echo.chain, eventId)
            writer.countArrival(event.source, event.recorded_at, 'events_echo')
          }
          if (woken.length === 0) continue
          const { subject, time_at: timeAt } = requireEvent(eventId)
          for (const { agent, reason } of woken) {
            const letter = { eventId, subject, timeAt, agent, isOff: reason === 'off' }
            const runId = deliver(letter, mailboxes.get(agent), now)
            restored?.mark(runId, eventId)
            runIds.add(runId)
          }
        }
        restored?.decided()
        return [...runIds]
      }),

    replay: (eventId, agent, now) =>
      writer
        .write(() => {
          const { subject } = requireEvent(eventId)
          const replay = (highestReplay.get(eventId, agent)?.replay ?? 0) + 1
          return runById.get(insertRun({ eventId, subject, agent, replay }, now))
        })
        .then((row) => {
          if (!row) throw new StoreError('store.not_found', `the replay of ${eventId} is gone`)
          return runOf(row)
        }),
  }
}
