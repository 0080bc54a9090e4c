import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { DaemonProcess } from '../daemon-process.js'
import { type Answer, type RecordedRequest, RecordingApi } from '../recording-api.js'
import { until } from '../wait.js'
import { type DeliveryOptions, deliveryOf } from './delivery.js'
import type { AttackCase, Scope, World } from './format.js'
import { isAtRest, type Ledger, readLedger } from './ledger.js'
import { AttackModel } from './model.js'
import { eventIds, type Setting, type SettingOptions, settingOf, writeConfig } from './setting.js'
import { turnsOf } from './turns.js'

/** The program: a build that is under trial, or this one. */
export const main = process.env['ROUSE_TEST_MAIN'] ?? resolve(import.meta.dirname, '../../../dist/main.js')
const preload = resolve(import.meta.dirname, 'preload.mjs')

export interface BenchOptions extends SettingOptions {
  /** Changes the configuration before it is written. */
  readonly change?: (setting: Setting, bench: Bench) => void
  readonly answer?: (request: RecordedRequest) => Answer | undefined
  /** Fields that answers have not. */
  readonly missing?: readonly string[]
}

export interface CommandResult {
  readonly code: number | null
  readonly output: string
}

/** What one case is played on: the fakes, a directory with a configuration and a ledger, and the real daemon. */
export class Bench {
  readonly outputs: string[] = []
  /** Logs of all lives of the daemon. */
  readonly logs: string[] = []
  setting: Setting
  daemon: DaemonProcess | undefined
  attack: AttackCase
  /** What came before the case that is played now. */
  #before = { cases: 0, events: 0, log: 0 }
  #answer: BenchOptions['answer']

  private constructor(
    readonly world: World,
    attack: AttackCase,
    readonly options: BenchOptions,
    readonly directory: string,
    readonly api: RecordingApi,
    readonly model: AttackModel,
  ) {
    const places = { api: api.origin, model: model.url }
    this.attack = attack
    this.setting = settingOf(world, places, options)
    options.change?.(this.setting, this)
    api.respond = (request) => this.#answer?.(request) ?? this.answerOf(request)
    this.#play(attack, options.answer)
  }

