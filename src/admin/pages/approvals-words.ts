import type { Approval } from '../../domain/approval.js'
import type { ToolCall } from '../../domain/tool-call.js'
import { isoTime } from '../../util/clock.js'
import { plain } from '../../util/plain.js'
import type { Tone } from '../ui/parts.js'

const minute = 60_000

/** `54 minutes left`, `1 hour 20 minutes left`, in words, because it is read at three in the night. */
export function sayLeft(expiresAt: number, now: number): string {
  const minutes = Math.floor((expiresAt - now) / minute)
  if (minutes < 1) return 'less than a minute left'
  const [days, hours] = [Math.floor(minutes / 1440), Math.floor((minutes % 1440) / 60)]
  const parts: [number, string][] =
    days > 0
      ? [
          [days, 'day'],
          [hours, 'hour'],
        ]
      : [
          [hours, 'hour'],
          [minutes % 60, 'minute'],
        ]
  const said = parts.flatMap(([amount, unit]) =>
    amount === 0 ? [] : [`${amount} ${unit}${amount === 1 ? '' : 's'}`],
  )
  return `${said.join(' ')} left`
}

export function isSoon(expiresAt: number, now: number): boolean {
  return expiresAt - now < 10 * minute
}

/** `07:00 UTC`, with the day where it is another. */
export function clockTime(at: number, now: number): string {
  const full = isoTime(at)
  const day = full.slice(0, 10) === isoTime(now).slice(0, 10) ? '' : `${full.slice(0, 10)} `
  return `${day}${full.slice(11, 16)} UTC`
}

/** What became of a call that a person has decided on: the world's side in one sentence. */
export function sayAfter(
  { state, decidedBy, expiresAt }: Approval,
  call: Pick<ToolCall, 'state' | 'output'> | undefined,
  now: number,
): { readonly tone: Tone; readonly text: string; readonly isOver: boolean } {
  const by = decidedBy === undefined ? '' : ` by ${plain(decidedBy)}`
  if (state === 'waiting') {
    return now < expiresAt
      ? { tone: 'wait', text: 'It waits for a person. Nothing is sent before one says so.', isOver: false }
      : { tone: 'none', text: 'Its time is over. Nothing is sent, and the agent is told.', isOver: false }
  }
  if (state === 'denied') {
    return { tone: 'bad', text: `Denied${by}. Nothing is sent, and the agent is told.`, isOver: true }
  }
  if (state === 'expired') {
    return {
      tone: 'none',
      text: 'Nobody decided in time. Nothing was sent; a replay of the event would ask again.',
      isOver: true,
    }
  }
  if (state === 'edited') {
    return {
      tone: 'none',
      text: `Changed${by}: this request is not sent, and the changed one is decided on anew.`,
      isOver: false,
    }
  }
  return { ...approved(call, by), isOver: call === undefined || isSettled(call.state) }
}

function approved(
  call: Pick<ToolCall, 'state' | 'output'> | undefined,
  by: string,
): { tone: Tone; text: string } {
  const error = call?.output && !call.output.ok ? `: ${plain(call.output.error.message)}` : '.'
  switch (call?.state) {
    case undefined:
      return { tone: 'none', text: `Approved${by}. Its run is old and no longer in the ledger.` }
    case 'confirmed':
    case 'done':
      return { tone: 'good', text: `Approved${by}, sent, and confirmed by the API.` }
    case 'rejected':
    case 'failed':
      return { tone: 'bad', text: `Approved${by} and sent, but the API refused it${error}` }
    case 'denied':
    case 'expired':
      return { tone: 'bad', text: `Approved${by}, but it was not sent${error}` }
    case 'held':
      return {
        tone: 'wait',
        text: `Approved${by} and sent, and what it did is not known. A person must look and say.`,
      }
    case 'unknown':
      return {
        tone: 'wait',
        text: `Approved${by} and sent; no certain answer came yet. It is being found out.`,
      }
    case 'simulated':
      return { tone: 'none', text: `Approved${by}, and only simulated: the agent is in shadow mode.` }
    case 'prepared':
    case 'sent':
      return { tone: 'busy', text: `Approved${by}. It is on its way.` }
    case 'proposed':
    case 'waiting':
    case 'approved':
      return { tone: 'busy', text: `Approved${by}. It is sent as soon as a worker is free.` }
  }
}

function isSettled(state: ToolCall['state']): boolean {
  return ['confirmed', 'rejected', 'denied', 'expired', 'done', 'failed', 'simulated', 'held'].includes(state)
}
