import type { Event, MatchDecision } from '../domain/event.js'
import type { Run, RunUsage } from '../domain/run.js'
import type { ToolCallState } from '../domain/tool-call.js'
import { waits } from '../runs/wait-words.js'
import { formatDuration } from '../util/duration.js'
import { count, plain } from './text.js'
import type { When } from './when.js'

/** `waits for the model`: where the ledger has no reason of its own. */
export function sayWait({ parkedOn }: Run): string {
  return parkedOn === undefined ? '' : `waits for ${waits[parkedOn]}`
}

/** `parked, waits for the model until 07:05:00 (in 4m)`. */
export function sayRunState(run: Run, when: When): string {
  switch (run.state) {
    case 'parked': {
      const what = run.parkedOn === undefined ? '' : `, waits for ${waits[run.parkedOn]}`
      return `parked${what}${run.nextAt === undefined ? '' : ` until ${when.both(run.nextAt)}`}`
    }
    case 'failed':
      return `failed${run.nextAt === undefined ? '' : `, tried again at ${when.both(run.nextAt)}`}`
    case 'running':
    case 'completed':
    case 'dead':
    case 'cancelled':
    case 'queued':
      return run.state
  }
}

/** `parked: approval`: short, for a column. */
export function shortRunState(run: Run): string {
  return run.state === 'parked' && run.parkedOn !== undefined ? `parked: ${run.parkedOn}` : run.state
}

const notMatched: Readonly<Record<MatchDecision['reason'], string>> = {
  matched: 'woken',
  source: 'listens to another source',
  type: 'listens to other types',
  if_false: 'its `if` is false',
  if_error: 'its `if` could not be decided, which is no match',
  echo: 'one of our own writes caused it, and it does not listen to such',
  off: 'its mode is off; its run waits until it is on again',
}

/** Why an agent was not woken, or waits. */
export function sayDecision({ reason, detail }: MatchDecision): string {
  return notMatched[reason] + (detail === undefined ? '' : `: ${plain(detail)}`)
}

export function sayCost(usd: number | undefined): string {
  if (usd === undefined) return 'cost unknown'
  return `${usd === 0 ? '0' : usd.toFixed(usd < 1 ? 4 : 2)} USD`
}

/** `3 turns, 5 tool calls, 12,000 + 300 tokens, 0.0123 USD, 12.3s`. */
export function sayUsage({ turns, calls, inputTokens, outputTokens, costUsd, activeMs }: RunUsage): string {
  return [
    count(turns, 'turn'),
    count(calls, 'tool call'),
    `${sayTokens(inputTokens, outputTokens)}`,
    sayCost(turns === 0 ? 0 : costUsd),
    formatDuration(activeMs),
  ].join(', ')
}

export function sayTokens(input: number, output: number): string {
  return `${count(input, 'token')} in, ${output.toLocaleString('en-US')} out`
}

/** `workflow_run.completed of ci about acme/web#42`. */
export function sayEvent({ type, source, subject }: Pick<Event, 'type' | 'source' | 'subject'>): string {
  return `${plain(type)} of ${plain(source)}${subject === undefined ? '' : ` about ${plain(subject)}`}`
}

export type Tone = 'good' | 'bad' | 'wait' | 'plain'

const callTones: Partial<Record<ToolCallState, Tone>> = {
  waiting: 'wait',
  denied: 'bad',
  expired: 'bad',
  approved: 'good',
  confirmed: 'good',
  done: 'good',
  rejected: 'bad',
  unknown: 'wait',
  held: 'wait',
  failed: 'bad',
  simulated: 'plain',
}

export function toneOfCall(state: ToolCallState): Tone {
  return callTones[state] ?? 'plain'
}

export function toneOfRun(state: Run['state']): Tone {
  if (state === 'completed') return 'good'
  if (state === 'parked') return 'wait'
  return state === 'dead' || state === 'failed' || state === 'cancelled' ? 'bad' : 'plain'
}

export const toneColours = { good: 'green', bad: 'red', wait: 'yellow', plain: undefined } as const
