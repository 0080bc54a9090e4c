import type { Config } from '../config/config.js'
import type { Agent } from '../domain/agent.js'
import { type Echo, echoWindowMs, isEcho } from '../domain/echo.js'
import type { Event } from '../domain/event.js'
import type { RunOutcome } from '../domain/run.js'
import { echoQuestion, echoRulesOf, takesEchoes } from '../policy/echo.js'
import type { ClaimedRun } from '../store/records.js'
import type { Store } from '../store/store.js'
import type { Clock } from '../util/clock.js'

/** A sender is often quicker than its own API's answer to us, by this much at most. */
const answerLagMs = 10_000
const lookAgainMs = 500

interface Ledger {
  readonly store: Pick<Store, 'echoesOf' | 'recordEchoes' | 'isWriteUnderWay' | 'eventsOf'>
  readonly clock: Clock
}

/**
 * How a run ends that only our own writes woke; undefined where it may begin. Asked again at its begin, because what a
 * write made is known only from its answer, and the event may be here before that: then it waits a moment. What a
 * person replays on purpose begins whatever caused it.
 */
export async function endOfEcho(
  { store, clock }: Ledger,
  { run, event }: ClaimedRun,
  config: Config,
  agent: Agent,
): Promise<RunOutcome | undefined> {
  const rules = echoRulesOf(config)
  const canBeEcho = (of: Event) => isEcho(of) || echoQuestion(of, rules) !== undefined
  if (run.replay > 0 || run.usage.turns > 0 || !canBeEcho(event)) return undefined
  const events = run.eventCount > 1 ? await store.eventsOf(run.id, 0) : [event]
  // One that nobody here caused is reason enough for the run.
  if (!events.every(canBeEcho)) return undefined

  const unknown = events.filter((of) => !isEcho(of))
  const questions = unknown.flatMap((of) => echoQuestion(of, rules) ?? [])
  const now = clock.now()
  const found = await store.echoesOf(questions, now - echoWindowMs)
  if (found.size > 0) await store.recordEchoes(found)
  if (found.size < unknown.length) {
    const tools = questions.flatMap(({ named }) =>
      Object.keys(named).flatMap((name) => rules.makers.get(name) ?? []),
    )
    const isFresh = now - run.createdAt < answerLagMs
    if (!isFresh || !(await store.isWriteUnderWay([...new Set(tools)]))) return undefined
    const message = 'waits for the answer to a write that may have caused its event'
    return { state: 'parked', on: 'time', until: now + lookAgainMs, error: { code: 'run.echo', message } }
  }
  return endOf(
    agent,
    events.map((of) => ({ ...of, ...sightOf(of, found.get(of.id)) })),
  )
}

function sightOf({ echoOf, chain }: Event, found: Echo | undefined): Pick<Event, 'echoOf' | 'chain'> {
  return found ? { echoOf: found.runId, chain: found.chain } : { echoOf, chain }
}

/** Of a run all of whose events are echoes. */
function endOf(agent: Agent, echoes: readonly Event[]): RunOutcome | undefined {
  const taken = echoes.filter((event) => takesEchoes(agent, event))
  const [first] = echoes
  if (taken.length === 0) {
    const by = first?.echoOf === undefined ? 'one of our own actors' : `a write of ${first.echoOf}`
    return { state: 'cancelled', error: { code: 'run.echo', message: `its event was caused by ${by}` } }
  }
  const { chain } = agent.limits
  if (taken.some((event) => event.chain <= chain)) return undefined
  const reached = Math.min(...taken.map((event) => event.chain))
  const message = `its event is ${reached} of our own writes away from one that nobody here caused; ${agent.name} may go ${chain} far`
  return { state: 'dead', error: { code: 'limit.chain', message } }
}