  #play(attack: AttackCase, answer: BenchOptions['answer']): void {
    this.attack = attack
    this.#answer = answer
    const items = attack.model.filter((item) => !('crash' in item))
    const turns = turnsOf(items, this.world)
    this.model.turns = () => turns
  }

  /** Another case on the same daemon, of other objects: nothing of those before it is seen from now on. */
  next(attack: AttackCase, answer: BenchOptions['answer']): void {
    const { cases } = this.#before
    const log = this.daemon?.log.length ?? 0
    this.#before = { cases: cases + 1, events: readLedger(this.file).events.length, log }
    this.api.requests.splice(0)
    this.model.inputs.splice(0)
    this.outputs.splice(0)
    this.#play(attack, answer)
  }

  static async open(world: World, attack: AttackCase, options: BenchOptions = {}): Promise<Bench> {
    const directory = await mkdtemp(join(tmpdir(), 'rouse-attack-'))
    const [api, model] = await Promise.all([RecordingApi.start(), AttackModel.start()])
    const bench = new Bench(world, attack, options, directory, api, model)
    await bench.write()
    return bench
  }

  /** Writes the configuration as the setting is now; the daemon reads it again. */
  write(): Promise<void> {
    return writeConfig(this.directory, this.setting)
  }

  get file(): string {
    return join(this.directory, 'rouse.db')
  }

  /** Of the case that is played now. */
  get ledger(): Ledger {
    const { events, runs, calls, approvals } = readLedger(this.file)
    const own = new Set(events.slice(this.#before.events).map(({ id }) => id))
    const ofRuns = runs.filter(({ eventId }) => own.has(eventId))
    const runIds = new Set(ofRuns.map(({ id }) => id))
    return {
      events: events.filter(({ id }) => own.has(id)),
      runs: ofRuns,
      calls: calls.filter(({ runId }) => runIds.has(runId)),
      approvals: approvals.filter(({ runId }) => runIds.has(runId)),
    }
  }

  get scope(): Scope {
    const scope = this.world.scopes[this.attack.agent]
    if (!scope) throw new Error(`the world has no scope "${this.attack.agent}"`)
    return scope
  }

  /** Throws an Error where it does not become ready. `module`: loaded before it instead of the clock and the names. */
  async start(life: { module?: string; environment?: Record<string, string> } = {}): Promise<DaemonProcess> {
    const { module = preload } = life
    const environment = { ...this.#environment, ...life.environment }
    const daemon = await DaemonProcess.start(this.directory, { module, environment })
    this.daemon = daemon
    if (daemon.hasEnded) throw new Error(`the daemon did not start: ${daemon.log.split('\n')[0] ?? ''}`)
    return daemon
  }

  get #environment(): Record<string, string> {
    return { ...this.setting.environment, ATTACK_TEST_CONTROL: join(this.directory, 'control.json') }
  }

  async end(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const { daemon } = this
    if (!daemon) return
    this.daemon = undefined
    if (!daemon.hasEnded) daemon.kill(signal)
    await daemon.ended
    this.logs.push(daemon.log)
  }

  async close(): Promise<void> {
    await this.end()
    await Promise.all([this.api.close(), this.model.close()])
    await rm(this.directory, { recursive: true, force: true })
  }

  /** What was logged so far. */
  get log(): string {
    return [...this.logs, this.daemon?.log.slice(this.#before.log) ?? ''].join('')
  }

  /** Sends a delivery of the case's scope, which must be taken; gives the ids of its events. */
  async send(options: DeliveryOptions = {}, scopeName = this.attack.agent): Promise<string[]> {
    const scope = this.world.scopes[scopeName]
    if (!scope) throw new Error(`the world has no scope "${scopeName}"`)
    const { headers, body } = deliveryOf(scope, { ...this.#own(scope), ...options })
    const response = await fetch(`${this.daemon?.url}/hooks/${scopeName}`, { method: 'POST', headers, body })
    const text = await response.text()
    if (!response.ok) throw new Error(`a delivery was answered ${response.status}: ${text.slice(0, 200)}`)
    return (JSON.parse(text) as { events?: string[] }).events ?? []
  }

  /** The objects of the case that is played now, where others were played before. */
  #own(scope: Scope): DeliveryOptions {
    const { cases } = this.#before
    if (cases === 0) return {}
    const ids = eventIds(scope).map((name) => [name, otherId(scope.scope[name] ?? '', cases)] as const)
    return { ids: Object.fromEntries(ids), number: cases }
  }

  /** Waits until nothing goes on by itself. */
  async rest(events = 1, timeoutMs = 15_000): Promise<Ledger> {
    const look = () => {
      if (this.daemon?.hasEnded) throw new Error('the daemon ended by itself')
      const { ledger } = this
      return ledger.events.length >= events && isAtRest(ledger) ? ledger : undefined
    }
    try {
      return await until('the runs to end or to wait', look, timeoutMs)
    } catch (cause) {
      const told = cause instanceof Error ? cause.message : String(cause)
      throw new Error(`${told}: ${JSON.stringify(this.ledger.runs)} ${this.log.slice(-800)}`, { cause })
    }
  }

  /** A command of the program, by a person beside the daemon. */
  async command(...args: string[]): Promise<CommandResult> {
    const child = spawn(
      process.execPath,
      ['--import', preload, main, ...args, '-c', join(this.directory, 'config.yaml')],
      {
        env: { PATH: process.env['PATH'], ...this.#environment },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    )
    let output = ''
    const take = (chunk: Buffer) => {
      output += chunk.toString('utf8')
    }
    child.stdout.on('data', take)
    child.stderr.on('data', take)
    const code = await new Promise<number | null>((done) => child.once('close', done))
    this.outputs.push(output)
    return { code, output }
  }

  waiting() {
    return this.ledger.approvals.filter(({ state }) => state === 'waiting')
  }

  /** A person lets everything through that waits. Gives how many there were. */
  async approveAll(isMeant: (tool: string) => boolean = () => true): Promise<number> {
    const waiting = this.waiting().filter(({ tool }) => isMeant(tool))
    for (const { id } of waiting) {
      const { code, output } = await this.command('approve', id, '--yes', '--by', 'a-person')
      if (code !== 0) throw new Error(`rouse approve ended with ${code}: ${output.slice(0, 400)}`)
    }
    return waiting.length
  }

  /** What the service says: the facts of the object, or that a write was done. */
  answerOf({ method, url }: RecordedRequest): Answer {
    const { facts = {}, scope } = this.scope
    if (method !== 'GET') return { status: 200, body: { id: 1000 + this.api.requests.length, ok: true } }
    const name = url.split(/[/?]/)[1] ?? ''
    const body = { name, ...facts, ...scope, text: 'Ordinary text of an answer.' }
    const shown = Object.entries(body).filter(([field]) => !this.options.missing?.includes(field))
    return { status: 200, body: Object.fromEntries(shown) }
  }
}

/** The id of another object of the same kind. */
export function otherId(id: string | number, number: number): string | number {
  if (typeof id === 'number') return id + 1000 * number
  return /^[a-z]+_[A-Za-z0-9]+$/.test(id) ? `${id}x${number}` : id
}
