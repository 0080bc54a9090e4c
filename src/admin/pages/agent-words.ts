import type { Agent, Grant, Mailbox, Quota, Trigger } from '../../domain/agent.js'
import { plain } from '../../util/plain.js'
import type { Tone } from '../ui/parts.js'
import { count, listed, spanOf } from './amounts.js'

/** An agent's configuration, in words. */

export const modes: Readonly<Record<Agent['mode'], { readonly tone: Tone; readonly says: string }>> = {
  live: { tone: 'good', says: 'It acts.' },
  shadow: { tone: 'wait', says: 'Its writes are recorded as they would be, and not sent.' },
  off: { tone: 'none', says: 'Its events wait until it is on again.' },
}

/** `workflow_run.completed of ci`. */
export function sayTrigger({ source, types }: Pick<Trigger, 'source' | 'types'>): string {
  const said = types.length === 1 && types[0] === '*' ? 'everything' : listed(types.map(plain))
  return `${said} of ${plain(source)}`
}

export function sayMailbox(mailbox: Mailbox): string {
  switch (mailbox.whenBusy) {
    case 'queue':
      return 'One run for each event; of one subject one after the other.'
    case 'coalesce':
      return `Events of a subject that wait become one run, once it was quiet for ${spanOf(mailbox.quietMs)}, at the latest after ${spanOf(mailbox.maxWaitMs)}.`
    case 'supersede':
      return 'The newest event of a subject takes the place of those before it.'
  }
}

/** `3 in a run`, `amount: 20,000 a day, added up`. */
export function sayBounds({ max, sum }: Pick<Grant, 'max' | 'sum'>): string[] {
  return [
    ...max.map((quota) => `${quota.limit.toLocaleString('en')} ${places[quota.per]}`),
    ...sum.map(
      (quota) => `${plain(quota.arg)}: ${quota.limit.toLocaleString('en')} ${places[quota.per]}, added up`,
    ),
  ]
}

const places: Readonly<Record<Quota['per'], string>> = {
  run: 'in a run',
  subject: 'for a subject',
  day: 'a day',
}

export function sayLimits({ limits }: Agent): string[] {
  const perDay: [number | undefined, string][] = [
    [limits.runsPerDay, ''],
    [limits.runsPerSource, ' of one source'],
    [limits.runsPerActor, ' that one actor causes'],
  ]
  return [
    `${count(limits.turns, 'turn')}, ${count(limits.calls, 'tool call')} and ${count(limits.tokens, 'token')} in a run`,
    `${limits.costUsd === undefined ? 'money without a limit' : `${limits.costUsd.toFixed(2)} USD`} and ${spanOf(limits.timeMs)} at work in a run`,
    ...perDay.flatMap(([limit, whose]) =>
      limit === undefined ? [] : [`${count(limit, 'run')} a day${whose}`],
    ),
    `${count(limits.denials, 'denial')}, ${count(limits.consecutiveErrors, 'error')} in a row or ${count(limits.identicalCalls, 'identical call')} end a run`,
    `${count(limits.attempts, 'failed try makes', 'failed tries make')} it dead`,
    limits.chain === 0
      ? 'Nothing that our own writes caused wakes it.'
      : `At most ${count(limits.chain, 'write')} of our own may stand between it and what nobody here caused.`,
  ]
}

/** The agent in one sentence: what wakes it, and what it may do. */
export function sayAgent(agent: Agent, effects: ReadonlyMap<string, string>): string {
  const writes = agent.grants.filter(({ tool }) => effects.get(tool) !== 'read')
  const reads = agent.grants.length - writes.length
  const of = (gate: Grant['gate']) => writes.filter((grant) => gateIn(agent, grant) === gate)
  const ways: [Grant['gate'], string][] = [
    ['auto', 'without asking'],
    ['approve', 'with a person’s word only'],
    ['shadow', 'in shadow, so that none is sent'],
  ]
  const acts = ways.flatMap(([gate, how]) =>
    of(gate).length === 0 ? [] : [`makes ${count(of(gate).length, 'kind')} of writes ${how}`],
  )
  const does = [`reads with ${count(reads, 'tool')}`, ...(acts.length === 0 ? ['writes nothing'] : acts)]
  return `Wakes on ${listed(agent.on.map(sayTrigger))}. It ${listed(does)}.`
}

function gateIn({ mode }: Agent, { gate }: Grant): Grant['gate'] {
  return mode === 'shadow' ? 'shadow' : gate
}
