import type { Approval } from '../domain/approval.js'
import { carriedMarker } from '../policy/idempotency.js'
import type { ToolCallRow } from '../store/records.js'
import { formatDuration } from '../util/duration.js'
import { stringifyJson } from '../util/json.js'
import { formatRequest } from './exact-request.js'
import { toneOfCall } from './say.js'
import { type LaterEvent, sayLater } from './since-then.js'
import type { StoryLine } from './story-line.js'
import { count, cutTo, plain } from './text.js'

type Below = Pick<StoryLine, 'detail' | 'exact'>

const shownArguments = 300
const shownResult = 400
const shownLater = 8

interface Around {
  readonly isOver?: boolean
  /** What happened to the subject after it was simulated, where that was looked for. */
  readonly later?: readonly LaterEvent[] | undefined
}

/** The states of one tool call, each at the time that the ledger has of it. Of a run that is over nothing more is sent. */
export function callStory(
  call: ToolCallRow,
  approvals: readonly Approval[],
  { isOver = false, later }: Around = {},
): StoryLine[] {
  const { id, tool, state, proposedAt, firstSentAt } = call
  const name = plain(tool)
  const line = (verb: string, at: number, text: string, below: Below = {}): StoryLine => ({
    key: `${id} ${verb}`,
    at,
    verb,
    text,
    ...below,
    tone: toneOfCall(state === verb ? state : 'proposed'),
  })
  const lines = [
    line('proposed', proposedAt, `${name} ${cutTo(plain(call.argumentsText), shownArguments)} as ${id}`),
  ]

  // One for each time that it was asked for: a person may have changed its arguments.
  const asked = approvals.filter(({ toolCallId }) => toolCallId === id)
  const lastEdit = asked.findLast((one) => one.state === 'edited')
  for (const one of asked)
    lines.push(...approvalStory(one, name, one === lastEdit ? call.editedArguments : undefined))
  const approval = asked.at(-1)
  if (call.request && call.idempotencyKey !== undefined && state !== 'simulated') {
    const below = approval ? {} : { exact: formatRequest(call.request) }
    const at = firstSentAt ?? approval?.decidedAt ?? proposedAt
    const marker = carriedMarker(call)
    const carried = marker === undefined ? '' : `, marker ${marker}`
    lines.push(
      line('prepared', at, `${name}, idempotency key ${plain(call.idempotencyKey)}${carried}`, below),
    )
  }
  if (firstSentAt !== undefined) {
    const times = call.sends > 1 ? `, ${call.sends} times, the same bytes with the same key` : ''
    lines.push(line('sent', firstSentAt, `${name}${times}`))
  }
  if (call.looks > 0 && call.lookedAt !== undefined) {
    lines.push(
      line('looked', call.lookedAt, `for ${name}, ${count(call.looks, 'time')}, and did not find it`),
    )
  }
  const isToldAlready =
    state === 'proposed' || state === 'prepared' || state === 'sent' || approval?.state === state
  if (state === 'simulated')
    lines.push(line(state, call.settledAt ?? proposedAt, `${name}, not sent`, simulatedBelow(call, later)))
  else if (!isToldAlready) {
    const at = call.settledAt ?? call.lookedAt ?? call.lastSentAt ?? firstSentAt ?? approval?.decidedAt
    lines.push(line(state, at ?? proposedAt, `${name}${settledText(call, isOver)}`, resultBelow(call)))
  }
  return lines
}

/** The request that was not sent, and what then happened without it. */
function simulatedBelow(call: ToolCallRow, later: readonly LaterEvent[] | undefined): Below {
  const at = call.settledAt ?? call.proposedAt
  const exact = call.request ? { exact: formatRequest(call.request) } : {}
  if (later === undefined) return exact
  const events = later.slice(0, shownLater).map((one) => sayLater(one, at))
  const more = later.length > shownLater ? [`and ${count(later.length - shownLater, 'more event')}`] : []
  const lines = later.length === 0 ? ['no later event of the subject has come'] : [...events, ...more]
  return { ...exact, detail: `since then:\n${lines.map((text) => `  ${text}`).join('\n')}` }
}

/** `edited`: the arguments that a person wrote; of several changes only the last are kept. */
function approvalStory(approval: Approval, tool: string, edited: string | undefined): StoryLine[] {
  const { id, state, requestedAt, expiresAt, decidedAt, decidedBy, reason, request, why } = approval
  const lines: StoryLine[] = [
    {
      key: `${id} waiting`,
      at: requestedAt,
      verb: 'waiting',
      text: `${tool}, for a person to decide ${id}, at most ${formatDuration(expiresAt - requestedAt)}`,
      ...(why.length === 0 ? {} : { detail: why.map(plain).join('\n') }),
      exact: formatRequest(request),
      tone: 'wait',
    },
  ]
  if (state === 'waiting') return lines
  const by = decidedBy === undefined ? '' : ` by ${plain(decidedBy)}`
  const said = reason === undefined ? '' : `: ${plain(reason)}`
  const text = state === 'expired' ? `${tool}: nobody decided in time` : `${tool}${by}${said}`
  const below = edited === undefined ? {} : { detail: `now ${cutTo(plain(edited), shownArguments)}` }
  const tone = state === 'approved' ? 'good' : state === 'edited' ? 'plain' : 'bad'
  lines.push({ key: `${id} decided`, at: decidedAt ?? expiresAt, verb: state, text, ...below, tone })
  return lines
}

/** What decided it: the answer, a person, a probe, a resend; and for a held one what is to be typed. */
function settledText({ state, status, note, output, id }: ToolCallRow, isOver: boolean): string {
  const isOpen = state === 'unknown' || state === 'held'
  const parts: string[] = []
  if (status !== undefined && !isOpen) parts.push(`answered ${status}`)
  if (output && !output.ok) parts.push(`${output.error.code}: ${plain(output.error.message)}`)
  if (note !== undefined && !(output && !output.ok && output.error.message === note)) parts.push(plain(note))
  if (state === 'held') {
    const ways = isOver ? '--happened or --not-happened' : '--happened, --not-happened or --send-again'
    parts.push(`a person must say: rouse approve ${id} ${ways}`)
  }
  return parts.length === 0 ? '' : `, ${parts.join(', ')}`
}

export function resultBelow({ output }: Pick<ToolCallRow, 'output'>): Below {
  if (output?.result === undefined || output.result === null) return {}
  return { detail: cutTo(plain(stringifyJson(output.result)), shownResult) }
}
