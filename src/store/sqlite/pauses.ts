import type { PausedOn } from '../records.js'
import type { Store } from '../store.js'
import { unfinishedRuns } from './selects.js'
import type { Writer } from './writer.js'

/** Runs that wait because their agent is off or the disk is low. */
export function pauses(writer: Writer): Pick<Store, 'pause' | 'resume'> {
  const { db } = writer
  const pause = (which: string) =>
    db.prepare(`
      UPDATE ${unfinishedRuns} SET state = 'parked', parked_on = ?, next_at = NULL, is_ready = 0
      WHERE finished_at IS NULL AND started_at IS NULL ${which}
        AND (state = 'queued' OR (state = 'parked' AND parked_on = 'quiet'))`)
  // Reads all that is unfinished, of the agents or of all.
  const pauseAll = pause('')
  const pauseAgents = pause('AND agent IN (SELECT value FROM json_each(?))')
  // Hops from agent to agent along the index of what is paused: it is called often, and those that stay cost one
  // hop for each agent, however many they are. The literals are what lets the engine use that index.
  const resume = (on: PausedOn) => {
    const paused = `parked_on IN ('agent', 'disk') AND parked_on = '${on}'`
    return db.prepare(`
      WITH RECURSIVE agents (name) AS (
        SELECT min(agent) FROM runs WHERE ${paused}
        UNION ALL
        SELECT (SELECT min(agent) FROM runs WHERE ${paused} AND agent > name) FROM agents WHERE name IS NOT NULL
      )
      UPDATE runs INDEXED BY runs_paused SET state = 'queued', parked_on = NULL, is_ready = 1 - is_blocked
      WHERE ${paused} AND state = 'parked' AND agent IN (
        SELECT name FROM agents WHERE name IS NOT NULL AND name NOT IN (SELECT value FROM json_each(?)))`)
  }
  const resumed = { agent: resume('agent'), disk: resume('disk') }
  return {
    pause: (on, agents) =>
      writer.write(() => {
        if (agents === undefined) return pauseAll.run(on).changes
        return pauseAgents.run(on, JSON.stringify(agents)).changes
      }),
    resume: (on, exceptAgents) => writer.write(() => resumed[on].run(JSON.stringify(exceptAgents)).changes),
  }
}
