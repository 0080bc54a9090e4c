import type { Agent } from '../domain/agent.js'
import type { EchoQuestion } from '../domain/echo.js'
import type { Event, Ids } from '../domain/event.js'
import type { Tool } from '../domain/tool.js'
import { globMatches } from '../util/glob.js'

/** By which an event is known for an echo of our own writes. */
export interface EchoRules {
  /** Names of ids that writes make, to the tools that make them. */
  readonly makers: ReadonlyMap<string, readonly string[]>
  /** Our own actors, by source. */
  readonly self: ReadonlyMap<string, ReadonlySet<string>>
}

/** What a configuration says of it. */
interface Declared {
  readonly tools: ReadonlyMap<string, Pick<Tool, 'name' | 'creates'>>
  readonly sources: ReadonlyMap<string, { readonly name: string; readonly self: readonly string[] }>
}

const made = new WeakMap<Declared, EchoRules>()

/** Of a configuration; made once, because every event is asked. */
export function echoRulesOf(config: Declared): EchoRules {
  const known = made.get(config)
  if (known) return known
  const makers = new Map<string, string[]>()
  for (const { name: tool, creates } of config.tools.values()) {
    for (const name of Object.keys(creates)) makers.set(name, [...(makers.get(name) ?? []), tool])
  }
  const self = new Map<string, ReadonlySet<string>>()
  for (const { name, self: actors } of config.sources.values()) {
    if (actors.length > 0) self.set(name, new Set(actors))
  }
  const rules: EchoRules = { makers, self }
  made.set(config, rules)
  return rules
}

/** What is to be asked of the ledger about an event; undefined for one that cannot be an echo. */
export function echoQuestion(
  {
    id,
    source,
    subject,
    ids,
    actor,
    recordedAt,
  }: Pick<Event, 'id' | 'source' | 'subject' | 'ids' | 'actor' | 'recordedAt'>,
  { makers, self }: EchoRules,
): EchoQuestion | undefined {
  const isOwn = actor !== undefined && (self.get(source)?.has(actor) ?? false)
  const named = makers.size === 0 ? {} : namedBy(ids, makers)
  if (!isOwn && Object.keys(named).length === 0) return undefined
  return { id, subject, recordedAt, named, ids, isOwn }
}

function namedBy(ids: Ids, makers: EchoRules['makers']): Ids {
  return Object.fromEntries(Object.entries(ids).filter(([name]) => makers.has(name)))
}

/** Whether the agent listens to echoes of this type. */
export function takesEchoes({ on }: Pick<Agent, 'on'>, event: Pick<Event, 'source' | 'type'>): boolean {
  return on.some(
    ({ echoes, source, types }) =>
      echoes && source === event.source && types.some((type) => globMatches(type, event.type)),
  )
}
