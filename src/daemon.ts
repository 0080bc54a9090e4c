import { hostname } from 'node:os'
import { dirname } from 'node:path'
import type { Config, ConfigSnapshot } from './config/config.js'
import { loadConfig, loadSnapshot, watchedFiles } from './config/load.js'
import { watchConfig } from './config/watch.js'
import { ConfigError, toAppError } from './domain/errors.js'
import { InFlight } from './http/body.js'
import { createHooksApp } from './http/hooks.js'
import { PeerLimiter } from './http/peers.js'
import { listen } from './http/server.js'
import { Dispatcher } from './ingest/dispatch.js'
import { RefusalCounter } from './ingest/refusals.js'
import { openSources } from './ingest/sources.js'
import { costOf } from './models/price.js'
import { createModelPool } from './models/registry.js'
import { startPoller } from './poller/poller.js'
import { Alerts } from './runs/alerts.js'
import { Configurations } from './runs/configurations.js'
import { Worker } from './runs/worker.js'
import { sourceKinds } from './sources/registry.js'
import { storeEngines } from './store/registry.js'
import { createHttpToolClient } from './tools/http.js'
import { systemClock } from './util/clock.js'
import type { Environment } from './util/env.js'
import { faultPoint } from './util/fault-point.js'
import { createFetch } from './util/fetch.js'
import { newId } from './util/id.js'
import type { Logger } from './util/log.js'

export interface DaemonOptions {
  readonly configFile: string
  readonly environment: Environment
  readonly log: Logger
}

export interface Daemon {
  readonly address: { readonly host: string; readonly port: number }
  /** The configuration in force. */
  config(): Config
  /** Stops taking deliveries, lets runs come to a safe point, closes the ledger. */
  stop(): Promise<void>
}

const maxModelAnswerBytes = 32 * 1024 * 1024
const maxModelTimeMs = 3_600_000 // no model's own `timeout` may be longer
const maxInFlightBytes = 256 * 1024 * 1024
const refusalsPerPeerAndMinute = 120
const stopGraceMs = 10_000

/** Builds everything and starts it in order: what reads comes up before what takes in. */
export async function startDaemon({ configFile, environment, log }: DaemonOptions): Promise<Daemon> {
  const clock = systemClock
  const kinds = Object.values(sourceKinds)
  const load = () => loadConfig({ file: configFile, environment, kinds })
  const config = await load()
  for (const { path, message } of config.warnings) log.warn({ path }, message)

  const store = await storeEngines[config.store.engine]({ file: config.store.file, exclusive: true })
  const configurations = await Configurations.open(config, {
    store,
    clock,
    load: (snapshot: ConfigSnapshot) => loadSnapshot(snapshot, { environment, kinds }),
  })
  let sources = openSources(config.sources.values(), kinds)

  const tools = createHttpToolClient({ clock })
  const modelFor = createModelPool({
    fetch: createFetch({ allowPrivate: true, maxBytes: maxModelAnswerBytes, timeoutMs: maxModelTimeMs }),
    clock,
    directory: dirname(config.file),
  })

  const node = `${hostname()}-${newId('run').slice(-8)}`
  const alerts = await Alerts.open({ store, clock, log })
  const worker = new Worker({
    store,
    configurations,
    tools,
    modelFor,
    costOf,
    alerts,
    halt: () => undefined,
    clock,
    log,
    node,
    concurrency: config.server.concurrency,
  })
  const dispatcher = new Dispatcher({
    store,
    clock,
    log,
    agents: () => configurations.current.agents.values(),
    onRuns: () => worker.wake(),
  })
  const poller = startPoller({ store, config, clock, log, onEvents: () => dispatcher.lookInLedger() })
  const refusals = new RefusalCounter(store, clock, log)
  let unready: string | undefined
  const app = createHooksApp({
    receiver: { store, clock, onRecorded: (events) => dispatcher.offer(events) },
    refusals,
    inFlight: new InFlight(maxInFlightBytes),
    peers: new PeerLimiter(clock, refusalsPerPeerAndMinute),
    log,
    sources: () => sources,
    unready: () => unready,
  })

  const reload = async () => {
    try {
      const next = await load()
      if (next.digest === configurations.current.digest) return
      const opened = openSources(next.sources.values(), kinds)
      const hasNewSecrets = String(next.secretValues) !== String(configurations.current.secretValues)
      faultPoint('K23')
      await configurations.swap(next)
      if (hasNewSecrets) faultPoint('K24')
      sources = opened
      poller.update(next)
      dispatcher.lookInLedger()
      log.info({ config: next.digest.slice(0, 12) }, 'configuration reloaded')
    } catch (error) {
      const problems = error instanceof ConfigError ? error.problems.map((problem) => ({ ...problem })) : []
      log.error({ problems }, `configuration not reloaded, the old one stays: ${toAppError(error).message}`)
    }
  }
  const undo = async (error: unknown): Promise<never> => {
    await poller.stop()
    await worker.stop(0)
    await store.close()
    throw error
  }
  await worker.start().catch(undo)
  const listener = await listen(app, config.server.hooks).catch(undo)
  dispatcher.lookInLedger()
  log.info({ host: listener.host, port: listener.port, node }, 'rouse is ready')
  const watching = watchConfig({
    file: config.file,
    files: () => watchedFiles(configurations.current),
    onChange: reload,
    onError: (error) => log.warn({}, `configuration is not watched: ${error.message}`),
  })

  return {
    address: { host: listener.host, port: listener.port },
    config: () => configurations.current,
    async stop() {
      unready = 'stopping'
      await (await watching).close()
      await poller.stop()
      await listener.close(stopGraceMs)
      await dispatcher.stop()
      await worker.stop(stopGraceMs)
      await refusals.flush()
      await alerts.settled()
      await tools.close()
      await store.close()
      log.info({}, 'rouse has stopped')
    },
  }
}
