import type { FakeAnswer, FakeApi } from '../support/fake-api.js'
import { type Polled, seeded } from './polled.js'

export interface Trouble {
  /** Share of items that become visible up to 110 s after their time. */
  readonly late: number
  readonly deleted: number
  /** Share of page requests before which the list changes. */
  readonly drift: number
  /** Share of ticks that meet a 500, a 429, a login page or a half answer. */
  readonly failing: number
  /** Share of ticks after which the process is started anew, and of those that die around the commit. */
  readonly restarts: number
}

export const everything: Trouble = { late: 0.1, deleted: 0.01, drift: 0.4, failing: 0.15, restarts: 0.15 }

/** What happens at the API between two moments: the same for every reader with the same seed. */
export class Life {
  #count = 0

  constructor(
    readonly api: FakeApi,
    readonly trouble: Trouble,
    readonly random: () => number,
  ) {}

  add(time: number): void {
    const { random, trouble } = this
    const lateMs = random() < trouble.late ? Math.floor(random() * (random() < 0.9 ? 10_000 : 110_000)) : 0
    this.api.add(`item-${++this.#count}`, { time, lateMs })
  }

  pass(from: number, to: number): void {
    const { random } = this
    const calm = Math.floor(random() * 5)
    for (let at = 0; at < calm; at++) this.add(from + Math.floor(random() * (to - from)))
    if (random() < 0.08) {
      const time = from + Math.floor(random() * (to - from))
      for (let at = 0; at < 180; at++) this.add(time)
    }
    this.#deleteSome()
  }

  drift(): void {
    const { random, trouble, api } = this
    if (random() >= trouble.drift) return
    for (let at = 0; at < 1 + random() * 3; at++) this.add(api.now() - Math.floor(random() * 20_000))
    this.#deleteSome()
  }

  #deleteSome(): void {
    for (const item of this.api.items.slice(-400)) {
      if (this.random() < this.trouble.deleted / 5) this.api.remove(item)
    }
  }
}

const answers: readonly FakeAnswer[] = [
  { status: 500 },
  { status: 503, headers: { 'retry-after': '90' } },
  { status: 429, headers: { 'retry-after': '120' } },
  { status: 200, headers: { 'content-type': 'text/html' }, body: '<html>Please sign in</html>' },
  { status: 200, body: '{"data": [{"id": "half' },
  { status: 200, body: '{"error": "try later"}' },
]

export interface Outcome {
  readonly lost: string[]
  readonly doubled: string[]
  readonly invented: string[]
  readonly events: number
}

/** Compares what a reader has with the API's own list. */
export function compareWith(api: FakeApi, startedAt: number, keys: readonly string[]): Outcome {
  const seen = new Set(keys)
  const real = new Set(api.items.filter((item) => item.time >= startedAt).map((item) => item.id))
  const owed = api.items.filter((item) => item.time >= startedAt && item.deletedAt === undefined)
  return {
    lost: owed.filter((item) => !seen.has(item.id)).map((item) => item.id),
    doubled: keys.filter((key, at) => keys.indexOf(key) !== at),
    invented: keys.filter((key) => !real.has(key)),
    events: keys.length,
  }
}

export async function simulate(
  polled: Polled,
  seed: number,
  ticks: number,
  trouble: Trouble,
): Promise<Outcome> {
  const { api, clock } = polled
  const random = seeded(seed)
  const life = new Life(api, trouble, random)
  for (let at = 0; at < 120; at++) api.add(`old-${at}`, { time: clock.now() - at * 60_000 - 1000 })
  await polled.tick()
  clock.advance(1000)
  const startedAt = api.now()
  api.beforePage = () => life.drift()
  polled.random = random
  for (let tick = 0; tick < ticks; tick++) {
    const before = api.now()
    const cursor = await polled.store.cursor('crm')
    clock.advance(Math.max(1000, (cursor?.nextAt ?? 0) - clock.now()))
    life.pass(before, api.now())
    if (random() < trouble.failing) {
      const answer = answers[Math.floor(random() * answers.length)]
      if (answer) api.answers.push(answer)
    }
    await crashing(polled, random, trouble.restarts)
  }
  // The dust settles: what was late becomes visible, what was begun is read to its end.
  api.beforePage = undefined
  polled.crash = () => undefined
  for (let tick = 0; tick < ticks / 2; tick++) await polled.next()
  return compareWith(api, startedAt, await polled.eventKeys())
}

async function crashing(polled: Polled, random: () => number, share: number): Promise<void> {
  const fate = random()
  polled.crash = (moment) => {
    if (fate < share / 2 && moment === 'before') throw new Error('killed before the commit')
    if (fate > 1 - share / 2 && moment === 'after') throw new Error('killed after the commit')
  }
  await polled.tick().catch(() => undefined)
  if (random() < share) await polled.restart()
}
