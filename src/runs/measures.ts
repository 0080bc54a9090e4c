import type { ModelSettings } from '../domain/agent.js'
import { AppError } from '../domain/errors.js'
import type { Model } from '../models/model.js'
import type { Store } from '../store/store.js'
import type { ToolAnswer, ToolClient } from '../tools/tool.js'
import type { Clock } from '../util/clock.js'
import { Counter, type Family, Histogram } from '../util/metrics.js'

const seconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]
const longSeconds = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300]
const waits = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 14_400]

/** What this process counts itself, from zero at its start, because the ledger does not tell it or not as cheaply. */
export class Measures {
  readonly answers = new Counter(
    'rouse_answers_total',
    'Requests for a source that were answered, by HTTP status.',
    ['source', 'status'],
  )
  readonly ack = new Histogram(
    'rouse_ack_seconds',
    'From the headers of a delivery to its answer, where that is 2xx.',
    ['source'],
    seconds,
  )
  readonly matches = new Counter(
    'rouse_matches_total',
    'Events that an agent was woken by, or was not and why. Other sources are left out.',
    ['agent', 'reason'],
  )
  readonly wake = new Histogram(
    'rouse_wake_seconds',
    'From the recording of an event to the beginning of its run.',
    ['agent'],
    waits,
  )
  readonly parked = new Counter('rouse_runs_parked_total', 'Runs that began to wait, by what for.', [
    'agent',
    'on',
  ])
  readonly failed = new Counter('rouse_runs_failed_total', 'Failed tries of runs, tried again.', [
    'agent',
    'code',
  ])
  readonly model = new Histogram(
    'rouse_model_seconds',
    'Requests to a model until the answer was whole, or failed with a code.',
    ['model', 'outcome'],
    longSeconds,
  )
  readonly tool = new Histogram(
    'rouse_tool_seconds',
    'Requests to an API until the answer was whole, by status class or code.',
    ['tool', 'outcome'],
    seconds,
  )

  families(): readonly Family[] {
    const { answers, ack, matches, wake, parked, failed, model, tool } = this
    return [answers, ack, matches, wake, parked, failed, model, tool].map((one) => one.family())
  }

  answered(source: string, status: number, ms: number): void {
    this.answers.add([source, String(status)])
    if (status >= 200 && status < 300) this.ack.observe([source], ms / 1000)
  }

  /** The same store; what is dispatched, claimed and finished through it is counted when it was written. */
  store(store: Store, clock: Clock): Store {
    /** Of what is being worked on. */
    const agents = new Map<string, string>()
    return {
      ...store,
      dispatch: async (dispatches, now, mailboxes) => {
        const runIds = await store.dispatch(dispatches, now, mailboxes)
        for (const { decisions } of dispatches) {
          for (const { agent, reason } of decisions) {
            if (reason !== 'source') this.matches.add([agent, reason])
          }
        }
        return runIds
      },
      claim: async (wanted) => {
        const claimed = await store.claim(wanted)
        if (!claimed) return undefined
        const { run, event } = claimed
        agents.set(run.id, run.agent)
        if (run.startedAt === undefined && run.replay === 0) {
          this.wake.observe([run.agent], Math.max(0, clock.now() - event.recordedAt) / 1000)
        }
        return claimed
      },
      finish: async (lease, outcome, activeMs, now) => {
        await store.finish(lease, outcome, activeMs, now)
        const agent = agents.get(lease.runId) ?? 'other'
        agents.delete(lease.runId)
        if (outcome.state === 'parked') this.parked.add([agent, outcome.on])
        if (outcome.state === 'failed') this.failed.add([agent, outcome.error.code])
      },
    }
  }

  /** The same models; a model stays one and the same object. */
  models(modelFor: (settings: ModelSettings) => Model, clock: Clock): (settings: ModelSettings) => Model {
    const measured = new WeakMap<Model, Model>()
    return (settings) => {
      const model = modelFor(settings)
      const known = measured.get(model)
      if (known) return known
      const made: Model = {
        ask: async (request, signal) => {
          const beganAt = clock.monotonic()
          const tell = (outcome: string) =>
            this.model.observe([settings.name, outcome], (clock.monotonic() - beganAt) / 1000)
          try {
            const answer = await model.ask(request, signal)
            tell('ok')
            return answer
          } catch (error) {
            if (!signal.aborted) tell(error instanceof AppError ? error.code : 'internal.unexpected')
            throw error
          }
        },
      }
      measured.set(model, made)
      return made
    }
  }

  /** The same client. The time begins with the first byte: what a request waits for its turn is not the API's. */
  tools(client: ToolClient, clock: Clock): ToolClient {
    return {
      freeze: (tool, bindings) => client.freeze(tool, bindings),
      close: () => client.close(),
      send: async (tool, request, options) => {
        let beganAt = clock.monotonic()
        const answer = await client.send(tool, request, {
          ...options,
          beforeSend: async () => {
            await options.beforeSend?.()
            beganAt = clock.monotonic()
          },
        })
        if (!options.signal.aborted) {
          this.tool.observe([tool.name, outcomeOf(answer)], (clock.monotonic() - beganAt) / 1000)
        }
        return answer
      },
    }
  }
}

function outcomeOf(answer: ToolAnswer): string {
  return answer.kind === 'answered' ? `${Math.floor(answer.status / 100)}xx` : answer.error.code
}
