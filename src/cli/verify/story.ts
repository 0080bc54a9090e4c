import type { AppError } from '../../domain/errors.js'
import type { EventDraft } from '../../domain/event.js'
import { isoTime } from '../../util/clock.js'
import { formatDuration } from '../../util/duration.js'
import type { JsonObject } from '../../util/json.js'
import type { Io } from '../io.js'
import { count, plain, wrap } from '../text.js'
import type { Captured } from './captured.js'
import type { Step } from './heard.js'
import type { Shown } from './shown.js'
import { isTimeOnly } from './trials.js'

/** Why a request does or does not verify. */
export interface Finding {
  readonly source: string
  readonly title: string
  readonly captured: Captured
  readonly notes: readonly string[]
  readonly steps: readonly Step[]
  readonly isVerified: boolean
  readonly error?: AppError
  readonly secretIndex?: number
  readonly greeting?: { readonly isSigned: boolean; readonly status: number }
  readonly events?: readonly EventDraft[]
  /** It verifies, and there is no event in it. */
  readonly malformed?: string
  /** Under which changes it would verify. */
  readonly hits: readonly string[]
  readonly tried: number
  nameOf(secretIndex: number, isClear: boolean): string
}

export function formatFinding(finding: Finding, shown: Shown, io: Io): string {
  const { captured, source, title, notes, steps } = finding
  const amount = captured.rawHeaders.length / 2
  const line = `${captured.method} ${shown.value(captured.path)}, ${count(amount, 'header')}, ${count(captured.body.length, 'byte')}, at the source ${source} (${title})`
  const parts = [
    plain(line),
    ...notes.map((note) => io.style('yellow', `note: ${plain(note)}`)),
    '',
    ...steps.map((step, at) => numbered(at, sayStep(step, finding, shown), io)),
    ...(steps.length > 0 ? [''] : []),
    ...verdict(finding, shown, io),
  ]
  return parts.join('\n')
}

function numbered(at: number, text: string, io: Io): string {
  return wrap(`${String(at + 1).padStart(2)}. ${plain(text)}`, io.width, '    ')
}

function sayStep(step: Step, { nameOf }: Finding, shown: Shown): string {
  switch (step.step) {
    case 'found':
      return `${step.what}: ${step.value === undefined ? 'not there' : shown.value(step.value)}`
    case 'signed':
      return `signed are ${count(step.bytes.length, 'byte')}: ${shown.bytes(step.bytes)}`
    case 'tried': {
      const name = nameOf(step.secretIndex, step.isClear === true)
      if (step.isClear) return `${name} is ${step.matches ? '' : 'not '}what was sent`
      const given = step.given.map(shown.signature).join(', ')
      if (step.expected === undefined)
        return `${name} ${step.matches ? 'is the key of' : 'is not the key of'} the signature ${given}`
      const expected = shown.signature(step.expected)
      return `${name} gives ${expected}, the request has ${given}: ${step.matches ? 'the same' : 'another'}`
    }
    case 'clock':
      return sayClock(step)
  }
}

function sayClock({ signedAt, now, tolerance }: Extract<Step, { step: 'clock' }>): string {
  const distance = formatDuration(Math.abs(now - signedAt))
  const side = signedAt <= now ? 'before' : 'after'
  const allowed = formatDuration(signedAt <= now ? tolerance.pastMs : tolerance.futureMs)
  return `signed at ${isoTime(signedAt)}, ${distance} ${side} the clock (${isoTime(now)}); ${allowed} are allowed`
}

