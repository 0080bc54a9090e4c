import { type ChildProcess, spawn } from 'node:child_process'
import { open, readFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import type { Clock } from '../../util/clock.js'
import type { Environment } from '../../util/env.js'
import type { Network } from '../../util/fetch.js'
import { failure } from '../command.js'
import { until } from './until.js'

export interface RouseOptions {
  readonly configFile: string
  readonly environment: Environment
  /** Where the daemon's log goes. */
  readonly logFile: string
  readonly address: string
  readonly network: Network
  readonly clock: Clock
  readonly signal: AbortSignal
}

/** The daemon, as a process of its own. */
export interface DaemonProcess {
  readonly pid: number
  /** From the start of the process to the first answer of `/healthz`. */
  readonly readyAfterMs: number
  /** Ends it without a word, as a power cut would. Resolves when it is gone. */
  kill(): Promise<void>
  /** Asks it to end. Resolves with its exit code. */
  stop(): Promise<number | null>
}

const readyWithinMs = 15_000

/** Runs `rouse` with these arguments, in the same way in which this process was run. */
function spawnRouse(
  args: readonly string[],
  environment: Environment,
  output: number | 'pipe',
): ChildProcess {
  const entry = process.argv[1]
  if (entry === undefined) throw failure('the demo starts rouse again and does not know its file')
  const child = spawn(process.execPath, [...process.execArgv, entry, ...args], {
    env: { ...environment },
    stdio: ['ignore', output, output],
  })
  // Also when this process ends in a way that leaves no time to clear away, as with `rouse demo | head`.
  const onExit = () => void child.kill('SIGKILL')
  process.once('exit', onExit)
  child.once('exit', () => process.off('exit', onExit))
  return child
}

/** Starts the daemon and waits until it takes deliveries. */
export async function startRouse(options: RouseOptions): Promise<DaemonProcess> {
  const { configFile, environment, logFile, address, network, clock, signal } = options
  const log = await open(logFile, 'a', 0o600)
  const beganAt = clock.monotonic()
  const child = spawnRouse(['start', '-c', configFile], environment, log.fd)
  await log.close()
  const ended = new Promise<number | null>((resolve) => {
    child.once('exit', (code) => resolve(code))
    child.once('error', () => resolve(null))
  })
  const end = async (name: NodeJS.Signals) => {
    if (child.exitCode === null && child.signalCode === null) child.kill(name)
    return ended
  }
  try {
    await until('the daemon to answer', { signal, timeoutMs: readyWithinMs, clock }, async () => {
      if (child.exitCode !== null || child.signalCode !== null) throw await notStarted(logFile)
      const url = `http://${address}/healthz`
      const request = {
        method: 'GET',
        url,
        headers: {},
        timeoutMs: 1000,
        maxBytes: 1024,
        signal,
        allowPrivate: true,
      }
      const answer = await network.request(request).catch(() => undefined)
      return answer?.status === 200
    })
  } catch (error) {
    await end('SIGKILL')
    throw error
  }
  return {
    pid: child.pid ?? 0,
    readyAfterMs: clock.monotonic() - beganAt,
    kill: async () => void (await end('SIGKILL')),
    stop: () => end('SIGTERM'),
  }
}

async function notStarted(logFile: string): Promise<Error> {
  const lines = (await readFile(logFile, 'utf8')).trimEnd().split('\n')
  return failure(`the daemon did not start. Its last lines:\n${lines.slice(-12).join('\n')}`)
}

/** Runs one command to its end. Rejects with what it said when it fails. */
export async function runRouse(
  args: readonly string[],
  environment: Environment,
  signal: AbortSignal,
): Promise<string> {
  const child = spawnRouse(args, environment, 'pipe')
  const onAbort = () => void child.kill('SIGKILL')
  signal.addEventListener('abort', onAbort, { once: true })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      said += text
    })
  }
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('close', resolve)
    child.once('error', reject)
  })
  signal.removeEventListener('abort', onAbort)
  signal.throwIfAborted()
  if (code !== 0) throw failure(`rouse ${args[0] ?? ''} ended with ${code}: ${said.trim()}`)
  return said.trimEnd()
}

/** A port of this machine that nobody listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
