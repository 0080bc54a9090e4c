import { isFinal } from '../../domain/run.js'
import type { Journal, StoredEvent, ToolCallRow } from '../../store/records.js'
import type { Store } from '../../store/store.js'
import { utcDay } from '../../util/clock.js'
import type { WorldEffect } from './api.js'
import type { SentDelivery } from './sender.js'

/** What was lost, doubled and refused, from three records that do not know each other. */
export interface Summary {
  /** Answered with 2xx, redeliveries included: what senders will not send again. */
  readonly delivered: number
  readonly recorded: number
  readonly recordedByPoll: number
  readonly duplicates: number
  /** Forged deliveries that were refused, and of which nothing but a count is in the ledger. */
  readonly refused: number
  /** Why, by the ledger's count: codes. */
  readonly refusedFor: readonly string[]
  /** A sentence for each. */
  readonly lost: readonly string[]
  readonly doubled: readonly string[]
  readonly uninvited: readonly string[]
  readonly runs: readonly Journal[]
  readonly deniedCalls: readonly ToolCallRow[]
  readonly effects: number
}

export interface Records {
  readonly sent: readonly SentDelivery[]
  /** What changed at the polled API after its first poll: subject and version. */
  readonly changes: readonly { readonly subject: string; readonly time: number }[]
  readonly effects: readonly WorldEffect[]
  /** Read after the daemon has ended. */
  readonly store: Store
  readonly now: number
}

export async function summarize({ sent, changes, effects, store, now }: Records): Promise<Summary> {
  const lost: string[] = []
  const doubled: string[] = []
  const uninvited: string[] = []
  const events = await store.listEvents({ limit: 1000 })
  const journals: Journal[] = []
  for (const event of events) {
    for (const { id } of await store.runsOf(event.id)) journals.push(await store.journal(id))
  }

  const acked = sent.filter(({ status }) => status >= 200 && status < 300)
  compareArrivals(acked, changes, events, { lost, doubled, uninvited })
  for (const { run } of journals) {
    if (!isFinal(run.state)) lost.push(`run ${run.id} of ${run.agent} has not ended: ${run.state}`)
  }
  compareEffects(effects, journals, { lost, doubled, uninvited })

  const forged = sent.filter(({ isForged }) => isForged)
  const refusals = await store.refusals(utcDay(now - 86_400_000))
  const counted = refusals.reduce((sum, { count }) => sum + count, 0)
  const refused = forged.filter(({ status }) => status === 401).length
  if (counted !== refused) uninvited.push(`senders saw ${refused} refusals, the ledger counts ${counted}`)
  return {
    delivered: acked.length,
    recorded: events.length,
    recordedByPoll: events.filter(({ via }) => via === 'poll').length,
    duplicates: (await store.counts()).deliveries.duplicate,
    refused,
    refusedFor: refusals.map(({ reason }) => reason),
    lost,
    doubled,
    uninvited,
    runs: journals,
    deniedCalls: journals.flatMap(({ calls }) => calls.filter(({ state }) => state === 'denied')),
    effects: effects.length,
  }
}

interface Findings {
  readonly lost: string[]
  readonly doubled: string[]
  readonly uninvited: string[]
}

/** Each occurrence that a sender saw acknowledged, and each change of a polled record, is one event, and nothing else is. */
function compareArrivals(
  acked: readonly SentDelivery[],
  changes: Records['changes'],
  events: readonly StoredEvent[],
  { lost, doubled, uninvited }: Findings,
): void {
  const expected = new Map<string, readonly StoredEvent[]>()
  for (const { letter } of acked) {
    const own = events.filter(
      ({ source, sourceEventId }) => source === letter.source && sourceEventId === letter.id,
    )
    expected.set(`${letter.type} ${letter.id}`, own)
  }
  for (const { subject, time } of changes) {
    const own = events.filter(
      (event) => event.via === 'poll' && event.subject === subject && event.time === time,
    )
    expected.set(`${subject} as of ${time}`, own)
  }
  for (const [name, own] of expected) {
    if (own.length === 0) lost.push(`${name} was acknowledged and is not in the ledger`)
    if (own.length > 1) doubled.push(`${name} is ${own.length} events`)
  }
  const known = new Set([...expected.values()].flat().map(({ id }) => id))
  for (const { id, type } of events) if (!known.has(id)) uninvited.push(`nobody sent ${type} (${id})`)
}

/** Each write that the ledger has as confirmed happened once in the world, and nothing else did. */
function compareEffects(
  effects: readonly WorldEffect[],
  journals: readonly Journal[],
  { lost, doubled, uninvited }: Findings,
): void {
  const inLedger = new Map<string, number>()
  for (const { state, request } of journals.flatMap(({ calls }) => calls)) {
    if (state === 'confirmed' && request)
      add(inLedger, `${request.method} ${request.url} ${request.body ?? ''}`)
  }
  const inWorld = new Map<string, number>()
  for (const { method, url, body } of effects) add(inWorld, `${method} ${url} ${body}`)
  for (const [request, count] of inLedger) {
    const happened = inWorld.get(request) ?? 0
    const shown = request.split(' ', 2).join(' ')
    if (happened < count) lost.push(`${shown} is confirmed and did not happen`)
    if (happened > count) doubled.push(`${shown} happened ${happened} times`)
  }
  for (const request of inWorld.keys()) {
    if (!inLedger.has(request))
      uninvited.push(`${request.split(' ', 2).join(' ')} happened and is not in the ledger`)
  }
}

function add(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}

/** Sentences on what is not as it must be; with a script it is known beforehand what has to happen. */
export function faultsOf(summary: Summary, isScripted: boolean): string[] {
  const { lost, doubled, uninvited, refused, duplicates, runs } = summary
  const faults = [...lost, ...doubled, ...uninvited]
  if (refused !== 1) faults.push(`expected 1 refused delivery, found ${refused}`)
  if (duplicates !== 1) faults.push(`expected 1 duplicate, found ${duplicates}`)
  if (!isScripted) return faults
  for (const { run } of runs) {
    if (run.state !== 'completed')
      faults.push(`run ${run.id} of ${run.agent} ended ${run.state}: ${run.error?.message ?? ''}`)
  }
  const resent = runs
    .flatMap(({ calls }) => calls)
    .filter(({ sends, state }) => sends > 1 && state === 'confirmed')
  if (runs.length !== 4) faults.push(`expected 4 runs, found ${runs.length}`)
  if (summary.effects !== 6) faults.push(`expected 6 effects at the APIs, found ${summary.effects}`)
  if (resent.length !== 1) faults.push(`expected 1 write sent again after the crash, found ${resent.length}`)
  if (summary.deniedCalls.length !== 1)
    faults.push(`expected 1 denied call, found ${summary.deniedCalls.length}`)
  return faults
}
