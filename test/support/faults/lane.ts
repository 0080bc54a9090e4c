import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sleep } from '../../../src/util/clock.js'
import { type FaultPoint, faultPoints } from '../../../src/util/fault-point.js'
import { randomFrom } from '../random.js'
import { until } from '../wait.js'
import {
  approveAll,
  countBusy,
  countUnfinished,
  describeBusy,
  integrity,
  recorded,
  resolveHeld,
  waitingApprovals,
  writesUnderWay,
} from './ledger.js'
import { Life } from './life.js'
import { Sender } from './sender.js'
import { type Kind, writeScript, writeSetting } from './setting.js'
import { type CutWrite, judge, protectionOf, type Verdict } from './verdict.js'
import { fates, World } from './world.js'

/** `random`: at any moment soon after the start; `load`: later, while 50 events arrive each second. */
export type Point = FaultPoint | 'random' | 'load'

/** All named ones that every process passes; a migration is passed once only, and has its own trial. */
export const namedPoints: readonly Point[] = (Object.keys(faultPoints) as FaultPoint[]).filter(
  (point) => point !== 'K21',
)
export const lanePoints: readonly Point[] = [...namedPoints, 'random', 'load']

export interface LaneOptions {
  readonly main: string
  readonly seed: number
  /** How often the process is killed. */
  readonly kills: number
  readonly points: readonly Point[]
  /** The share of deliveries that come twice. */
  readonly twice: number
  /** The first number of an issue, so that lanes can be told apart. */
  readonly firstNumber?: number
  readonly onKill?: (point: Point) => void
  /** Leaves the directory of a ledger that is not as promised, for a person to look at. */
  readonly keepsFaulty?: boolean
  /** Ends the lane before all kills are done. */
  readonly isOver?: () => boolean
}

export interface LaneResult extends Verdict {
  readonly kills: ReadonlyMap<Point, number>
  /** Further lives, in which the point was not passed within the time; they were ended there. */
  readonly notReached: ReadonlyMap<Point, number>
  readonly integrity: string
  readonly directory: string
}

const secondsToReach = 8_000

/**
 * One ledger and a process that is killed again and again, each life at another point, while a sender keeps sending.
 * The APIs and the sender outlive it. At the end everything drains, and what the sender saw, what was done to the
 * world, and what stands in the ledger are compared.
 */
export async function runLane(options: LaneOptions): Promise<LaneResult> {
  const lane = await Lane.open(options)
  let isKept = options.keepsFaulty ?? false
  try {
    const result = await lane.run()
    isKept &&= result.faults.length > 0 || result.integrity !== 'ok'
    return result
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    throw new Error(isKept ? `${message}\nleft in ${lane.directory}` : message, { cause: error })
  } finally {
    await lane.close(isKept)
  }
}

class Lane {
  readonly #kills = new Map<Point, number>()
  readonly #notReached = new Map<Point, number>()
  readonly #pointOfLife: Point[] = []
  readonly #cut: CutWrite[] = []
  readonly #deals = new Map<string, number>()
  #secrets = ['k7Gq2nV9xB4tLw8sRz3mYc6p']
  #revision = 0
  #life: Life | undefined

  private constructor(
    private readonly options: LaneOptions,
    private readonly random: () => number,
    readonly directory: string,
    private readonly port: number,
    private readonly world: World,
    private readonly sender: Sender,
  ) {}

  static async open(options: LaneOptions): Promise<Lane> {
    const random = randomFrom(options.seed)
    const salt = Math.floor(random() * 2 ** 31)
    const fateOf = (issue: string) => {
      const draw = randomFrom(salt + Number(issue.replace(/\D/g, '')))()
      return fates[Math.floor(draw * fates.length)] ?? 'answered'
    }
    const world = await World.start(fateOf)
    const directory = await mkdtemp(join(tmpdir(), 'rouse-lane-'))
    const sender = new Sender(random, { twice: options.twice, firstNumber: options.firstNumber ?? 1 })
    return new Lane(options, random, directory, await freePort(), world, sender)
  }

