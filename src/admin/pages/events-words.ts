import type { MatchDecision } from '../../domain/event.js'
import type { StoredEvent } from '../../store/records.js'
import { plain } from '../../util/plain.js'
import { count, listed } from './amounts.js'

const mostNamed = 2

/** Why an event woke nobody, in a few words: what says most comes first. */
export function sayIgnored({ decisions, chain }: Pick<StoredEvent, 'decisions' | 'chain'>): string {
  if (decisions.length === 0) return 'no agent is declared'
  const of = (reason: MatchDecision['reason']) =>
    decisions.filter((decision) => decision.reason === reason).map(({ agent }) => plain(agent))
  const broken = of('if_error')
  if (broken.length > 0) return `the condition of ${named(broken)} could not be decided`
  const no = of('if_false')
  if (no.length > 0) return `the condition of ${named(no)} is false`
  if (chain > 0 || of('echo').length > 0) return 'one of our own writes caused it'
  if (of('type').length > 0) return 'no agent listens to its type'
  return 'no agent listens to its source'
}

function named(agents: readonly string[]): string {
  const shown = agents.slice(0, mostNamed)
  if (agents.length > shown.length) shown.push(count(agents.length - shown.length, 'other'))
  return listed(shown)
}
