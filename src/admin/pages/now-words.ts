import { plain } from '../../util/plain.js'
import type { Tone } from '../ui/parts.js'
import { count, listed } from './amounts.js'
import type { SourceHealth } from './source-health.js'
import { isTrouble } from './source-words.js'

/** What the answer to “is all well?” is made of. */
export interface Answered {
  readonly unready: string | undefined
  readonly sources: readonly Pick<SourceHealth, 'settings' | 'lastSeenAt' | 'condition'>[]
  /** Calls that wait for a person. */
  readonly waiting: number
  /** Writes of which nobody knows whether they happened. */
  readonly held: number
  /** Runs that died in the last day and were not replayed. */
  readonly died: number
  readonly alerts: number
  /** Runs that wait for something that is away. */
  readonly stalled: number
}

export interface Answer {
  readonly tone: Tone
  readonly text: string
}

/** Is all well? In one line: whether everything arrives, then what is wrong, then what waits for the reader. */
export function answerOf(facts: Answered): Answer {
  const arriving = sayArriving(facts)
  const wrong = [
    ...(facts.alerts === 0
      ? []
      : [`${count(facts.alerts, 'alert')} ${are(facts.alerts, 'stands', 'stand')}`]),
    ...(facts.died === 0 ? [] : [`${count(facts.died, 'run')} died in the last day`]),
    ...(facts.stalled === 0
      ? []
      : [`${count(facts.stalled, 'run')} ${are(facts.stalled, 'is', 'are')} held up`]),
  ]
  const waits = sayWaiting(facts)
  const tone =
    arriving.tone === 'bad' || facts.alerts + facts.died + facts.held > 0
      ? 'bad'
      : arriving.tone === 'wait' || facts.stalled + facts.waiting > 0
        ? 'wait'
        : arriving.tone
  return { tone, text: `${[arriving.text, ...wrong, waits].join('; ')}.` }
}

function sayArriving({ unready, sources }: Answered): Answer {
  if (unready !== undefined) return { tone: 'bad', text: `Deliveries are refused now (${plain(unready)})` }
  if (sources.length === 0) return { tone: 'none', text: 'No source is configured yet' }
  const troubled = sources.filter(isTrouble)
  if (troubled.length > 0) {
    const tone = troubled.every(({ condition: { is } }) => is === 'silent' || is === 'gap') ? 'wait' : 'bad'
    const words = troubled.slice(0, mostNamed).map((one) => wordsOf(one))
    if (troubled.length > words.length)
      words.push(
        `${count(troubled.length - words.length, 'more source')} ${are(troubled.length - words.length, 'is', 'are')} in trouble`,
      )
    return { tone, text: capital(listed(words)) }
  }
  if (sources.every(({ lastSeenAt, condition: { is } }) => lastSeenAt === undefined && is === 'new'))
    return { tone: 'none', text: 'Nothing has arrived yet' }
  return { tone: 'good', text: 'Everything is arriving' }
}

const mostNamed = 2

function wordsOf({ settings, condition }: Pick<SourceHealth, 'settings' | 'condition'>): string {
  const name = plain(settings.name)
  switch (condition.is) {
    case 'silent':
      return `${name} is silent for longer than usual`
    case 'refused':
      return `deliveries to ${name} are refused`
    case 'failing':
      return `${name} cannot be asked`
    case 'overdue':
      return `${name} is overdue`
    case 'gap':
      return `${name} may have missed something`
    default:
      return name
  }
}

function sayWaiting({ waiting, held }: Answered): string {
  const words = [
    ...(waiting === 0 ? [] : [count(waiting, 'call')]),
    ...(held === 0 ? [] : [count(held, 'held write')]),
  ]
  if (words.length === 0) return 'nothing waits for you'
  return `${listed(words)} ${are(waiting + held, 'waits', 'wait')} for you`
}

function are(amount: number, one: string, many: string): string {
  return amount === 1 ? one : many
}

/** Names of sources stay as they are written. */
function capital(text: string): string {
  return text.replace(/^deliveries /, 'Deliveries ')
}
