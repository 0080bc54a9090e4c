import type { Config, SourceSettings } from '../config/config.js'
import { AppError, toAppError } from '../domain/errors.js'
import { type PollOptions, poll } from '../sources/poll.js'
import { type ScheduleOptions, schedule } from '../sources/schedule.js'
import type { Cursor } from '../store/records.js'
import type { Store } from '../store/store.js'
import type { Clock } from '../util/clock.js'
import { createNetwork, type Network } from '../util/fetch.js'
import type { Logger } from '../util/log.js'
import { type Loop, startLoop } from './loop.js'
import { pollTick, type TickResult } from './poll.js'
import { staggerOf } from './poll-state.js'
import { scheduleTick } from './schedule.js'

/** What comes by the clock: every source of kind `poll` and `schedule`, each in a loop of its own. */
export interface Poller {
  /** Goes on with another configuration: loops of sources that it has unchanged are left alone. */
  update(config: PolledConfig): void
  /** Ticks now, unless a tick of this source is under way. False when there is no such source. */
  wake(source: string): boolean
  /** Gives up requests that are under way and resolves when nothing runs any more. */
  stop(): Promise<void>
}

export type PolledConfig = Pick<Config, 'sources' | 'credentials'>

export interface PollerOptions {
  readonly store: Pick<Store, 'cursor' | 'recordTick' | 'listEvents'>
  readonly config: PolledConfig
  readonly clock: Clock
  readonly log: Logger
  /** Called after the commit, with the ids of the events that are new. */
  readonly onEvents: (eventIds: readonly string[]) => void
  /** Default: one of its own, which `stop` closes. */
  readonly network?: Network
  readonly random?: () => number
}

interface Running {
  readonly settings: SourceSettings
  readonly credential: unknown
  readonly loop: Loop
}

export function startPoller(options: PollerOptions): Poller {
  const { store, clock, log, onEvents, network = createNetwork(), random = Math.random } = options
  const running = new Map<string, Running>()
  /** Of loops that were replaced: the next one of the same name begins when they are over. */
  const ending = new Map<string, Promise<void>>()

  function start(settings: SourceSettings, config: PolledConfig): Running | undefined {
    const source = tickerOf(settings, config)
    if (!source) return undefined
    const { name } = settings
    const before = ending.get(name) ?? Promise.resolve()
    const loop = startLoop({
      clock,
      firstAt: async () => {
        await before
        return firstTickAt(name, source.everyMs, await store.cursor(name), clock.now())
      },
      tick: async (signal) => {
        const { eventIds, nextAt } = await source.tick({ store, network, clock, log, random }, signal)
        if (eventIds.length > 0) onEvents(eventIds)
        return nextAt
      },
      onError: (cause) => {
        const { code, message } = toAppError(cause)
        log.error({ source: name, code }, `the tick could not be recorded and is done again: ${message}`)
      },
    })
    return { settings, credential: source.credential, loop }
  }

  function update(config: PolledConfig): void {
    for (const [name, { settings, credential, loop }] of running) {
      const next = config.sources.get(name)
      const isSame =
        next?.kind === settings.kind &&
        fingerprintOf(next.options) === fingerprintOf(settings.options) &&
        fingerprintOf(tickerOf(next, config)?.credential) === fingerprintOf(credential)
      if (isSame) continue
      running.delete(name)
      ending.set(name, loop.stop())
    }
    for (const [name, settings] of config.sources) {
      if (running.has(name)) continue
      const started = start(settings, config)
      if (started) running.set(name, started)
    }
  }

  update(options.config)
  return {
    update,
    wake(name) {
      const found = running.get(name)
      found?.loop.wake()
      return found !== undefined
    },
    async stop() {
      const loops = [...running.values()].map(({ loop }) => loop.stop())
      running.clear()
      await Promise.all([...loops, ...ending.values()])
      if (options.network === undefined) await network.close()
    },
  }
}

interface Ticker {
  /** Undefined for a schedule, whose next time is not a matter of how long. */
  readonly everyMs: number | undefined
  readonly credential: unknown
  tick(
    dependencies: {
      store: PollerOptions['store']
      network: Network
      clock: Clock
      log: Logger
      random: () => number
    },
    signal: AbortSignal,
  ): Promise<TickResult>
}

/** How a source ticks; undefined for kinds that receive deliveries. */
function tickerOf(
  { name, kind, options }: SourceSettings,
  { credentials }: PolledConfig,
): Ticker | undefined {
  if (kind === schedule.kind) {
    const source = { name, options: options as ScheduleOptions }
    return {
      everyMs: undefined,
      credential: undefined,
      tick: (dependencies) => scheduleTick(source, dependencies),
    }
  }
  if (kind !== poll.kind) return undefined
  const parsed = options as PollOptions
  const wanted = parsed.request.credential
  const credential = wanted === undefined ? undefined : credentials.get(wanted)
  if (wanted !== undefined && !credential) {
    throw new AppError('internal.unexpected', `${name} names the credential ${wanted}, which is not loaded`)
  }
  const source = { name, options: parsed, credential }
  return {
    everyMs: parsed.every,
    credential,
    tick: (dependencies, signal) => pollTick(source, dependencies, signal),
  }
}

/** What is equal for equal values; options are data, but for compiled patterns, which have their source in them. */
function fingerprintOf(value: unknown): string {
  return JSON.stringify(value, (_key, item) => (typeof item === 'bigint' ? `${item}n` : item)) ?? ''
}

/** A new source, and one that was due while the process was down, waits up to a tenth of its interval, so that not all ask at once. */
const longestStaggerMs = 10_000

function firstTickAt(
  name: string,
  everyMs: number | undefined,
  cursor: Cursor | undefined,
  now: number,
): number {
  if (everyMs === undefined) return Math.min(cursor?.nextAt ?? now, now)
  const soon = now + Math.round(staggerOf(name) * Math.min(everyMs / 10, longestStaggerMs))
  if (!cursor) return soon
  // The interval may have been made shorter; only a failure, or an API that asks for it, makes a wait longer.
  const due = cursor.failures === 0 ? Math.min(cursor.nextAt, now + 2 * everyMs) : cursor.nextAt
  return Math.max(due, soon)
}
