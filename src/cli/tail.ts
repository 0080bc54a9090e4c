import { isFinal, type Run } from '../domain/run.js'
import type { StoredEvent } from '../store/records.js'
import type { Store } from '../store/store.js'
import { eventStory } from './story.js'
import type { StoryLine } from './story-line.js'
import type { When } from './when.js'

/** How many of the newest events and runs are looked at each time. */
const windowSize = 50
/** Keys that are remembered; far more than the windows can bring again. */
const maxKnown = 50_000

/** What is new in the ledger since it was last asked: each line of each story once. */
export class Tail {
  #known = new Set<string>()
  #finished = new Set<string>()

  constructor(
    private readonly store: Store,
    private readonly when: () => When,
  ) {}

  /** Takes everything that is there now as told. */
  async skip(): Promise<void> {
    await this.news()
  }

  /** Oldest first. */
  async news(): Promise<StoryLine[]> {
    const events = await this.store.listEvents({ limit: windowSize })
    const found = new Map(events.map((event) => [event.id, event]))
    for (const run of await this.activeRuns()) {
      if (found.has(run.eventId)) continue
      const event = await this.store.event(run.eventId)
      if (event) found.set(event.id, event)
    }
    const lines: StoryLine[] = []
    for (const event of found.values()) lines.push(...(await this.newsOf(event)))
    return lines.sort((left, right) => (left.at ?? 0) - (right.at ?? 0))
  }

  private async activeRuns(): Promise<Run[]> {
    const runs = await this.store.listRuns({ limit: windowSize })
    const fresh = runs.filter(({ id, state }) => !(isFinal(state) && this.#finished.has(id)))
    for (const { id, state } of runs) if (isFinal(state)) this.#finished.add(id)
    return fresh
  }

  private async newsOf(event: StoredEvent): Promise<StoryLine[]> {
    const deliveries = await this.store.deliveriesOf(event.id)
    const runs = await this.store.runsOf(event.id)
    const journals = await Promise.all(runs.map(({ id }) => this.store.journal(id)))
    const story = eventStory({ event, deliveries, runs: journals }, this.when())
    const news: StoryLine[] = []
    let at = event.recordedAt
    for (const line of story) {
      at = line.at ?? at
      if (this.#known.has(line.key)) continue
      this.#known.add(line.key)
      // A line without a time of its own stays where its story has it.
      news.push(line.verb === 'waiting' && line.at === undefined ? line : { ...line, at })
    }
    if (this.#known.size > maxKnown) this.#known = new Set([...this.#known].slice(-maxKnown / 2))
    return news
  }
}
