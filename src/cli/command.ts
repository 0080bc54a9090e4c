import { type Command, InvalidArgumentError } from 'commander'
import { AppError } from '../domain/errors.js'
import { parseDuration, parseMoment } from '../util/duration.js'
import { type JsonValue, stringifyJson } from '../util/json.js'
import { redactJson } from '../util/redact.js'
import type { Hidden } from './hidden.js'
import type { Io } from './io.js'
import { createWhen, type When } from './when.js'

/** One call of `rouse`. */
export interface Invocation {
  /** What it writes has no secret of `hidden` in it. */
  readonly io: Io
  readonly hidden: Hidden
  /** Absolute path of config.yaml. */
  configFile(): string
  /** What the process ends with. Commands set it to 1 when the answer is bad news. */
  exitCode: number
}

/** Adds a command's options, help and action. */
export type Declare = (command: Command, invocation: Invocation) => void

export function whenOf({ io }: Invocation): When {
  return createWhen(io.clock.now(), io.timeZone)
}

export function addJsonOption(command: Command): Command {
  return command.option('--json', 'print one JSON document instead')
}

/** Examples below a command's options. */
export function addExamples(command: Command, examples: readonly string[]): Command {
  return command.addHelpText('after', `\nExamples:\n${examples.map((line) => `  $ ${line}`).join('\n')}`)
}

/**
 * One JSON document on standard output. Control and bidi characters stay escaped in it. Redacted by value, so that it
 * stays JSON whatever a secret is made of.
 */
export function printDocument({ io, hidden }: Invocation, document: JsonValue): void {
  io.out(escaped(stringifyJson(redactJson(document, hidden.redact), 2)))
}

/** The same on one line, one of many. */
export function printLine({ io, hidden }: Invocation, document: JsonValue): void {
  io.out(escaped(stringifyJson(redactJson(document, hidden.redact))))
}

function escaped(text: string): string {
  return text.replace(/[\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}]/gu, escapeUnits)
}

function escapeUnits(text: string): string {
  return text
    .split('')
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('')
}

export function parseLimit(text: string): number {
  const limit = Number(text)
  if (/^\d{1,5}$/.test(text) && limit >= 1 && limit <= 10_000) return limit
  throw new InvalidArgumentError('Expected a whole number from 1 to 10000.')
}

export function parseTimes(text: string): number {
  const times = Number(text)
  if (/^\d{1,5}$/.test(text) && times >= 1 && times <= 10_000) return times
  throw new InvalidArgumentError('Expected a whole number from 1 to 10000.')
}

/** `90s`, `2h`, `7d` in milliseconds. */
export function parseSpan(text: string): number {
  const ms = parseDuration(text)
  if (ms === undefined) throw new InvalidArgumentError('Expected a duration such as 90s, 2h or 7d.')
  return ms
}

/** `2h` before now, or a time in ISO 8601, in epoch milliseconds. */
export function sinceOf(text: string, now: number, option = '--since'): number {
  const at = parseMoment(text, now)
  if (at !== undefined) return at
  throw usageError(
    `${option} "${text}" is no time; expected a duration such as 2h or 7d, or a time such as 2026-11-21T07:00:00Z`,
  )
}

/** One of `values`, or a usage error that lists them. */
export function oneOf<Value extends string>(option: string, text: string, values: readonly Value[]): Value {
  const found = values.find((value) => value === text)
  if (found === undefined) throw usageError(`${option} "${text}" is not known; expected ${values.join(', ')}`)
  return found
}

export function usageError(message: string): AppError {
  return new AppError('command.usage', message)
}

export function failure(message: string): AppError {
  return new AppError('command.failed', message)
}
