import { type ChildProcess, spawn } from 'node:child_process'
import { join, resolve } from 'node:path'
import { storeEngines } from '../../src/store/registry.js'
import type { Store } from '../../src/store/store.js'

const main = process.env['ROUSE_TEST_MAIN'] ?? resolve(import.meta.dirname, '../../dist/main.js')

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** The real daemon, as `npm start` runs it, on a free port. */
export class DaemonProcess {
  /** What it logged, one JSON object a line. */
  log = ''
  readonly ended: Promise<Ended>
  #port = 0

  private constructor(readonly child: ChildProcess) {
    this.ended = new Promise((done) => child.once('exit', (code, signal) => done({ code, signal })))
    child.stderr?.on('data', (chunk: Buffer) => {
      this.log += chunk.toString('utf8')
    })
  }

  /** Resolves when it is ready, or has ended before. */
  static async start(
    directory: string,
    options: { module?: string; environment?: Record<string, string>; flags?: readonly string[] } = {},
  ): Promise<DaemonProcess> {
    const { flags = [] } = options
    const imported = options.module === undefined ? [] : ['--import', options.module]
    const daemon = new DaemonProcess(
      spawn(process.execPath, [...imported, main, 'start', '-c', join(directory, 'config.yaml'), ...flags], {
        env: { PATH: process.env['PATH'], ...options.environment },
        stdio: ['ignore', 'ignore', 'pipe'],
      }),
    )
    const ready = new Promise<void>((done) => {
      daemon.child.stderr?.on('data', () => {
        const line = daemon.log.split('\n').find((text) => text.includes('"rouse is ready"'))
        if (line === undefined) return
        daemon.#port = (JSON.parse(line) as { port: number }).port
        done()
      })
    })
    await Promise.race([ready, daemon.ended])
    return daemon
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  get hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal)
  }

  /** However it is: it is gone when this resolves. */
  async end(): Promise<void> {
    if (!this.hasEnded) this.kill('SIGKILL')
    await this.ended
  }
}

export function openLedger(directory: string): Promise<Store> {
  return storeEngines.sqlite({ file: join(directory, 'rouse.db'), exclusive: false })
}
