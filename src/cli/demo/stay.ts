import { addToken, loginLink, tokensFile } from '../../admin/tokens.js'
import { sleep } from '../../util/clock.js'
import { deliver, follow } from './acts.js'
import { laterBuild, laterClaim, laterTicket } from './cast.js'
import { createdDispute, createdTicket, failedWorkflowRun, type Letter } from './letters.js'
import type { Narrator } from './narrator.js'
import type { Stage } from './stage.js'

const longestSleepMs = 3_600_000

/**
 * The daemon once more, with the story in its ledger and the dashboard on; then three deliveries that end where a person
 * is needed. Resolves when the person stops it.
 */
export async function stayOn(stage: Stage, narrator: Narrator): Promise<void> {
  const { clock, signal, admin, directory } = stage
  if (admin === undefined) return
  try {
    const { pid } = await stage.startDaemon()
    narrator.act('It stays: what needs a person')
    narrator.line('daemon', `rouse start, pid ${pid}, with the dashboard on http://${admin}`)
    const until = ['parked', 'dead'] as const
    for (const letter of lettersOf(clock.now())) {
      const { runId, teller } = await deliver(stage, narrator, letter)
      await follow(stage, runId, teller, ({ run }) => until.some((state) => state === run.state))
    }
    const file = tokensFile(`${directory}/rouse.db`)
    const token = await addToken(file, { role: 'approve', rotate: false, now: clock.now() })
    narrator.act('The dashboard: approve, deny, replay, send a signed test; Ctrl-C ends it all')
    narrator.plain(loginLink(`http://${admin}`, token))
    while (!signal.aborted) await sleep(longestSleepMs, signal)
  } catch (error) {
    if (!signal.aborted) throw error
  }
  narrator.plain('Stopped. Nothing is left running.')
}

/** A refund that a person decides on, a comment whose answer is lost, a model that reads without end. */
function lettersOf(now: number): readonly Letter[] {
  return [
    createdDispute(now, laterClaim),
    failedWorkflowRun(now, laterBuild),
    createdTicket(now, laterTicket),
  ]
}
