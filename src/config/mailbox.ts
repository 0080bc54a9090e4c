import type { Mailbox } from '../domain/agent.js'
import { formatDuration } from '../util/duration.js'
import type { LoadContext } from './context.js'
import type { Path } from './document.js'
import type { AgentEntry } from './schema-agent.js'

/** How much longer than `quiet` a subject that is never quiet keeps its run waiting, where nothing is said. */
const maxWaitTimes = 10

/** What an agent does with events of a subject that is busy. Waiting for quiet is for events that become one run. */
export function buildMailbox(
  { when_busy: whenBusy, quiet, max_wait: maxWait }: AgentEntry['mailbox'],
  path: Path,
  { problems }: LoadContext,
): Mailbox {
  if (whenBusy !== 'coalesce') {
    for (const [key, value] of Object.entries({ quiet, max_wait: maxWait })) {
      if (value === undefined) continue
      const message = `"${key}" is for when_busy: coalesce, where events wait to be one run; remove it, or write "coalesce"`
      problems.add([...path, key], message, 'key')
    }
    return { whenBusy }
  }
  const quietMs = quiet ?? 0
  const maxWaitMs = maxWait ?? quietMs * maxWaitTimes
  if (maxWait !== undefined && quiet === undefined) {
    problems.add([...path, 'max_wait'], '"max_wait" bounds "quiet"; add quiet, such as quiet: 30s', 'key')
  } else if (maxWaitMs < quietMs) {
    problems.add(
      [...path, 'max_wait'],
      `expected at least quiet (${formatDuration(quietMs)}), found ${formatDuration(maxWaitMs)}`,
    )
  }
  return { whenBusy, quietMs, maxWaitMs }
}
