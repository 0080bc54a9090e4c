import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { until } from '../wait.js'

export interface DaemonProcessOptions {
  readonly main: string
  /** Where its config.yaml is. */
  readonly directory: string
  readonly environment?: Readonly<Record<string, string>>
  /** A shell's words before the command, such as limits, with "$@" standing for it. */
  readonly shell?: string
  /** Where it listens, for one whose log says nothing. */
  readonly port?: number
}

/** The real daemon, which listens on a port of its own choice. */
export class DaemonProcess {
  #child: ChildProcess | undefined
  #log = ''
  #url = ''

  constructor(private readonly options: DaemonProcessOptions) {}

  get url(): string {
    return this.#url
  }

  /** What it logged since it was started. */
  get log(): string {
    return this.#log
  }

  get pid(): number {
    return this.#child?.pid ?? 0
  }

  get isRunning(): boolean {
    const child = this.#child
    return child !== undefined && child.exitCode === null && child.signalCode === null
  }

  /** Resolves when it takes deliveries; rejects with its log when it ends before. */
  async start(): Promise<void> {
    const { main, directory, environment, shell, port } = this.options
    const command = [process.execPath, main, 'start', '-c', join(directory, 'config.yaml')]
    const [program = '', ...args] = shell === undefined ? command : ['sh', '-c', shell, 'sh', ...command]
    const child = spawn(program, args, {
      env: { PATH: process.env['PATH'], ...environment },
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    this.#child = child
    this.#log = ''
    if (port !== undefined) {
      this.#url = `http://127.0.0.1:${port}`
      const isHealthy = () =>
        fetch(`${this.#url}/healthz`).then(
          () => true,
          () => false,
        )
      await until('the daemon to listen', () => !this.isRunning || isHealthy())
      return
    }
    await new Promise<void>((resolve, reject) => {
      child.stderr.on('data', (chunk: Buffer) => {
        this.#log += chunk.toString('utf8')
        const ready = /"port":(\d+).*"msg":"rouse is ready"/.exec(this.#log)
        if (ready === null) return
        this.#url = `http://127.0.0.1:${ready[1]}`
        resolve()
      })
      child.once('exit', (code, signal) =>
        reject(new Error(`the daemon ended with ${code ?? signal} before it was ready:\n${this.#log}`)),
      )
    })
  }

  async stop(): Promise<void> {
    await this.#end('SIGTERM')
  }

  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  /** Resolves with how it ended. */
  async ended(): Promise<number | string> {
    const child = this.#child
    if (!child) return 0
    if (this.isRunning) await once(child, 'exit')
    return child.exitCode ?? child.signalCode ?? 0
  }

  async #end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    if (!this.isRunning) return
    this.#child?.kill(signal)
    await this.ended()
  }
}

export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address ? address.port : 0
}
