import type { Approval } from '../../domain/approval.js'
import { isFinal, type Run } from '../../domain/run.js'
import { settledToolCallStates } from '../../domain/tool-call.js'
import type { Attempt, Journal, StoredEvent, ToolCallRow } from '../../store/records.js'
import type { Store } from '../../store/store.js'
import { formatDuration } from '../../util/duration.js'
import { formatRequest } from '../exact-request.js'
import { sayCost, sayDecision, toneColours, toneOfCall } from '../say.js'
import { count, cutTo, formatBytes, padTo, plain } from '../text.js'
import type { Narrator } from './narrator.js'
import type { SentDelivery } from './sender.js'

/** Enough of an id to tell it from the others of the demo: its kind and its end, which is chance. */
export function short(id: string): string {
  return `${id.slice(0, 4)}…${id.slice(-6)}`
}

/** A subject as people write it: seven digits of a commit are enough. */
function sayAbout(subject: string): string {
  return plain(subject).replace(/@([0-9a-f]{7})[0-9a-f]{33}$/, '@$1')
}

/** From the first byte to the acknowledgement, as sender and ledger have it. */
export async function tellArrival(narrator: Narrator, store: Store, sent: SentDelivery): Promise<void> {
  const { letter, bytes, status, answer, ms, isForged } = sent
  const took = formatDuration(ms)
  narrator.line('receive', `POST /hooks/${letter.source}, ${formatBytes(bytes)}`)
  if (status === 401) {
    const why = isForged ? ', which were changed after it was made' : ''
    narrator.line('verify', `the signature is not of these bytes${why}`, 'bad')
    narrator.line('ack', `401 after ${took}, with a body that says nothing; nothing is recorded`, 'bad')
    return
  }
  const [eventId = ''] = answer.events ?? []
  const deliveries = await store.deliveriesOf(eventId)
  const isDuplicate = answer.status === 'duplicate'
  const own = isDuplicate ? deliveries.at(-1) : deliveries[0]
  const secret = own === undefined || own.secretIndex === 0 ? 'the secret' : `secret ${own.secretIndex + 1}`
  narrator.line('verify', `signed with ${secret} of ${letter.source}, over the raw bytes`)
  const event = await store.event(eventId)
  if (isDuplicate) narrator.line('record', `duplicate of ${short(eventId)}: no new event, no new run`)
  else if (event) tellRecord(narrator, event)
  narrator.line('ack', `${status} after ${took}${isDuplicate ? '' : ', with the event on the disk'}`)
}

export function tellRecord(narrator: Narrator, { id, type, subject }: StoredEvent): void {
  const about = subject === undefined ? '' : ` about ${sayAbout(subject)}`
  narrator.line('record', `${short(id)}, ${plain(type)}${about}`)
}

export function tellMatch(narrator: Narrator, { decisions }: StoredEvent): void {
  const woken = decisions.filter(({ reason }) => reason === 'matched').map(({ agent }) => agent)
  const others = new Map<string, string[]>()
  for (const decision of decisions.filter(({ reason }) => reason !== 'matched')) {
    const why = sayDecision(decision)
    others.set(why, [...(others.get(why) ?? []), decision.agent])
  }
  const rest = [...others].map(([why, agents]) => `not ${agents.join(', ')} (${why})`)
  narrator.line(
    'match',
    [woken.length > 0 ? `wakes ${woken.join(', ')}` : 'wakes nobody', ...rest].join('; '),
  )
}

interface Moment {
  readonly key: string
  readonly at: number
  tell(): void
}

/** Tells what is new in a run each time that it is asked, so that a run can be followed while it happens. */
export class RunTeller {
  readonly #told = new Set<string>()
  #turn = 0

  constructor(private readonly narrator: Narrator) {}