  async close(isKept: boolean): Promise<void> {
    await this.sender.stop()
    await this.#life?.end('SIGKILL')
    await this.world.close()
    if (!isKept) await rm(this.directory, { recursive: true, force: true })
  }

  async run(): Promise<LaneResult> {
    const { kills, onKill, isOver = () => false } = this.options
    await writeScript(this.directory)
    await this.#write()
    let order: Point[] = []
    for (let life = 0; life < kills && !isOver(); life++) {
      if (order.length === 0) order = shuffled(this.options.points, this.random)
      const point = order.pop() ?? 'random'
      const isReached = await this.#live(point, life)
      const counts = isReached ? this.#kills : this.#notReached
      counts.set(point, (counts.get(point) ?? 0) + 1)
      onKill?.(point)
    }
    await this.#drain()
    const pointOf = (life: number): Point => this.#pointOfLife[life] ?? 'random'
    return {
      ...judge({
        occurrences: this.sender.occurrences,
        deals: this.#deals,
        recorded: recorded(this.#file),
        world: this.world,
        cut: this.#cut,
        pointOf,
      }),
      kills: this.#kills,
      notReached: this.#notReached,
      integrity: integrity(this.#file),
      directory: this.directory,
    }
  }

  get #file(): string {
    return join(this.directory, 'rouse.db')
  }

  async #write(): Promise<void> {
    const { directory, port, world } = this
    await writeSetting({ directory, port, world, secrets: this.#secrets, revision: this.#revision })
  }

  async #start(armed?: { point: FaultPoint; passing: number }): Promise<Life> {
    const life = await Life.start({ main: this.options.main, directory: this.directory, armed })
    this.#life = life
    return life
  }

  /** Whether it died where it was to die. */
  async #live(point: Point, number: number): Promise<boolean> {
    this.#pointOfLife[number] = point
    const passing = 1 + Math.floor(this.random() * 3)
    const life = await this.#start()
    await this.#settle(life)
    if (isArmed(point)) await life.arm({ point, passing: isRare(point) ? 1 : passing })
    this.sender.start({
      url: `http://127.0.0.1:${this.port}`,
      secret: this.#secrets.at(-1) ?? '',
      life: number,
      fresh: point === 'K22' ? 60 : point === 'load' ? 200 : 6,
      paddingBytes: point === 'K22' ? 150_000 : 0,
      perSecond: point === 'load' ? 50 : undefined,
    })
    const stop = new AbortController()
    const driving = this.#drive(point, number, life, stop.signal)
    const timer = sleep(secondsToReach, stop.signal).catch(() => undefined)
    await Promise.race([life.ended, timer])
    const isReached = !life.isRunning
    if (!isReached) await life.end('SIGKILL')
    stop.abort()
    await driving
    await this.sender.stop()
    const how = await life.ended
    if (how !== 'SIGKILL') throw new Error(`the daemon ended by itself with ${how}:\n${life.log}`)
    for (const { agent, issue, state } of writesUnderWay(this.#file)) {
      const hadEffect = (this.world.effects.get(issue) ?? 0) > 0
      this.#cut.push({ issue, protection: protectionOf(agent as Kind), point, state, hadEffect })
    }
    // The sender of an overlap goes on with the new secret when both were valid for a while.
    if (this.#secrets.length > 1) {
      this.#secrets = this.#secrets.slice(0, 1)
      this.#revision++
      await this.#write()
    }
    return isReached
  }

  /** What the last life left goes on, until nothing is to be done at once: a run is not to be killed again for ever. */
  async #settle(life: Life): Promise<void> {
    const isSettled = () => !life.isRunning || countBusy(this.#file) === 0
    await until("the last life's runs to go on", isSettled, 60_000).catch((error: unknown) => {
      throw new Error(`${describeBusy(this.#file)}\n${life.log}`, { cause: error })
    })
    if (!life.isRunning) throw new Error(`the daemon ended unarmed:\n${life.log}`)
  }

  /** What makes the process pass its point. */
  async #drive(point: Point, number: number, life: Life, signal: AbortSignal): Promise<void> {
    if (point === 'K19' || point === 'K20' || this.random() < 0.2) this.#addDeal(number)
    if (point === 'K23' || point === 'K24') {
      if (point === 'K24') this.#secrets = [`whk_${this.#revision}_${'n'.repeat(24)}`, ...this.#secrets]
      this.#revision++
      await this.#write()
    }
    if (point === 'random' || point === 'load') {
      const [first, last] = point === 'load' ? [200, 3000] : [20, 420]
      await sleep(first + this.random() * (last - first), signal).catch(() => undefined)
      await life.end('SIGKILL')
    }
    if (point === 'K18') {
      while (life.isRunning && !signal.aborted) {
        await approveAll(this.#file).catch(() => undefined)
        await sleep(20, signal).catch(() => undefined)
      }
    }
    if (point === 'K17') await this.#killApprover(life, signal)
  }

  /** The process that dies here is the person's own. */
  async #killApprover(life: Life, signal: AbortSignal): Promise<void> {
    while (!signal.aborted && life.isRunning) {
      const [id] = waitingApprovals(this.#file)
      if (id === undefined) {
        await sleep(20, signal).catch(() => undefined)
        continue
      }
      const { main } = this.options
      const command = ['approve', id, '--yes', '--by', 'campaign']
      const armed = { point: 'K17', passing: 1 } as const
      const person = await Life.start({ main, directory: this.directory, armed, command })
      const how = await person.ended
      if (how !== 'SIGKILL')
        throw new Error(`rouse approve was to be killed and ended with ${how}:\n${person.log}`)
      if (!waitingApprovals(this.#file).includes(id)) {
        throw new Error(`${id} is decided although the process ended before it said so`)
      }
      break
    }
    await life.end('SIGKILL')
  }

  #addDeal(life: number): void {
    const id = `deal_${(this.options.firstNumber ?? 1) + 500_000 + this.#deals.size}`
    this.#deals.set(id, life)
    this.world.addDeal(id, Date.UTC(2026, 10, 21) + this.#deals.size * 1000)
  }

  async #drain(): Promise<void> {
    const life = await this.#start()
    const send = () =>
      this.sender.start({
        url: `http://127.0.0.1:${this.port}`,
        secret: this.#secrets[0] ?? '',
        life: -1,
        fresh: 0,
        paddingBytes: 0,
      })
    send()
    await this.sender.done()
    const deals = [...this.#deals.keys()]
    await until(
      `everything to end:\n${life.log}`,
      async () => {
        // Reading all of a ledger keeps this process busy, and the APIs that the daemon waits for are in it.
        await sleep(250)
        await approveAll(this.#file)
        await resolveHeld(this.#file, this.world)
        const known = recorded(this.#file)
        return countUnfinished(this.#file) === 0 && deals.every((deal) => known.has(deal))
      },
      120_000,
    )
    const how = await life.end('SIGTERM')
    if (how !== 0) throw new Error(`the daemon was asked to stop and ended with ${how}:\n${life.log}`)
  }
}

/** Elsewhere the process is ended from outside. */
function isArmed(point: Point): point is Exclude<FaultPoint, 'K17'> {
  return point !== 'random' && point !== 'load' && point !== 'K17'
}

/** Passed at most once in what a life does. */
function isRare(point: FaultPoint): boolean {
  return ['K18', 'K19', 'K20', 'K22', 'K23', 'K24'].includes(point)
}

function shuffled<Item>(items: readonly Item[], random: () => number): Item[] {
  const order = [...items]
  for (let at = order.length - 1; at > 0; at--) {
    const other = Math.floor(random() * (at + 1))
    const kept = order[at] as Item
    order[at] = order[other] as Item
    order[other] = kept
  }
  return order
}

/** A port that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address ? address.port : 0
}
