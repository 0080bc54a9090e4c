import type { Approval } from '../domain/approval.js'
import type { StoredEvent } from '../store/records.js'
import type { Store } from '../store/store.js'
import { formatDuration } from '../util/duration.js'
import { stringifyJson } from '../util/json.js'
import { type BudgetLine, budgetsOf } from './budgets.js'
import { type Invocation, whenOf } from './command.js'
import { formatRequest, textsIn } from './exact-request.js'
import { sayEvent, type Tone, toneColours } from './say.js'
import { formatFields } from './table.js'
import { count, fold, plain, wrap } from './text.js'

/** All that a person sees of an approval. Nothing in it is what the model says of itself. */
export interface Card {
  readonly approval: Approval
  readonly event: StoredEvent | undefined
  /** Which of the run's calls it is, from 1, and how many the run has so far. */
  readonly position: { readonly number: number; readonly of: number } | undefined
  /** Undefined where they cannot be known here. */
  readonly budgets: readonly BudgetLine[] | undefined
}

export async function readCard(store: Store, approval: Approval, invocation: Invocation): Promise<Card> {
  const event = await store.event(approval.eventId)
  const journal = (await store.run(approval.runId)) && (await store.journal(approval.runId))
  const index = journal?.calls.findIndex(({ id }) => id === approval.toolCallId) ?? -1
  const position = journal && index >= 0 ? { number: index + 1, of: journal.calls.length } : undefined
  const isOpen = approval.state === 'waiting' && journal && event
  const budgets = isOpen ? await budgetsOf(store, approval, journal, event, invocation) : undefined
  return { approval, event, position, budgets }
}

const tones: Readonly<Record<Approval['state'], Tone>> = {
  waiting: 'wait',
  approved: 'good',
  denied: 'bad',
  expired: 'bad',
  edited: 'plain',
}

/** What a person decides on: the exact request, and nothing that the agent says about it. */
export function formatCard({ approval, event, position, budgets }: Card, invocation: Invocation): string {
  const { io } = invocation
  const { id, state, tool, agent, eventId, runId, digest, requestedAt, expiresAt, decidedAt } = approval
  const when = whenOf(invocation)
  const isOver = state === 'waiting' && expiresAt <= io.clock.now()
  const colour = toneColours[isOver ? 'bad' : tones[state]]
  const nth = position ? `; call ${position.number} of the ${position.of} of its run` : ''
  const room = io.width - 12
  const fields: [string, string | undefined][] = [
    ['agent', `${plain(agent)}, with the tool ${plain(tool)}${nth}`],
    ['event', `${eventId}${event ? `, ${sayEvent(event)}` : ', which is old and no longer in the ledger'}`],
    ['run', runId],
    ['why', approval.why.map((sentence) => wrap(plain(sentence), room, '  ')).join('\n')],
    ['facts', sayFacts(approval, room)],
    ['takes', state === 'waiting' && !isOver ? sayBudgets(budgets, room) : undefined],
    ['asked', when.both(requestedAt)],
    [isOver ? 'expired' : 'expires', sayExpiry(approval, isOver, invocation)],
    [
      state === 'edited' ? 'edited' : 'decided',
      decidedAt === undefined ? undefined : `${when.both(decidedAt)} by ${plain(approval.decidedBy ?? '?')}`,
    ],
    ['reason', approval.reason === undefined ? undefined : plain(approval.reason)],
    ['digest', digest],
  ]
  const shown = isOver ? 'expired' : state
  const request = formatRequest(approval.request, '    ')
  const lines = [
    `${io.style('bold', id)}  ${colour === undefined ? shown : io.style(colour, shown)}`,
    formatFields(fields, '  '),
    '',
    io.isTerminal ? fold(request, io.width, '    ⤷ ') : request,
  ]
  if (event && state === 'waiting') lines.push('', eventBox(event, io.width))
  return lines.join('\n')
}

/** As they were when the person was asked: changed ones void the approval. */
function sayFacts({ facts }: Approval, width: number): string | undefined {
  const entries = Object.entries(facts)
  if (entries.length === 0) return undefined
  const lines = entries.map(([path, value]) =>
    wrap(`${plain(path)} = ${plain(stringifyJson(value))}`, width, '  '),
  )
  return [...lines, '(read when it was asked; if one has changed, it is not made)'].join('\n')
}

function sayBudgets(budgets: readonly BudgetLine[] | undefined, width: number): string {
  if (budgets === undefined) return 'not known here: config.yaml does not load, or has no such grant now'
  if (budgets.length === 0) return 'of no budget: the agent’s grant has neither max nor sum'
  return budgets.map((line) => wrap(sayBudget(line), width, '  ')).join('\n')
}

function sayBudget({ what, amount, limit, stands }: BudgetLine): string {
  const [takes, most, left] = [amount, limit, limit - stands - amount].map((one) =>
    one.toLocaleString('en-US'),
  )
  const after = limit < stands + amount ? 'more than is left: it will be denied' : `${left} left after it`
  return `${takes} of ${most} ${plain(what)}; ${after}`
}

function sayExpiry({ state, expiresAt }: Approval, isOver: boolean, invocation: Invocation): string {
  const when = whenOf(invocation)
  if (state !== 'waiting' || isOver) return when.both(expiresAt)
  const leftMs = Math.floor((expiresAt - invocation.io.clock.now()) / 60_000) * 60_000
  const left = leftMs === 0 ? 'less than a minute' : formatDuration(leftMs)
  return `in ${left}, at ${when.at(expiresAt)}; then it is not made, and the agent is told`
}

const shownTexts = 6
const shownCharacters = 240

/**
 * The words that others wrote into the event, in a box that they cannot leave: every line of it begins with a bar. Names,
 * ids and numbers are left out; nobody is persuaded by them.
 */
function eventBox({ id, data }: StoredEvent, width: number): string {
  const texts = textsIn(data, '').filter(([, text]) => /\S\s+\S|\P{ASCII}/u.test(text))
  const lines = texts.slice(0, shownTexts).flatMap(([path, text]) => {
    const length = [...text].length
    const cut = [...text].slice(0, shownCharacters).join('')
    const rest = length > shownCharacters ? ` … (${count(length, 'character')} in all)` : ''
    return fold(wrap(`${plain(path)}: ${plain(cut)}${rest}`, width - 6, '  '), width - 6, '  ').split('\n')
  })
  const more = texts.length > shownTexts ? [`and ${count(texts.length - shownTexts, 'more text')}`] : []
  const size = `${count(stringifyJson(data).length, 'character')} of data, all of it with`
  const command = `rouse event ${id} --data`
  if (lines.length === 0) return `  (the event has no text; ${size}\n   ${command})`
  return [
    '  ┌─ what the event says: written by others, and not checked',
    ...[...lines, ...more].map((line) => `  │ ${line}`),
    `  └─ ${size}`,
    `     ${command}`,
  ].join('\n')
}

/** What to type next. */
export function formatWays({ id, state, expiresAt }: Approval, now: number): string {
  if (state !== 'waiting' || expiresAt <= now) return ''
  const ways = [`approve ${id}`, `approve ${id} --set name=value`, `deny ${id} --reason "…"`]
  return `\n\n${ways.map((way) => `  rouse ${way}`).join('\n')}`
}
