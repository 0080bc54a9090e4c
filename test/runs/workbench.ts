import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Config } from '../../src/config/config.js'
import { loadConfig } from '../../src/config/load.js'
import type { Run, RunOutcome } from '../../src/domain/run.js'
import type { RunContext } from '../../src/runs/context.js'
import { secretsFor } from '../../src/runs/secrets.js'
import { advanceToolCall, isSettled } from '../../src/runs/tool-call.js'
import { sourceKinds } from '../../src/sources/registry.js'
import type { ClaimedRun, ToolCallRow } from '../../src/store/records.js'
import { storeEngines } from '../../src/store/registry.js'
import type { Store } from '../../src/store/store.js'
import { createHttpToolClient } from '../../src/tools/http.js'
import type { ToolClient } from '../../src/tools/tool.js'
import { armFaultPoints, type FaultPoint } from '../../src/util/fault-point.js'
import { newId } from '../../src/util/id.js'
import { createLogger } from '../../src/util/log.js'
import { arrival, draft, step } from '../contract/store-fixtures.js'
import { FakeClock } from '../support/fake-clock.js'
import { writeSetting } from '../support/rouse.js'

/** Ends the stretch as the end of the process would: nothing is written after it. */
export class Died extends Error {}

export interface Asked {
  readonly tool: string
  readonly args?: unknown
}

/** One ledger, one configuration and one API, and tool calls that are taken step by step, by a clock of the test's own. */
export class Workbench {
  readonly clock = new FakeClock()
  /** At which point the process ends, once. */
  dieAt: FaultPoint | undefined
  /** Whether runs are those of a ledger that was a backup. */
  isRestored = false
  /** The configuration in force, where it is no longer the one that the runs began with. */
  inForce: Config | undefined

  private constructor(
    readonly directory: string,
    readonly config: Config,
    readonly store: Store,
    readonly tools: ToolClient,
  ) {
    armFaultPoints((point) => {
      if (point !== this.dieAt) return
      this.dieAt = undefined
      throw new Died(point)
    })
  }

  /** `config`: from `credentials` on, with the agent `helper` on the source `ci`. */
  static async open(config: string): Promise<Workbench> {
    const directory = await writeSetting({ config, files: { 'helper.md': 'Help.\n' } })
    const loaded = await loadConfig({
      file: join(directory, 'config.yaml'),
      environment: {},
      kinds: Object.values(sourceKinds),
    })
    const store = await storeEngines.sqlite({ file: join(directory, 'rouse.db'), exclusive: true })
    return new Workbench(directory, loaded, store, createHttpToolClient())
  }

  async close(): Promise<void> {
    armFaultPoints(() => undefined)
    await this.tools.close()
    await this.store.close()
    await rm(this.directory, { recursive: true, force: true })
  }

  /** An event and the run that it wakes, whose model asked for these calls in one answer. */
  async begin(...asked: readonly Asked[]): Promise<BenchRun> {
    const now = this.clock.now()
    const data = { issue: { number: 12 } }
    const recorded = await this.store.record({
      ...arrival({ receivedAt: now, body: Buffer.from(JSON.stringify(data)) }),
      bodyDigest: Buffer.from(newId('evt')),
      events: [
        draft({ subject: `acme/web#${newId('run')}`, ids: { repo: 'acme/web', issue: '12' }, time: now }),
      ],
    })
    const eventId = recorded.events[0]?.id ?? ''
    const [runId = ''] = await this.store.dispatch(
      [{ eventId, decisions: [{ agent: 'helper', reason: 'matched' }] }],
      now,
    )
    return this.answer(runId, asked)
  }

  /** Again, on purpose. */
  async replay(run: BenchRun, ...asked: readonly Asked[]): Promise<BenchRun> {
    const { eventId } = await run.read()
    const { id } = await this.store.replay(eventId, 'helper', this.clock.now())
    return this.answer(id, asked)
  }

  private async answer(runId: string, asked: readonly Asked[]): Promise<BenchRun> {
    const run = new BenchRun(this, runId)
    await run.answer(...asked)
    return run
  }
}

export class BenchRun {
  #claimed: ClaimedRun | undefined
  #nodes = 0
  #turns = 0

  constructor(
    readonly bench: Workbench,
    readonly id: string,
  ) {}

