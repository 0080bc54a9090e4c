import type { Run } from '../domain/run.js'
import type { StoredEvent } from '../store/records.js'
import type { ChangeMark } from '../store/reports.js'
import type { Store } from '../store/store.js'
import { eventStory } from './story.js'
import type { StoryLine } from './story-line.js'
import type { When } from './when.js'

/** How many of the newest events are looked at each time: a redelivery makes no change that the ledger tells of. */
const windowSize = 50
const batchSize = 200
/** Keys that are remembered; far more than the windows can bring again. */
const maxKnown = 50_000

/** A line, and the time by which it stands among the others. */
interface Placed {
  readonly at: number
  readonly line: StoryLine
}

/** What is new in the ledger since it was last asked: each line of each story once. */
export class Tail {
  #known = new Set<string>()
  #mark: ChangeMark | undefined
  #since = Number.NEGATIVE_INFINITY

  constructor(
    private readonly store: Store,
    private readonly when: () => When,
    private readonly isWanted: (event: StoredEvent, runs: readonly Run[]) => boolean = () => true,
  ) {}

  /** Takes everything that is there now as told; what happened before `now` is not told later either. */
  async beginAt(now: number): Promise<void> {
    await this.news()
    this.#since = now
  }

  /** Oldest first. */
  async news(): Promise<StoryLine[]> {
    const found = new Map<string, StoredEvent>()
    for (const event of await this.store.listEvents({ limit: windowSize })) found.set(event.id, event)
    await this.addChanged(found)
    const lines: Placed[] = []
    for (const event of found.values()) lines.push(...(await this.newsOf(event)))
    return lines.sort((left, right) => left.at - right.at).map(({ line }) => line)
  }

  /** However many there are: after a burst, and of runs whose events are old. */
  private async addChanged(found: Map<string, StoredEvent>): Promise<void> {
    for (let isMore = true; isMore; ) {
      const { events, changes, next, isMore: more } = await this.store.changesSince(this.#mark, batchSize)
      for (const { event } of events) if (!found.has(event.id)) found.set(event.id, event)
      for (const runId of new Set(changes.flatMap((change) => change.runId ?? []))) {
        const run = await this.store.run(runId)
        if (!run || found.has(run.eventId)) continue
        const event = await this.store.event(run.eventId)
        if (event) found.set(event.id, event)
      }
      this.#mark = next
      isMore = more
    }
  }

  private async newsOf(event: StoredEvent): Promise<Placed[]> {
    const deliveries = await this.store.deliveriesOf(event.id)
    const runs = await this.store.runsOf(event.id)
    if (!this.isWanted(event, runs)) return []
    const journals = await Promise.all(runs.map(({ id }) => this.store.journal(id)))
    const story = eventStory({ event, deliveries, runs: journals }, this.when())
    const news: Placed[] = []
    let at = event.recordedAt
    for (const line of story) {
      at = line.at ?? at
      if (this.#known.has(line.key)) continue
      this.#known.add(line.key)
      if (at < this.#since && event.recordedAt < this.#since) continue
      // A line without a time of its own stays where its story has it.
      news.push({ at, line: line.verb === 'waiting' && line.at === undefined ? line : { ...line, at } })
    }
    if (this.#known.size > maxKnown) this.#known = new Set([...this.#known].slice(-maxKnown / 2))
    return news
  }
}