  tell(journal: Journal): void {
    const { run, steps, calls, approvals, attempts } = journal
    const moments: Moment[] = [
      { key: 'enqueue', at: run.createdAt, tell: () => this.tellEnqueue(run) },
      ...attempts.map((attempt) => ({
        key: `attempt ${attempt.number}`,
        at: attempt.startedAt,
        tell: () => this.tellAttempt(attempt, attempts),
      })),
      ...approvals.flatMap((approval) => this.decision(approval)),
    ]
    for (const call of calls) {
      if (!settledToolCallStates.includes(call.state)) continue
      const turn = steps.find(({ id }) => id === call.stepId)?.turn ?? 0
      moments.push({
        key: call.id,
        at: call.settledAt ?? call.proposedAt,
        tell: () => this.tellCall(call, turn),
      })
    }
    if (isFinal(run.state)) {
      moments.push({ key: 'finish', at: Number.POSITIVE_INFINITY, tell: () => this.tellFinish(run) })
    }
    for (const { key, tell } of moments.sort((left, right) => left.at - right.at)) {
      if (this.#told.has(key)) continue
      this.#told.add(key)
      tell()
    }
  }

  private tellEnqueue({ id, agent, subject }: Run): void {
    this.narrator.line('enqueue', `${short(id)}, ${agent} on ${sayAbout(subject)}`)
  }

  private tellAttempt({ number }: Attempt, attempts: readonly Attempt[]): void {
    const before = attempts.find((attempt) => attempt.number === number - 1)
    if (!before) this.narrator.line('run', `attempt ${number}, claimed with a lease`)
    else if (before.outcome === 'crashed') {
      this.narrator.line('resumed', `attempt ${number}, after a crash, at the recorded step`, 'good')
    } else this.narrator.line('resumed', `attempt ${number}, at the recorded step`, 'good')
  }

  private decision(approval: Approval): Moment[] {
    const { id, state, requestedAt, decidedAt, decidedBy } = approval
    const asked = { key: `${id} asked`, at: requestedAt, tell: () => this.tellParked(approval) }
    if (decidedAt === undefined) return [asked]
    const by = decidedBy === undefined ? '' : ` by ${plain(decidedBy)}`
    const tell = () => this.narrator.line(state, `${short(id)}${by}`, state === 'approved' ? 'good' : 'bad')
    return [asked, { key: `${id} decided`, at: decidedAt, tell }]
  }

  private tellParked({ id, tool, requestedAt, expiresAt, request }: Approval): void {
    const time = formatDuration(expiresAt - requestedAt)
    const text = `on approval ${short(id)}: a person has ${time} to decide on exactly this ${tool}`
    this.narrator.line('parked', text, 'wait')
    this.narrator.block(formatRequest(request))
  }

  private tellCall(
    { tool, effect, state, status, output, argumentsText, sends }: ToolCallRow,
    turn: number,
  ): void {
    const code = output && !output.ok ? `, ${output.error.code}` : ''
    const answered = status === undefined ? '' : ` ${status}`
    const again = sends > 1 ? `, sent ${sends} times with one key` : ''
    const colour = toneColours[toneOfCall(state)]
    const outcome = `${state}${answered}${code}${again}`
    const isNewTurn = this.#turn !== turn
    this.#turn = turn
    const columns = [
      padTo(isNewTurn ? `turn ${turn}` : '', 6),
      padTo(plain(tool), 24),
      padTo(effect ?? '', 11),
    ]
    const shown = colour === undefined ? outcome : this.narrator.style(colour, outcome)
    this.narrator.row(isNewTurn ? 'loop' : '', `${columns.join('  ')}  ${shown}`)
    const said = sayArguments(argumentsText)
    if (effect !== 'read' && said !== '')
      this.narrator.block(`        ${cutTo(said, this.narrator.room - 8)}`)
  }

  private tellFinish({ usage, state, error, summary }: Run): void {
    const used = [count(usage.turns, 'turn'), count(usage.calls, 'tool call'), sayCost(usage.costUsd)].join(
      ', ',
    )
    const why = error && state !== 'completed' ? `: ${error.code}, ${plain(error.message)}` : ''
    const text = `${state}${why} after ${formatDuration(usage.activeMs)} of work, ${used}`
    this.narrator.line('finish', text, state === 'completed' ? 'good' : 'bad')
    if (summary !== undefined) this.narrator.quote(`“${plain(summary)}”`)
  }
}

/** `amount 4200 · reason requested_by_customer`, on one line. */
function sayArguments(text: string): string {
  let args: unknown
  try {
    args = JSON.parse(text)
  } catch {
    return plain(text)
  }
  if (typeof args !== 'object' || args === null) return plain(text)
  const parts = Object.entries(args).map(([name, value]) => {
    const shown =
      typeof value === 'string' ? value : Array.isArray(value) ? value.join(', ') : JSON.stringify(value)
    return `${name} ${plain(shown.split(/\s*\n\s*/).join(' / '))}`
  })
  return parts.join(' · ')
}
