import { wakes } from '../domain/event.js'
import type { Journal, StoredDelivery, StoredEvent } from '../store/records.js'
import { sayDecision, sayEvent } from './say.js'
import type { SeenByRun } from './seen-events.js'
import type { SinceThen } from './since-then.js'
import type { StoryLine } from './story-line.js'
import { runStory } from './story-run.js'
import { count, formatBytes, plain } from './text.js'
import type { When } from './when.js'

export interface EventRecord {
  readonly event: StoredEvent
  /** The first and the redeliveries, oldest first. */
  readonly deliveries: readonly StoredDelivery[]
  /** Oldest first. */
  readonly runs: readonly Journal[]
  readonly seen?: SeenByRun
  /** What happened after writes that were only simulated. */
  readonly later?: SinceThen
}

/** What happened to an event, from its first byte to the outcome of its runs, in the order in which it happened. */
export function eventStory({ event, deliveries, runs, seen, later }: EventRecord, when: When): StoryLine[] {
  const first = deliveries.find(({ id }) => id === event.deliveryId)
  const lines: StoryLine[] = []
  if (first) lines.push(...arrivalStory(first))
  lines.push(recorded(event), ...decisions(event))
  const redeliveries = deliveries.filter((delivery) => delivery !== first).map(redelivered)
  const ofRuns = runs.flatMap((journal) => runStory(journal, when, seen?.get(journal.run.id), later))
  return inOrder([...lines, ...redeliveries, ...ofRuns])
}

/** What happened to a delivery before there were events of it. */
export function arrivalStory(delivery: StoredDelivery): StoryLine[] {
  const { id, receivedAt, bodyBytes, remoteAddress, url, source, secretIndex, state, reason } = delivery
  const from = remoteAddress === undefined ? '' : ` from ${plain(remoteAddress)}`
  const lines: StoryLine[] = [
    {
      key: `${id} received`,
      at: receivedAt,
      verb: 'received',
      text: `${plain(url)}, ${formatBytes(bodyBytes)}${from} as ${id}`,
      tone: 'plain',
    },
    {
      key: `${id} verified`,
      at: receivedAt,
      verb: 'verified',
      text: `by ${secretIndex === 0 ? 'the secret' : `secret number ${secretIndex + 1}`} of ${plain(source)}`,
      tone: 'good',
    },
  ]
  if (state === 'malformed') {
    const text = `${plain(reason ?? 'it cannot be read')}; its bytes are kept`
    lines.push({ key: `${id} malformed`, at: receivedAt, verb: 'malformed', text, tone: 'bad' })
  }
  return lines
}

const ways = { webhook: 'a webhook', poll: 'a poll', schedule: 'the schedule' } as const

function recorded(event: StoredEvent): StoryLine {
  const ids = Object.entries(event.ids).map(([name, value]) => plain(`${name}=${value}`))
  const below = [
    ...(ids.length === 0 ? [] : [`ids ${ids.join(' ')}`]),
    ...(event.actor === undefined ? [] : [`by ${plain(event.actor)}`]),
    ...(event.echoOf === undefined
      ? []
      : [`an echo of our own ${event.echoOf}, ${count(event.chain, 'write')} deep`]),
    ...(event.sourceEventId === undefined ? [] : [`the sender’s id ${plain(event.sourceEventId)}`]),
  ]
  return {
    key: `${event.id} recorded`,
    at: event.recordedAt,
    verb: 'recorded',
    text: `${sayEvent(event)} as ${event.id}, by ${ways[event.via]}`,
    ...(below.length === 0 ? {} : { detail: below.join('\n') }),
    tone: 'good',
  }
}

function redelivered(delivery: StoredDelivery): StoryLine {
  const { id, receivedAt, remoteAddress } = delivery
  const from = remoteAddress === undefined ? '' : ` from ${plain(remoteAddress)}`
  return {
    key: `${id} duplicate`,
    at: receivedAt,
    verb: 'duplicate',
    text: `redelivery ${id}${from}: already recorded, nothing is done again`,
    tone: 'plain',
  }
}

function decisions(event: StoredEvent): StoryLine[] {
  if (event.state === 'recorded') {
    const text = 'which agents it wakes is not decided yet'
    return [{ key: `${event.id} undecided`, at: undefined, verb: 'waiting', text, tone: 'wait' }]
  }
  const lines: StoryLine[] = event.decisions.map((decision) => {
    const agent = plain(decision.agent)
    return {
      key: `${event.id} match ${agent}`,
      at: undefined,
      verb: wakes(decision) ? 'matched' : 'not matched',
      text: decision.reason === 'matched' ? agent : `${agent}: ${sayDecision(decision)}`,
      tone: decision.reason === 'if_error' ? 'bad' : 'plain',
    }
  })
  if (event.state === 'ignored') {
    const text = 'it wakes no agent'
    lines.push({ key: `${event.id} ignored`, at: undefined, verb: 'ignored', text, tone: 'plain' })
  }
  return lines
}

/** By time; a line without one stays behind the line that it was told after. */
function inOrder(lines: readonly StoryLine[]): StoryLine[] {
  let at = 0
  return lines
    .map((line, position) => {
      at = line.at ?? at
      return { line, position, at }
    })
    .sort((left, right) => left.at - right.at || left.position - right.position)
    .map(({ line }) => line)
}
