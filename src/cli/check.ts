import type { Config, SourceSettings } from '../config/config.js'
import { formatProblems } from '../config/problems.js'
import type { Agent, Grant } from '../domain/agent.js'
import type { ConfigProblem } from '../domain/errors.js'
import { compileCron } from '../poller/cron.js'
import { blastRadius } from '../runs/blast-radius.js'
import { requestUrl } from '../runs/config-documents.js'
import type { PollOptions } from '../sources/poll.js'
import type { ScheduleOptions } from '../sources/schedule.js'
import { formatDuration } from '../util/duration.js'
import { formatReach } from './blast-radius.js'
import { checkDocument, type NextTimes } from './check-document.js'
import {
  addExamples,
  addJsonOption,
  type Declare,
  type Invocation,
  printDocument,
  whenOf,
} from './command.js'
import { hookUrl, isOnlyReachedHere, kindNamed, loadWhole } from './configuration.js'
import { problemDocument } from './document.js'
import type { Io } from './io.js'
import { withLedger } from './ledger.js'
import { reviewConfig } from './review.js'
import { shownFrom } from './shown-from.js'
import { formatFields, formatTable } from './table.js'
import { count, indentBy, plain, wrap } from './text.js'
import type { When } from './when.js'
import { loadWithoutSecrets } from './without-secrets.js'

export const declareCheck: Declare = (command, invocation) => {
  command.option('--strict', 'end with 1 where a reviewer should look: for CI')
  addJsonOption(command)
  addExamples(command, [
    'rouse check',
    'rouse check --strict',
    'rouse check -c /etc/rouse/config.yaml --json',
  ])
  command.action((options: Options) => check(invocation, options))
}

interface Options {
  readonly strict?: boolean
  readonly json?: boolean
}

async function check(
  invocation: Invocation,
  { strict = false, json: isJson = false }: Options,
): Promise<void> {
  const { io } = invocation
  // Reviewers, and CI, have no secrets: what is judged is what stands in the file.
  const read = strict ? await loadWithoutSecrets(invocation) : undefined
  const config = read?.config ?? (await loadWhole(invocation))
  const findings = read && (await reviewConfig(config, read.environment))
  if (read && read.madeUp.length > 0) {
    io.err(wrap(`Not set here, and made up for this check: ${read.madeUp.join(', ')}`, io.width))
  }
  if (findings && findings.length > 0) invocation.exitCode = 1
  const next = await nextTimes(config, invocation)
  const takenAt = await backupTakenAt(invocation)
  if (isJson) {
    const document = checkDocument(config, next, takenAt)
    printDocument(invocation, findings ? { ...document, findings: findings.map(problemDocument) } : document)
    return
  }
  io.out(formatConfig(config, next, invocation))
  if (takenAt !== undefined) {
    const text = `The ledger ${config.store.file} is a backup, taken ${whenOf(invocation).both(takenAt)}: \`rouse start\` refuses it, \`rouse start --restored\` goes on from it.`
    io.out(`\n${io.style('yellow', text)}`)
  }
  if (findings) io.out(`\n${formatFindings(findings, io)}`)
  else if (config.warnings.length > 0) {
    io.out(
      `\n${io.style('yellow', count(config.warnings.length, 'warning'))}\n${plainLines(formatProblems(config.warnings.map((problem) => shownFrom(problem, io))))}`,
    )
  }
}

/** Each with its place, what is the matter, and what to write instead. */
function formatFindings(findings: readonly ConfigProblem[], io: Io): string {
  if (findings.length === 0) return io.style('green', 'strict: nothing that a reviewer should be stopped by')
  const title = io.style('red', `strict: ${count(findings.length, 'finding')}`)
  return `${title}\n${plainLines(formatProblems(findings.map((problem) => shownFrom(problem, io))))}`
}

function plainLines(text: string): string {
  return text.split('\n').map(plain).join('\n')
}

/** Set where the ledger is a backup. Before the first start there is none, which is no fault of the configuration. */
function backupTakenAt(invocation: Invocation): Promise<number | undefined> {
  return withLedger(invocation, async (store) => (await store.diagnose()).backupTakenAt).catch(
    () => undefined,
  )
}

async function nextTimes(config: Config, invocation: Invocation): Promise<NextTimes> {
  const now = invocation.io.clock.now()
  const next = new Map<string, number>()
  for (const { name, kind, options } of config.sources.values()) {
    if (kind !== 'schedule') continue
    const { cron, timezone } = options as ScheduleOptions
    const at = compileCron(cron, timezone).next(now)
    if (at !== undefined) next.set(name, at)
  }
  const polled = [...config.sources.values()].filter(({ kind }) => kind === 'poll')
  if (polled.length === 0) return next
  // Before the first start there is no ledger, which is no fault of the configuration.
  await withLedger(invocation, async (store) => {
    for (const { name } of polled) {
      const cursor = await store.cursor(name)
      if (cursor) next.set(name, cursor.nextAt)
    }
  }).catch(() => undefined)
  return next
}

export function formatConfig(config: Config, next: NextTimes, invocation: Invocation): string {
  const { io } = invocation
  const { sources, agents, tools } = config
  const title = `${io.style('green', 'config.yaml loads')}: ${count(sources.size, 'source')}, ${count(agents.size, 'agent')}, ${count(tools.size, 'tool')}; configuration ${config.digest.slice(0, 12)}`
  const parts = [title, `${io.style('bold', 'Sources')}\n${formatSources(config, next, invocation)}`]
  for (const agent of agents.values()) parts.push(formatAgent(agent, config, invocation))
  if (agents.size === 0) parts.push('No agents: events are recorded and wake nobody.')
  return parts.join('\n\n')
}

