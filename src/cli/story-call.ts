import type { Approval } from '../domain/approval.js'
import { carriedMarker } from '../policy/idempotency.js'
import type { ToolCallRow } from '../store/records.js'
import { formatDuration } from '../util/duration.js'
import { stringifyJson } from '../util/json.js'
import { formatRequest } from './exact-request.js'
import { toneOfCall } from './say.js'
import type { StoryLine } from './story-line.js'
import { count, cutTo, plain } from './text.js'

type Below = Pick<StoryLine, 'detail' | 'exact'>

const shownArguments = 300
const shownResult = 400

/** The states of one tool call, each at the time that the ledger has of it. Of a run that is over nothing more is sent. */
export function callStory(
  call: ToolCallRow,
  approvals: readonly Approval[],
  { isOver = false }: { readonly isOver?: boolean } = {},
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

  const approval = approvals.find(({ toolCallId }) => toolCallId === id)
  if (approval) lines.push(...approvalStory(approval, name))
  if (call.request && call.idempotencyKey !== undefined) {
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
  if (!isToldAlready) {
    const at = call.settledAt ?? call.lookedAt ?? call.lastSentAt ?? firstSentAt ?? approval?.decidedAt
    lines.push(line(state, at ?? proposedAt, `${name}${settledText(call, isOver)}`, resultBelow(call)))
  }
  return lines
}

function approvalStory(approval: Approval, tool: string): StoryLine[] {
  const { id, state, requestedAt, expiresAt, decidedAt, decidedBy, reason, request } = approval
  const lines: StoryLine[] = [
    {
      key: `${id} waiting`,
      at: requestedAt,
      verb: 'waiting',
      text: `${tool}, for a person to decide ${id}, at most ${formatDuration(expiresAt - requestedAt)}`,
      exact: formatRequest(request),
      tone: 'wait',
    },
  ]
  if (state === 'waiting') return lines
  const by = decidedBy === undefined ? '' : ` by ${plain(decidedBy)}`
  const said = reason === undefined ? '' : `: ${plain(reason)}`
  const text = state === 'expired' ? `${tool}: nobody decided in time` : `${tool}${by}${said}`
  const tone = state === 'approved' ? 'good' : 'bad'
  lines.push({ key: `${id} decided`, at: decidedAt ?? expiresAt, verb: state, text, tone })
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
