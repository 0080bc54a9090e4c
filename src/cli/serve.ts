import type { Command } from 'commander'
import type { LogSettings } from '../config/config.js'
import { type Daemon, startDaemon } from '../daemon.js'
import type { Environment } from '../util/env.js'
import { createLogger, type LogLevel } from '../util/log.js'
import { packageVersion } from '../util/version.js'
import { type Invocation, oneOf } from './command.js'
import { kindNamed, loadWhole } from './configuration.js'
import { hideConfigured } from './hidden.js'
import { formatTable } from './table.js'
import { count, indentBy } from './text.js'
import { announceAdmin } from './token.js'

export interface ServeOptions {
  readonly environment: Environment
  /** Of the command line; undefined: as config.yaml says, else `defaultLevel`. */
  readonly logLevel: LogLevel | undefined
  readonly defaultLevel: LogLevel
  /** A person has said that a ledger which is a backup is to go on. */
  readonly isRestoreAccepted?: boolean
  /** Called when the daemon is ready; what it returns runs before the daemon stops. */
  readonly whileReady: (daemon: Daemon) => Promise<() => Promise<void>>
}

const restoredNotice =
  'goes on from a backup: what came after it was taken is not in the ledger (`rouse doctor` says since when), and what its unfinished runs wrote since may be held for a person; start without --restored from now on'

const logLevels: readonly LogLevel[] = ['debug', 'info', 'warn', 'error', 'silent']

export function declareLogLevel(command: Command, otherwise: LogLevel): void {
  command.option('--log-level <level>', `${logLevels.join(', ')} (default: \`log.level\`, or ${otherwise})`)
}

export function logLevelOf(text: string | undefined): LogLevel | undefined {
  return text === undefined ? undefined : oneOf('--log-level', text, logLevels)
}

/**
 * Runs the daemon in this process until SIGINT or SIGTERM: runs come to a safe point, the ledger is closed. A second
 * signal ends the process at once; what was under way is resumed at the next start.
 */
export async function serve(invocation: Invocation, options: ServeOptions): Promise<void> {
  const { io, hidden } = invocation
  let daemon: Daemon | undefined
  hidden.follow(() => daemon?.config().secretValues)
  const atStart = await loadWhole(invocation, options.environment).then(
    (config) => config.log,
    () => undefined, // what is wrong with it is said when it is loaded to be used
  )
  const settings = () => daemon?.config().log ?? atStart
  const log = createLogger({
    level: () => options.logLevel ?? settings()?.level ?? options.defaultLevel,
    pretty: () => isPretty(settings()?.format, io.isTerminal),
    redact: hidden.redact,
    clock: io.clock,
  })
  let stop: () => void = () => undefined
  const stopped = new Promise<void>((resolve) => {
    stop = resolve
  })
  let signals = 0
  const undoStop = io.onStop(() => {
    if (++signals > 1) io.exit(1)
    stop()
  })
  // Nobody knows what state the process is in: the next one goes on from the ledger.
  const undoFault = io.onFault((error) => {
    log.error(
      { err: error },
      'unexpected fault in the process; it ends, and goes on when it is started again',
    )
    io.exit(1)
  })
  try {
    const { environment, whileReady } = options
    // Also what `rouse dev` made up, and before the configuration is in force.
    await hideConfigured(hidden, invocation.configFile(), { ...io, environment })
    daemon = await startDaemon({
      configFile: invocation.configFile(),
      environment,
      log,
      isRestoreAccepted: options.isRestoreAccepted === true,
    })
    void daemon.failed.then(() => io.exit(1))
    if (options.isRestoreAccepted === true) log.warn({}, restoredNotice)
    const end = await whileReady(daemon)
    await announceAdmin(daemon, invocation, log)
    await stopped
    if (io.isTerminal) io.err('stopping: runs come to a safe point (Ctrl-C again ends at once)')
    await end()
    await daemon.stop()
  } finally {
    undoStop()
    undoFault()
  }
}

function isPretty(format: LogSettings['format'] = 'auto', isTerminal: boolean): boolean {
  return format === 'auto' ? isTerminal : format === 'pretty'
}

/** Where to send, and what is listening. */
export function formatBanner(daemon: Daemon, invocation: Invocation): string {
  const { io } = invocation
  const config = daemon.config()
  const { host, port } = daemon.address
  const rows = [...config.sources.values()].map(({ name, kind }) => [
    name,
    kindNamed(kind)?.title ?? kind,
    kindNamed(kind)?.open === undefined ? 'by the clock' : `${config.server.publicUrl}/hooks/${name}`,
  ])
  const title = `${io.style('bold', `rouse ${packageVersion()}`)} listens on ${host.includes(':') ? `[${host}]` : host}:${port}; ${count(config.agents.size, 'agent')}, ledger ${config.store.file}`
  if (rows.length === 0) return title
  const columns = [{ title: 'SOURCE' }, { title: 'KIND' }, { title: 'SEND TO' }]
  return `${title}\n${indentBy(formatTable(columns, rows, Number.POSITIVE_INFINITY), '  ')}`
}
