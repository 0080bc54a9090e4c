import type { Store } from '../store.js'
import type { Writer } from './writer.js'

/** Runs that wait because their agent is off or the disk is low. */
export function pauses(writer: Writer): Pick<Store, 'pause' | 'resume'> {
  const { db } = writer
  // By agent along the index of the unfinished; without one it is all of them, which is rare.
  const pause = (which: string) =>
    db.prepare(`
      UPDATE runs SET state = 'parked', parked_on = ?, next_at = NULL, is_ready = 0
      WHERE finished_at IS NULL AND started_at IS NULL ${which}
        AND (state = 'queued' OR (state = 'parked' AND parked_on = 'quiet'))`)
  const pauseAll = pause('')
  const pauseAgents = pause('AND agent IN (SELECT value FROM json_each(?))')
  const resume = db.prepare(`
    UPDATE runs SET state = 'queued', parked_on = NULL, is_ready = 1 - is_blocked
    WHERE state = 'parked' AND parked_on = ? AND agent NOT IN (SELECT value FROM json_each(?))`)
  return {
    pause: (on, agents) =>
      writer.write(() => {
        if (agents === undefined) return pauseAll.run(on).changes
        return pauseAgents.run(on, JSON.stringify(agents)).changes
      }),
    resume: (on, exceptAgents) => writer.write(() => resume.run(on, JSON.stringify(exceptAgents)).changes),
  }
}
