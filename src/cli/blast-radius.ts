import type { Config } from '../config/config.js'
import type { Agent, ModelSettings } from '../domain/agent.js'
import type { Label } from '../domain/label.js'
import { costOf } from '../models/price.js'
import type { Gate } from '../policy/gate.js'
import { type Most, type Reach, reachOf, type ToolReach } from '../policy/reach.js'
import type { JsonObject, JsonValue } from '../util/json.js'
import type { Io } from './io.js'
import { formatFields, formatTable } from './table.js'
import { count, formatBytes, indentBy, plain, wrap } from './text.js'

/** How far an agent of this configuration reaches, whatever its model says. */
export function blastRadius(agent: Agent, config: Config): Reach {
  const { tools, agents, sources } = config
  const model = config.models.get(agent.model)
  return reachOf(agent, { tools, agents, sources, isPriced: model !== undefined && isPriced(model) })
}

/** Whether the ledger will know what an answer of the model cost. */
export function isPriced(model: ModelSettings): boolean {
  const usage = { inputTokens: 1000, cachedInputTokens: 0, outputTokens: 100 }
  return costOf(model, { model: model.model, usage, reportedCostUsd: undefined }) !== undefined
}

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

const deciders: Readonly<Record<Gate, string>> = { auto: 'nobody', approve: 'a person', shadow: 'not sent' }

/** At most so many columns, so that it can be read in a terminal of the usual size. */
const readableWidth = 80

/** What an agent can do at worst in a day, for a person who is to say yes to it. */
export function formatReach(
  reach: Reach,
  agent: Agent,
  config: Config,
  io: Pick<Io, 'width' | 'style'>,
): string {
  const width = Math.min(readableWidth, io.width)
  const indent = '    '
  const valueWidth = width - indent.length - 10
  const wrapped = (lines: readonly string[]) => lines.map((line) => wrap(line, valueWidth, '  ')).join('\n')
  const fields: [string, string | undefined][] = [
    ['runs', wrapped([sayRuns(reach, agent)])],
    ['model', wrapped([sayMoney(reach, agent, config)])],
    ['on', wrapped(sayObjects(reach))],
    ['reads', wrapped(sayReadables(reach))],
    ['says', wrapped(sayTexts(reach))],
    ['hosts', wrapped(sayOrigins(reach, agent, config))],
    ['choices', wrapped([sayChoices(reach)])],
  ]
  const writes = reach.tools.filter(({ tool }) => tool.effect !== 'read')
  const parts = [formatFields(fields.slice(0, 2), indent)]
  if (writes.length === 0) parts.push(`${indent}writes   none`)
  else
    parts.push(
      indentBy(writesTable(writes, width - indent.length, io), indent),
      ...sharing(writes, indent),
      ...narrowed(writes, indent),
    )
  parts.push(formatFields(fields.slice(2), indent))
  return `${indent.slice(2)}${io.style('bold', 'At worst, in a day')}\n${parts.join('\n')}`
}

function sayRuns({ runs, runsPerActor }: Reach, { limits, mode }: Agent): string {
  const parts = [runs.perDay === undefined ? 'no bound' : numbered(runs.perDay)]
  if (runs.perSource !== undefined) parts.push(`${numbered(runs.perSource)} of one source`)
  if (runsPerActor !== undefined) parts.push(`${numbered(runsPerActor)} that one actor causes`)
  const each = `each of ${count(limits.turns, 'turn')} and ${count(limits.calls, 'tool call')}`
  const off = mode === 'off' ? '; none while its mode is off' : ''
  return `${parts.join(', ')}; ${each}${off}`
}

