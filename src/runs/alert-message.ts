import type { AlertState, DueTelling } from '../domain/alerting.js'
import { errorCodes } from '../domain/errors.js'
import { isoTime } from '../util/clock.js'
import { formatDuration } from '../util/duration.js'
import type { JsonObject } from '../util/json.js'
import { plain } from '../util/plain.js'
import { sha256 } from '../util/signature.js'

export interface AlertMessage {
  /** The same whenever the same message is sent again, so that whoever gets it twice can tell. */
  readonly id: string
  readonly state: AlertState
  readonly cause: string
  readonly code: string
  /** What happened and what to do; of one that is over, what was. */
  readonly message: string
  readonly since: number
  /** How often it was told before. */
  readonly times: number
  /** All of it, on one line. */
  readonly text: string
}

const longest = 1000

/** What a target is told. Of names that somebody outside chose only as much as the alert itself says. */
export function alertMessage({ state, telling, alert }: DueTelling, now: number): AlertMessage {
  const { cause, times } = telling
  const { code, raisedAt: since } = alert ?? telling
  const message = shortened(plain(sayWhat(cause, code, alert?.message)))
  const lasted = formatDuration(Math.max(0, now - since))
  const text = {
    raised: `${cause}: ${message}`,
    standing: `still ${cause}, for ${lasted} now: ${message}`,
    over: `over: ${cause}, after ${lasted}`,
  }
  const identity = [cause, String(telling.raisedAt), state, String(times)].join('\n')
  return {
    id: `msg_${sha256(identity).toString('hex').slice(0, 32)}`,
    ...{ state, cause: plain(cause), code, message, since, times },
    text: plain(text[state]),
  }
}

/** What a model’s endpoint answers with is its vendor’s text, and stays here. */
function sayWhat(cause: string, code: keyof typeof errorCodes, message: string | undefined): string {
  if (message === undefined || cause.startsWith('model ')) return errorCodes[code]
  return message
}

function shortened(text: string): string {
  return text.length <= longest ? text : `${text.slice(0, longest)}…`
}

/** As Standard Webhooks ask for it: a type, a time, data. */
export function webhookBody(told: AlertMessage, rouse: string, now: number): JsonObject {
  const { state, cause, code, message, since, times, text } = told
  return {
    type: `alert.${state}`,
    timestamp: isoTime(now),
    data: { cause, code, message, text, since: isoTime(since), times, rouse },
  }
}

/** Slack’s markup is escaped, and what reads `@all` in plain text finds none. */
export function slackBody({ text }: AlertMessage): JsonObject {
  const escaped = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
  return { text: `rouse: ${escaped.replaceAll('@', '＠')}` }
}
