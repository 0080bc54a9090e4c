import { type ChildProcess, spawn } from 'node:child_process'
import { dirname, join, resolve } from 'node:path'
import type { FaultPoint } from '../../../src/util/fault-point.js'

const arm = resolve(import.meta.dirname, 'arm.mjs')

export interface Armed {
  readonly point: FaultPoint
  /** At the how-manieth passing it ends. */
  readonly passing: number
}

/** One life of the real process, from its start to its death. */
export class Life {
  #child: ChildProcess
  #log = ''
  #onArmed: () => void = () => undefined
  readonly ended: Promise<NodeJS.Signals | number | null>

  private constructor(child: ChildProcess) {
    this.#child = child
    this.ended = new Promise((resolve) => {
      child.once('exit', (code, signal) => resolve(signal ?? code))
    })
    child.on('message', () => this.#onArmed())
  }

  /** Resolves when it takes deliveries, or has ended before, where it was armed from the start. */
  static async start(options: {
    main: string
    directory: string
    armed?: Armed | undefined
    command?: readonly string[]
    /** Its clock is ahead by so much, and what is to be done some minutes after its start is done at once. */
    laterMs?: number
  }): Promise<Life> {
    const { main, directory, armed, command = ['start'], laterMs = 0 } = options
    const args = ['--import', arm, main, ...command, '-c', join(directory, 'config.yaml')]
    const child = spawn(process.execPath, args, {
      env: {
        PATH: process.env['PATH'],
        FAULT_TEST_LATER_MS: String(laterMs),
        ...armedEnvironment(main, armed),
      },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    })
    const life = new Life(child)
    const ready = new Promise<void>((resolve) => {
      child.stderr?.on('data', (chunk: Buffer) => {
        life.#log = (life.#log + chunk.toString('utf8')).slice(-6000)
        if (life.#log.includes('rouse is ready')) resolve()
      })
    })
    await Promise.race([ready, life.ended])
    if (!life.isRunning && life.#child.signalCode !== 'SIGKILL' && command[0] === 'start') {
      throw new Error(`the daemon ended with ${life.#child.exitCode} before it was ready:\n${life.#log}`)
    }
    return life
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  get log(): string {
    return this.#log
  }

  /** From now on it ends at this point. Resolves when it knows, or has ended. */
  async arm(armed: Armed): Promise<void> {
    const known = new Promise<void>((resolve) => {
      this.#onArmed = resolve
    })
    if (this.#child.connected) this.#child.send(armed, () => undefined)
    await Promise.race([known, this.ended])
  }

  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<NodeJS.Signals | number | null> {
    if (this.isRunning) this.#child.kill(signal)
    return this.ended
  }
}

function armedEnvironment(main: string, armed: Armed | undefined): Record<string, string> {
  return {
    FAULT_TEST_MODULE: join(dirname(main), 'util/fault-point.js'),
    ...(armed && { FAULT_TEST_POINT: armed.point, FAULT_TEST_PASSING: String(armed.passing) }),
  }
}
