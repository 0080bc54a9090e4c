import { hostname } from 'node:os'
import { dirname } from 'node:path'
import { type Admin, startAdmin } from './admin/admin.js'
import { createMetrics } from './admin/metrics.js'
import type { Config, ConfigSnapshot } from './config/config.js'
import { loadConfig, loadSnapshot, watchedFiles } from './config/load.js'
import { watchConfig } from './config/watch.js'
import type { AppError } from './domain/errors.js'
import { InFlight, readBody } from './http/body.js'
import { startHooks } from './http/listener.js'
import { PeerLimiter } from './http/peers.js'
import { listen } from './http/server.js'
import { createIngest } from './ingest/ingest.js'
import { Retention } from './ingest/retention.js'
import { costOf } from './models/price.js'
import { createModelPool } from './models/registry.js'
import { startPoller } from './poller/poller.js'
import { Configurations } from './runs/configurations.js'
import { Measures } from './runs/measures.js'
import { createRuns } from './runs/runs.js'
import { sourceKinds } from './sources/registry.js'
import { storeEngines } from './store/registry.js'
import { createHttpToolClient } from './tools/http.js'
import { systemClock } from './util/clock.js'
import type { Environment } from './util/env.js'
import { newId } from './util/id.js'
import type { Logger } from './util/log.js'
import { openTracer } from './util/trace-export.js'
import { packageVersion } from './util/version.js'

export interface DaemonOptions {
  readonly configFile: string
  readonly environment: Environment
  readonly log: Logger
  /** A person has said that a ledger which is a backup is to go on. */
  readonly isRestoreAccepted?: boolean
}

export interface Daemon {
  readonly address: { readonly host: string; readonly port: number }
  /** Where a browser on this machine finds the admin listener; undefined where there is none. */
  readonly adminUrl: string | undefined
  /** The configuration in force. */
  config(): Config
  /** Settles when it cannot go on: nothing is taken and nothing is sent any more, and the process has to end. */
  readonly failed: Promise<AppError>
  /** Refuses deliveries, lets runs end or come to a safe point, then closes the listener and the ledger. */
  stop(): Promise<void>
}

const guessesPerPeerAndMinute = 10
const stopGraceMs = 10_000
/** For answers under way, once nothing new is taken. */
const closeGraceMs = 2000

/** Builds everything and starts it in order: what reads comes up before what takes in. */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const { configFile, environment, log, isRestoreAccepted = false } = options
  const clock = systemClock
  const kinds = Object.values(sourceKinds)
  const load = () => loadConfig({ file: configFile, environment, kinds })
  const config = await load()
  for (const { path, message } of config.warnings) log.warn({ path }, message)

  const node = `${hostname()}-${newId('run').slice(-8)}`
  const about = { clock, log, node, version: packageVersion() }
  const tracer = config.tracing && (await openTracer(config.tracing, about))
  const { engine, file } = config.store
  const measures = new Measures()
  const opened = await storeEngines[engine]({ file, exclusive: true, isRestoreAccepted })
  const store = measures.store(opened, clock)
  const shared = { store, clock, log, tracer }
  const loadFormer = (snapshot: ConfigSnapshot) => loadSnapshot(snapshot, { environment, kinds })
  const configurations = await Configurations.open(config, { store, clock, load: loadFormer })
  const inForce = () => configurations.current
  const ingest = await createIngest({ ...shared, config: inForce, kinds, onRuns: () => runs.wake() })
  const tools = measures.tools(createHttpToolClient({ clock }), clock)
  const modelFor = measures.models(createModelPool({ clock, directory: dirname(config.file) }), clock)

  const runs = await createRuns({
    ...{ ...shared, configurations, node, file, concurrency: config.server.concurrency },
    ...{ tools, modelFor, costOf },
  })
  const poller = startPoller({ ...shared, config, onEvents: ingest.lookInLedger })
  const retention = new Retention({ ...shared, config: inForce })
  let isStopping = false
  const unready = () => (isStopping ? 'stopping' : runs.unready())
  const prepare = (next: Config) => {
    const apply = ingest.prepare(next)
    return () => {
      apply()
      poller.update(next)
      ingest.lookInLedger()
      runs.lookAround()
    }
  }
  let admin: Admin | undefined
  const undo = async (error: unknown): Promise<never> => {
    await Promise.all([admin?.close(0), poller.stop(), runs.stop(0)])
    await store.close()
    throw error
  }
  await runs.start().catch(undo)
  admin = await startAdmin({
    ...{ ...shared, unready, listen, address: config.server.admin, ledgerFile: file },
    readBody: (incoming, maxBytes) => readBody(incoming, maxBytes, new InFlight(maxBytes)),
    guesses: new PeerLimiter(clock, guessesPerPeerAndMinute),
    onDecided: () => runs.wake(),
    config: inForce,
    configBy: (digest) => configurations.byDigest(digest),
    sources: ingest.sources,
    kinds,
    metrics: createMetrics({ store, clock, unready, config: inForce, counted: () => measures.families() }),
  }).catch(undo)
  const listener = await startHooks({
    ...{ log, clock, unready, address: config.server.hooks },
    ...{ receiver: ingest.receiver, refusals: ingest.refusals, sources: ingest.sources },
    onAnswered: (...answer) => measures.answered(...answer),
    proxies: () => inForce().server.proxies,
  }).catch(undo)
  ingest.lookInLedger()
  retention.start()
  log.info({ host: listener.host, port: listener.port, node }, 'rouse is ready')
  const watching = watchConfig({
    file: config.file,
    files: () => watchedFiles(inForce()),
    onChange: () => configurations.reload(load, prepare, log),
    onError: (error) => log.warn({}, `configuration is not watched: ${error.message}`),
  })

  return {
    address: { host: listener.host, port: listener.port },
    adminUrl: admin?.url,
    config: inForce,
    failed: runs.failed,
    async stop() {
      isStopping = true
      log.info({}, 'stopping: deliveries are refused, runs end or come to a safe point')
      const unwatched = watching.then((watch) => watch.close())
      await Promise.all([runs.stop(stopGraceMs), poller.stop(), retention.stop(), unwatched])
      await ingest.stop()
      await Promise.all([listener.close(closeGraceMs), admin?.close(closeGraceMs)])
      await ingest.close()
      await tools.close()
      await tracer?.close(closeGraceMs)
      await store.close()
      log.info({}, 'rouse has stopped')
    },
  }
}
