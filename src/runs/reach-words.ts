import type { Config } from '../config/config.js'
import type { Agent } from '../domain/agent.js'
import type { Label } from '../domain/label.js'
import type { Gate } from '../policy/gate.js'
import type { Most, Reach } from '../policy/reach.js'
import { count, formatBytes } from '../util/amounts.js'
import { plain } from '../util/plain.js'

/** How far an agent reaches, in sentences for a person who is to say yes to it. */

const people: Readonly<Record<Label, string>> = {
  public: 'everybody',
  subject: 'those who may see the event’s object',
  internal: 'the team',
  private: 'those it is private to',
}

/** In words, who that is. */
export function sayLabel(label: Label): string {
  return people[label]
}

/** Who is asked before a call is made. */
export const deciders: Readonly<Record<Gate, string>> = {
  auto: 'nobody',
  approve: 'a person',
  shadow: 'not sent',
}

export function sayRuns({ runs, runsPerActor }: Reach, { limits, mode }: Agent): string {
  const parts = [runs.perDay === undefined ? 'no bound' : numbered(runs.perDay)]
  if (runs.perSource !== undefined) parts.push(`${numbered(runs.perSource)} of one source`)
  if (runsPerActor !== undefined) parts.push(`${numbered(runsPerActor)} that one actor causes`)
  const each = `each of ${count(limits.turns, 'turn')} and ${count(limits.calls, 'tool call')}`
  const off = mode === 'off' ? '; none while its mode is off' : ''
  return `${parts.join(', ')}; ${each}${off}`
}

export function sayMoney({ usd, tokens }: Reach, { limits }: Agent, config: Config): string {
  if (usd) {
    const day = usd.perDay === undefined ? 'no bound' : `${money(usd.perDay)} USD`
    return `${day}: ${money(usd.perRun)} for each run, which its last turn may pass`
  }
  const day = tokens.perDay === undefined ? 'no bound' : `${numbered(tokens.perDay)} tokens`
  const why =
    limits.costUsd === undefined || config.models.size === 0
      ? 'money is not limited'
      : 'no bound in money, because what the model costs is not known: write price'
  return `${day}, ${numbered(tokens.perRun)} for each run; ${why}`
}

export function sayMost({ perRun, perSubject, perDay }: Most): string[] {
  return [perRun, perSubject, perDay].map((most) => (most === undefined ? 'no bound' : numbered(most)))
}

export function sayObjects({ tools }: Reach): string[] {
  const lines: string[] = []
  const ofEvent = new Set<string>()
  const yielded = new Map<string, string>()
  for (const { id, yieldedBy } of tools.flatMap(({ objects }) => objects)) {
    if (yieldedBy === undefined) ofEvent.add(id)
    else yielded.set(id, yieldedBy)
  }
  if (ofEvent.size > 0) lines.push(`${[...ofEvent].join(', ')}: ids that the event brings`)
  for (const [id, tool] of yielded) lines.push(`${id}: read from the answer of ${plain(tool)}`)
  for (const { tool, objects } of tools) {
    if (objects.length > 0) continue
    const whose =
      tool.credential === undefined ? 'that address' : `the credential "${plain(tool.credential)}"`
    lines.push(`${plain(tool.name)}: bound to no id, so whatever ${whose} can reach`)
  }
  return lines
}

export function sayReadables({ readables }: Reach): string[] {
  const by = new Map<Label, string[]>()
  for (const { from, label } of readables) by.set(label, [...(by.get(label) ?? []), plain(from)])
  return [...by].map(([label, names]) => `${names.join(', ')}: for ${people[label]}`)
}

export function sayTexts({ tools }: Reach): string[] {
  return tools.flatMap(({ tool, gate, textPerCall, calls, audience, fault }) => {
    if (audience === undefined) return []
    const name = plain(tool.name)
    const perDay =
      calls.perDay === undefined ? 'with no bound a day' : `${numbered(calls.perDay * textPerCall)} a day`
    const much =
      textPerCall === 0 ? 'no free text' : `${count(textPerCall, 'character')} of free text a call, ${perDay}`
    const seen = gate === 'shadow' ? 'not sent; else seen' : 'seen'
    const lines = [`${name}: ${much}, ${seen} by ${people[audience]}`]
    if (fault) {
      const then = fault.isDeclared ? 'it is denied' : 'a person is asked'
      lines.push(
        `  once ${plain(fault.reading.from)} was read, which is for ${people[fault.reading.label]}, ${then}`,
      )
    }
    return lines
  })
}

export function sayOrigins({ origins }: Reach, agent: Agent, config: Config): string[] {
  const lines = origins.map(({ origin, credentials }) => {
    const names = credentials.map((name) => `"${plain(name)}"`).join(', ')
    return `${plain(origin)} ${credentials.length === 0 ? 'without a credential' : `with the credential ${names}`}`
  })
  const model = config.models.get(agent.model)
  if (model) lines.push(`${originOf(model.baseUrl)}, the model: it is told all that is read`)
  return lines
}

function originOf(url: string): string {
  return plain(URL.canParse(url) && /^https?:/.test(url) ? new URL(url).origin : url)
}

export function sayChoices({ bitsPerDay, tools }: Reach): string {
  const unasked = tools.filter(({ gate }) => gate === 'auto')
  if (unasked.length === 0) return 'none that nobody is asked about'
  const much =
    bitsPerDay === undefined ? 'without a bound' : `at most ${formatBytes(Math.ceil(bitsPerDay / 8))}`
  return `${much} could be told by which calls are made and what is chosen in them, free text left out; no rule stops that`
}

function numbered(amount: number): string {
  return amount.toLocaleString('en-US', { maximumFractionDigits: 2 })
}

function money(usd: number): string {
  return usd.toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 4 })
}