  async read(): Promise<Run> {
    const run = await this.bench.store.run(this.id)
    if (!run) throw new Error('the run is gone')
    return run
  }

  async calls(): Promise<readonly ToolCallRow[]> {
    return (await this.bench.store.journal(this.id)).calls
  }

  /** The run's call in this place, from 0. */
  async call(place = 0): Promise<ToolCallRow> {
    const call = (await this.calls())[place]
    if (!call) throw new Error(`there is no call ${place}`)
    return call
  }

  /** Another answer of the model. */
  async answer(...asked: readonly Asked[]): Promise<void> {
    const { store, clock } = this.bench
    const { lease } = await this.claim()
    const calls = asked.map(({ tool, args = {} }) => ({
      id: newId('tcl'),
      callId: newId('tcl'),
      tool,
      argumentsText: JSON.stringify(args),
      effect: this.bench.config.tools.get(tool)?.effect,
    }))
    await store.appendStep(lease, step({ turn: ++this.#turns }), calls, clock.now())
  }

  /**
   * One stretch: takes every call as far as it goes now. Returns how the run parked, `died`, or undefined when every
   * call is settled. `change` is what the caller would have the ledger say of a call.
   */
  async advance(
    change: (call: ToolCallRow) => ToolCallRow = (call) => call,
    signal: AbortSignal = new AbortController().signal,
  ): Promise<RunOutcome | 'died' | undefined> {
    const { store, clock } = this.bench
    const claimed = await this.claim()
    let parked: RunOutcome | undefined
    try {
      for (const { id } of (await this.calls()).filter((call) => !isSettled(call))) {
        const journal = await store.journal(this.id)
        const call = journal.calls.find((candidate) => candidate.id === id)
        parked =
          (call && (await advanceToolCall(this.context(claimed, signal), journal, change(call)))) ?? parked
      }
    } catch (error) {
      if (!(error instanceof Died)) throw error
      this.#claimed = undefined
      const node = `node-${++this.#nodes}`
      await store.recoverRuns({ node, alone: true, now: clock.now(), maxCrashes: 100 })
      return 'died'
    }
    if (parked) {
      await store.finish(claimed.lease, parked, 1, clock.now())
      this.#claimed = undefined
    }
    return parked
  }

  /** Stretch after stretch, each when its time has come, until every call is settled or a person must say something. */
  async toTheEnd(): Promise<void> {
    for (let stretches = 0; stretches < 200; stretches++) {
      const outcome = await this.next()
      if (outcome === undefined || (outcome !== 'died' && !('until' in outcome))) return
    }
    throw new Error('it does not come to an end')
  }

  /** One stretch, when its time has come. */
  async next(): Promise<RunOutcome | 'died' | undefined> {
    const { nextAt } = await this.read()
    if (nextAt !== undefined) this.bench.clock.set(Math.max(nextAt, this.bench.clock.now()))
    return this.advance()
  }

  async complete(): Promise<void> {
    const { lease } = await this.claim()
    await this.bench.store.finish(lease, { state: 'completed', summary: '' }, 1, this.bench.clock.now())
    this.#claimed = undefined
  }

  private async claim(): Promise<ClaimedRun> {
    const { store, clock } = this.bench
    const now = clock.now()
    this.#claimed ??= await store.claim({
      node: `node-${this.#nodes}`,
      now,
      leaseUntil: now + 1e12,
      notAgents: [],
    })
    if (this.#claimed?.run.id !== this.id) throw new Error('another run is to go on first, or none')
    return this.#claimed
  }

  private context(claimed: ClaimedRun, signal: AbortSignal): RunContext {
    const { clock, config, isRestored, store, tools } = this.bench
    const agent = config.agents.get('helper')
    if (!agent) throw new Error('there is no agent helper')
    return {
      ...claimed,
      run: { ...claimed.run, isRestored },
      agent,
      config,
      current: () => this.bench.inForce ?? config,
      secrets: secretsFor(config, config),
      store,
      tools,
      clock,
      signal,
      model: { ask: () => Promise.reject(new Error('no model is asked here')) },
      costOf: () => undefined,
      log: createLogger({ level: 'silent', destination: { write: () => undefined } }),
      isStopping: () => false,
      beganAt: 0,
    }
  }
}
