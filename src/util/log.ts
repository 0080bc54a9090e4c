import { constants, fstatSync, openSync, writeSync } from 'node:fs'
import { styleText } from 'node:util'
import { pino } from 'pino'
import { type Clock, isoTime, systemClock } from './clock.js'
import { type Redactor, redactJson } from './redact.js'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent'
export type LogFields = Readonly<Record<string, unknown>>

/** Lines for people who run rouse. Ids, names, codes, counts; never a body, a header, an event's text or a secret. */
export interface Logger {
  debug(fields: LogFields, message: string): void
  info(fields: LogFields, message: string): void
  warn(fields: LogFields, message: string): void
  error(fields: LogFields, message: string): void
  /** A logger whose every line also has `fields`. */
  child(fields: LogFields): Logger
}

export interface LoggerOptions {
  /** A function is asked for each line: both may change while the process runs. */
  readonly level: LogLevel | (() => LogLevel)
  /** Default: standard error, so that standard output stays a command's own; see `standardError`. Gets whole lines. */
  readonly destination?: { write(line: string): unknown }
  /** Lines to be read on a terminal, instead of JSON. */
  readonly pretty?: boolean | (() => boolean)
  /** Applied to every line as it is written. */
  readonly redact?: Redactor
  readonly clock?: Clock
}

/** One JSON object a line: `time` (ISO 8601), `level`, `msg`, then the fields; an error stands under `err`. */
export function createLogger({
  level,
  destination: given,
  pretty = false,
  redact = (text) => text,
  clock = systemClock,
}: LoggerOptions): Logger {
  const destination = given ?? standardError(clock)
  const write = (line: string) => {
    const safe = escapeControls(redactedLine(line.trimEnd(), redact))
    const isPretty = typeof pretty === 'function' ? pretty() : pretty
    destination.write(`${isPretty ? formatLine(safe) : safe}\n`)
  }
  const lines = pino(
    {
      level: typeof level === 'function' ? 'debug' : level,
      base: null,
      timestamp: () => `,"time":"${isoTime(clock.now())}"`,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: shownError },
    },
    { write },
  )
  return typeof level === 'function' ? levelled(lines, level) : lines
}

/**
 * What it is, what it says and where it happened. What else libraries hang on their errors stays out: requests, headers
 * and bodies are among it.
 */
function shownError(error: unknown): unknown {
  if (!(error instanceof Error)) return { type: typeof error, message: String(error) }
  const { type, message, stack } = pino.stdSerializers.err(error)
  const code = 'code' in error && typeof error.code === 'string' ? { code: error.code } : {}
  const errors = error instanceof AggregateError ? { errors: error.errors.slice(0, 10).map(shownError) } : {}
  return { type, ...code, message, stack, ...errors }
}

const ranks = { debug: 0, info: 1, warn: 2, error: 3, silent: 4 } as const

/** What is under the level of the moment is not even written down. */
function levelled(log: Logger, level: () => LogLevel): Logger {
  const at = (own: Exclude<LogLevel, 'silent'>) => (fields: LogFields, message: string) => {
    if (ranks[own] >= ranks[level()]) log[own](fields, message)
  }
  return {
    ...{ debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') },
    child: (fields) => levelled(log.child(fields), level),
  }
}

/** Stays JSON, also where a secret is a number, or ends with what begins an escape. */
function redactedLine(line: string, redact: Redactor): string {
  const shown = redact(line)
  if (shown === line) return line
  try {
    JSON.parse(shown)
    return shown
  } catch {
    return JSON.stringify(redactJson(JSON.parse(line), redact))
  }
}

/**
 * Lines go out at once or are lost, and counted: a full disk, a reader that is gone and one that does not read any
 * more must neither end the daemon nor stop it.
 */
function standardError(clock: Clock): { write(line: string): void } {
  const descriptor = openStandardError()
  let lost = 0
  /** The end of what did not fit into the pipe; a line is not broken off. */
  let rest = Buffer.alloc(0)
  return {
    write(line) {
      const note = lost === 0 ? '' : lostLines(lost, clock)
      try {
        rest = rest.subarray(rest.length === 0 ? 0 : writeSync(descriptor, rest))
        if (rest.length > 0) throw new Error('full')
        const bytes = Buffer.from(note + line)
        rest = bytes.subarray(writeSync(descriptor, bytes))
        lost = 0
      } catch {
        lost++
      }
    },
  }
}

function lostLines(count: number, clock: Clock): string {
  const msg = `${count} lines before this one could not be written`
  return `${JSON.stringify({ level: 'warn', time: isoTime(clock.now()), msg })}\n`
}

/** A pipe is opened a second time, because a full one stops whoever writes to it; the first is shared with others. */
function openStandardError(): number {
  try {
    if (fstatSync(2).isFIFO()) return openSync('/proc/self/fd/2', constants.O_WRONLY | constants.O_NONBLOCK)
  } catch {
    // No such place on this system, or nobody reads.
  }
  return 2
}

const unsafe = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu

/**
 * Writes control, bidi and other invisible characters as `\uXXXX`: a title from outside must not move the
 * cursor, colour a line, turn it around or forge a second one. In JSON text this changes no value, because
 * such characters stand only inside strings.
 */
export function escapeControls(text: string): string {
  return text.replace(unsafe, (found) => {
    let escaped = ''
    for (let at = 0; at < found.length; at++) {
      escaped += `\\u${found.charCodeAt(at).toString(16).padStart(4, '0')}`
    }
    return escaped
  })
}

const colours = { debug: 'gray', info: 'green', warn: 'yellow', error: 'red' } as const

/** Where the log goes to, and only where that shows colours. */
function styled(colour: Parameters<typeof styleText>[0], text: string): string {
  return styleText(colour, text, { stream: process.stderr })
}

/** As much of an id as commands take for it. */
function shortened(text: string): string {
  return /^(evt|run|apr|tcl)_[0-9a-f]{32}$/.test(text) ? text.slice(0, 20) : text
}

/** `07:00:00.123 info  run finished  run=run_0193… turns=3` of a JSON line. */
function formatLine(line: string): string {
  const { time, level, msg, err, ...fields }: Record<string, unknown> = JSON.parse(line)
  const colour = colours[level as keyof typeof colours] ?? 'white'
  const parts = [
    styled('gray', String(time).slice(11, 23)),
    styled(colour, String(level).padEnd(5)),
    escapeControls(String(msg ?? '')),
  ]
  const shown = Object.entries(fields).map(([name, value]) => {
    const text =
      typeof value === 'string' && /^[\w./:@#+-]+$/.test(value) ? shortened(value) : JSON.stringify(value)
    return `${styled('gray', `${escapeControls(name)}=`)}${escapeControls(text)}`
  })
  if (shown.length > 0) parts.push('', ...shown)
  return parts.join(' ') + formatError(err)
}

function formatError(err: unknown): string {
  if (typeof err !== 'object' || err === null) return ''
  const { stack, message }: { stack?: unknown; message?: unknown } = err
  const lines = String(stack ?? message ?? '').split('\n')
  return lines.map((line) => `\n    ${escapeControls(line)}`).join('')
}