function verdict(finding: Finding, shown: Shown, io: Io): string[] {
  const { error, hits, tried } = finding
  if (!error) return [io.style('green', plain(sayVerified(finding)))]
  const lines = [
    io.style(
      'red',
      wrap(plain(`It does not verify: ${shown.text(error.message)} (${error.code}).`), io.width),
    ),
  ]
  const signedAt = finding.steps.findLast((step) => step.step === 'clock')?.signedAt
  if (isTimeOnly(error) && signedAt !== undefined) {
    const at = isoTime(signedAt)
    lines.push(
      '',
      wrap(
        `Its signature is right, only its time is not. Of its own time: --at ${at}. If it came just now, compare this machine’s clock.`,
        io.width,
      ),
    )
  } else if (hits.length > 0) {
    lines.push(
      '',
      'It would verify',
      ...hits.map((hit) => wrap(`  - ${plain(withoutUser(shown.text(hit)))}`, io.width, '    ')),
    )
  } else if (tried > 0) {
    lines.push(
      '',
      wrap(
        `None of ${count(tried, 'variation')} of the body, the headers, the secret and the URL verifies either. Then the secret is another one, or the body is not what was sent: compare the secret with what the sender shows, and have the sender send it again.`,
        io.width,
      ),
    )
  }
  return lines
}

function sayVerified({ greeting, events = [], malformed, secretIndex, nameOf, steps }: Finding): string {
  if (greeting && !greeting.isSigned)
    return `It is a handshake, which this sender does not sign; the daemon answers ${greeting.status}.`
  const last = steps.findLast((step) => step.step === 'tried')
  const name = secretIndex === undefined ? '' : ` with ${nameOf(secretIndex, last?.isClear === true)}`
  if (greeting) return `It verifies${name}. It is a handshake; the daemon answers ${greeting.status}.`
  if (malformed !== undefined)
    return `It verifies${name}, but there is no event in it, and the daemon answers 400: ${malformed}.`
  const [first] = events
  const more = events.length > 1 ? ` and ${count(events.length - 1, 'other event')}` : ''
  const id = first?.sourceEventId === undefined ? '' : ` ${first.sourceEventId}`
  const subject = first?.subject === undefined ? '' : ` about ${first.subject}`
  return `It verifies${name}. It is ${first?.type ?? 'an event'}${id}${subject}${more}.`
}

function withoutUser(text: string): string {
  return text.replace(/\/\/[^/@\s]+@/g, '//…@')
}

export function findingDocument(finding: Finding, shown: Shown): JsonObject {
  const { captured, source, title, notes, steps, isVerified, error, hits, tried, nameOf } = finding
  const { secretIndex, greeting, events, malformed } = finding
  const tried_ = steps.findLast((step) => step.step === 'tried')
  return {
    source,
    sender: title,
    verifies: isVerified,
    request: {
      method: captured.method,
      path: shown.value(captured.path),
      headers: captured.rawHeaders.length / 2,
      bytes: captured.body.length,
    },
    notes: [...notes],
    steps: steps.map((step) => stepDocument(step, nameOf, shown)),
    secret: secretIndex === undefined ? null : nameOf(secretIndex, tried_?.isClear === true),
    handshake: greeting ? { signed: greeting.isSigned, status: greeting.status } : null,
    events: (events ?? []).map(({ type, sourceEventId, subject }) => ({
      type,
      id: sourceEventId ?? null,
      subject: subject ?? null,
    })),
    error: error ? { code: error.code, message: shown.text(error.message) } : null,
    malformed: malformed ?? null,
    would_verify: hits.map((hit) => withoutUser(shown.text(hit))),
    variations: tried,
  }
}

function stepDocument(step: Step, nameOf: Finding['nameOf'], shown: Shown): JsonObject {
  switch (step.step) {
    case 'found':
      return {
        step: 'found',
        what: step.what,
        value: step.value === undefined ? null : shown.value(step.value),
      }
    case 'signed':
      return { step: 'signed', bytes: step.bytes.length, shown: shown.bytes(step.bytes) }
    case 'tried':
      return {
        step: 'tried',
        secret: nameOf(step.secretIndex, step.isClear === true),
        expected: step.isClear || step.expected === undefined ? null : shown.signature(step.expected),
        found: step.isClear ? [] : step.given.map(shown.signature),
        matches: step.matches,
      }
    case 'clock':
      return {
        step: 'clock',
        signed_at: isoTime(step.signedAt),
        clock: isoTime(step.now),
        difference_ms: step.now - step.signedAt,
        past_ms: step.tolerance.pastMs,
        future_ms: step.tolerance.futureMs,
      }
  }
}