function formatSources(config: Config, next: NextTimes, invocation: Invocation): string {
  const when = whenOf(invocation)
  const rows = [...config.sources.values()].map((source) => [
    source.name,
    kindNamed(source.kind)?.title ?? source.kind,
    hookUrl(config, source.name, source.kind) ?? comesWhen(source, next, invocation.io.clock.now(), when),
  ])
  if (rows.length === 0) return '  none: nothing can wake an agent'
  const columns = [{ title: 'NAME' }, { title: 'KIND' }, { title: 'URL TO REGISTER, OR WHEN' }]
  const table = formatTable(columns, rows, Number.POSITIVE_INFINITY)
  const note = isOnlyReachedHere(config)
    ? '\nOnly this machine reaches these URLs: set server.public_url to where senders do.'
    : ''
  return indentBy(table + note, '  ')
}

function comesWhen(
  { name, kind, options }: SourceSettings,
  next: NextTimes,
  now: number,
  when: When,
): string {
  const at = next.get(name)
  if (kind === 'schedule') {
    const { cron, timezone } = options as ScheduleOptions
    return `"${plain(cron)}" ${plain(timezone)}, next ${at === undefined ? 'never' : when.both(at)}`
  }
  const { every } = options as PollOptions
  const due = at === undefined || at <= now ? 'as soon as the daemon runs' : when.both(at)
  return `every ${formatDuration(every)}, next ${due}`
}

function formatAgent(agent: Agent, config: Config, invocation: Invocation): string {
  const { io } = invocation
  const model = config.models.get(agent.model)
  const wakes = agent.on.map(
    ({ source, types, condition }) =>
      `${source}: ${plain(types.join(', '))}${condition ? `  if ${plain(condition.source)}` : ''}`,
  )
  const fields: [string, string | undefined][] = [
    ['mode', sayMode(agent)],
    ['wakes on', wakes.join('\n')],
    ['mailbox', sayMailbox(agent.mailbox)],
    ['reads first', agent.refresh === undefined ? undefined : plain(agent.refresh)],
    ['model', model ? `${plain(model.model)} at ${plain(model.baseUrl)}` : agent.model],
    ['limits', wrap(sayLimits(agent), io.width - 12)],
  ]
  const rows = agent.grants.map((grant) => {
    const tool = config.tools.get(grant.tool)
    return [
      grant.tool,
      tool?.effect ?? '?',
      grant.gate,
      sayQuotas(grant),
      tool ? plain(`${tool.method} ${requestUrl(tool)}`) : '',
    ]
  })
  const columns = [
    { title: 'TOOL' },
    { title: 'EFFECT' },
    { title: 'GATE' },
    { title: 'AT MOST', shrinkTo: 12 },
    { title: 'REQUEST', shrinkTo: 20, cut: 'middle' as const },
  ]
  const table =
    rows.length === 0
      ? 'no tools: it can only say something'
      : formatTable(columns, rows, io.width - 2, (text, _row, column) => colourGrant(text, column, io.style))
  const conditions = agent.grants.flatMap(({ tool, condition }) =>
    condition ? [wrap(`${tool} only if ${plain(condition.source)}`, io.width - 2, '  ')] : [],
  )
  const lines = [
    io.style('bold', `Agent ${agent.name}`),
    formatFields(fields, '  '),
    '',
    indentBy(table, '  '),
  ]
  if (conditions.length > 0) lines.push('', indentBy(conditions.join('\n'), '  '))
  lines.push('', formatReach(blastRadius(agent, config), agent, config, io))
  return lines.join('\n')
}

function sayMode({ mode }: Agent): string | undefined {
  if (mode === 'off') return 'off: its events wait until it is on again'
  return mode === 'shadow' ? 'shadow: its writes are recorded and not sent' : undefined
}

function colourGrant(text: string, column: number, style: Invocation['io']['style']): string {
  const word = text.trim()
  if (column === 1 && word === 'destructive') return style('red', text)
  if (column === 1 && word === 'write') return style('yellow', text)
  return column === 2 && word === 'approve' ? style('green', text) : text
}

function sayLimits({ limits }: Agent): string {
  const { turns, calls, tokens, costUsd, timeMs, runsPerDay, attempts } = limits
  return [
    count(turns, 'turn'),
    count(calls, 'tool call'),
    count(tokens, 'token'),
    costUsd === undefined ? 'no limit of cost' : `${costUsd.toFixed(2)} USD`,
    `${formatDuration(timeMs)} of running`,
    `${count(attempts, 'try', 'tries')}`,
    runsPerDay === undefined ? 'no limit of runs' : `${count(runsPerDay, 'run')} a day`,
  ].join(', ')
}

/** Nothing where events simply wait in order. */
function sayMailbox(mailbox: Agent['mailbox']): string | undefined {
  if (mailbox.whenBusy === 'queue') return undefined
  if (mailbox.whenBusy === 'supersede')
    return 'supersede: the newest event of a subject takes the place of those before it'
  const { quietMs, maxWaitMs } = mailbox
  const quiet =
    quietMs === 0
      ? ''
      : `, when the subject was quiet for ${formatDuration(quietMs)}, at the latest after ${formatDuration(maxWaitMs)}`
  return `coalesce: events of a subject that wait are one run${quiet}`
}

/** `1/subject, amount 20,000/day`. */
export function sayQuotas({ max, sum }: Pick<Grant, 'max' | 'sum'>): string {
  const parts = max.map(({ limit, per }) => `${limit}/${per}`)
  for (const { arg, limit, per } of sum) parts.push(`${plain(arg)} ${limit.toLocaleString('en-US')}/${per}`)
  return parts.join(', ')
}