function sayMoney({ usd, tokens }: Reach, { limits }: Agent, config: Config): string {
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

function writesTable(writes: readonly ToolReach[], width: number, io: Pick<Io, 'style'>): string {
  const columns = [
    { title: 'WRITES', shrinkTo: 16, cut: 'middle' as const },
    { title: 'ASKED' },
    { title: 'A RUN', align: 'right' as const },
    { title: 'A SUBJECT', align: 'right' as const },
    { title: 'A DAY', align: 'right' as const },
  ]
  const rows = writes.flatMap(({ tool, gate, calls, sums }) => [
    [plain(tool.name), deciders[gate], ...sayMost(calls)],
    ...sums.map((sum) => [`  ${plain(sum.arg)}, added up`, '', ...sayMost(sum)]),
  ])
  return formatTable(columns, rows, width, (text, _row, column) => {
    if (text.trim() === 'no bound') return io.style(column === 4 ? 'red' : 'yellow', text)
    return column === 1 && text.trim() === 'nobody' ? io.style('yellow', text) : text
  })
}

function sharing(writes: readonly ToolReach[], indent: string): string[] {
  return writes.flatMap(({ tool, grant, sharedWith }) => {
    const isBounded = [...grant.max, ...grant.sum].some(({ per }) => per !== 'run')
    if (sharedWith.length === 0 || !isBounded) return []
    return [
      `${indent}(${plain(tool.name)}: a subject and a day count together with ${sharedWith.map(plain).join(', ')})`,
    ]
  })
}

function narrowed(writes: readonly ToolReach[], indent: string): string[] {
  const names = writes.filter(({ grant }) => grant.condition).map(({ tool }) => plain(tool.name))
  if (names.length === 0) return []
  return [`${indent}(the condition of ${names.join(', ')} narrows that, and is not counted here)`]
}

function sayMost({ perRun, perSubject, perDay }: Most): string[] {
  return [perRun, perSubject, perDay].map((most) => (most === undefined ? 'no bound' : numbered(most)))
}

function sayObjects({ tools }: Reach): string[] {
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

function sayReadables({ readables }: Reach): string[] {
  const by = new Map<Label, string[]>()
  for (const { from, label } of readables) by.set(label, [...(by.get(label) ?? []), plain(from)])
  return [...by].map(([label, names]) => `${names.join(', ')}: for ${people[label]}`)
}

function sayTexts({ tools }: Reach): string[] {
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

function sayOrigins({ origins }: Reach, agent: Agent, config: Config): string[] {
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

function sayChoices({ bitsPerDay, tools }: Reach): string {
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

/** For `check --json`; null is "no bound". */
export function reachDocument(reach: Reach): JsonObject {
  const { runs, runsPerActor, usd, tokens, tools, origins, readables, bitsPerDay } = reach
  return {
    runs_per_day: orNull(runs.perDay),
    runs_per_source_per_day: orNull(runs.perSource),
    runs_per_actor_per_day: orNull(runsPerActor),
    model_usd_per_run: orNull(usd?.perRun),
    model_usd_per_day: orNull(usd?.perDay),
    model_tokens_per_run: tokens.perRun,
    model_tokens_per_day: orNull(tokens.perDay),
    tools: tools.map((reached) => ({
      name: reached.tool.name,
      effect: reached.tool.effect,
      decided_by: reached.gate,
      ...mostDocument(reached.calls),
      sums: reached.sums.map((sum) => ({ arg: sum.arg, ...mostDocument(sum) })),
      shared_with: [...reached.sharedWith],
      objects: reached.objects.map(({ id, yieldedBy }) => ({ id, yielded_by: yieldedBy ?? null })),
      audience: reached.audience ?? null,
      text_per_call: reached.textPerCall,
      bits_per_call: Math.round(reached.bitsPerCall * 100) / 100,
      flow: reached.fault
        ? {
            from: reached.fault.reading.from,
            label: reached.fault.reading.label,
            outcome: reached.fault.isDeclared ? 'denied' : 'asked',
          }
        : null,
    })),
    origins: origins.map(({ origin, credentials }) => ({ origin, credentials: [...credentials] })),
    reads: readables.map(({ from, label }) => ({ from, label })),
    unasked_bits_per_day: bitsPerDay === undefined ? null : Math.ceil(bitsPerDay),
  }
}

function mostDocument({ perRun, perSubject, perDay }: Most): JsonObject {
  return { per_run: orNull(perRun), per_subject: orNull(perSubject), per_day: orNull(perDay) }
}

function orNull(amount: number | undefined): JsonValue {
  return amount ?? null
}
