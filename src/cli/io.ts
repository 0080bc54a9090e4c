import { createInterface } from 'node:readline/promises'
import { styleText } from 'node:util'
import { type Clock, systemClock } from '../util/clock.js'
import { type Environment, processEnvironment } from '../util/env.js'

export type Colour = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan'

/** Everything that a command has of the world around it. Tests give their own. */
export interface Io {
  /** A command's own words, on standard output. A line break is added. */
  out(text: string): void
  /** What is not the answer: faults, questions, notes. On standard error. */
  err(text: string): void
  /** Whether standard output is a terminal. */
  readonly isTerminal: boolean
  /** Whether a person can be asked. */
  readonly canAsk: boolean
  /** Columns that a table may use. */
  readonly width: number
  readonly environment: Environment
  readonly clock: Clock
  /** Undefined for the system's own. */
  readonly timeZone: string | undefined
  /** What relative paths begin at. */
  readonly directory: string
  /** Plain text where there is no terminal, or colours are not wanted. */
  style(colour: Colour, text: string): string
  /** All of standard input, byte for byte. */
  readInput(): Promise<Buffer>
  /** One line from the person, without its line break. Undefined at the end of input. */
  ask(question: string): Promise<string | undefined>
  /** Calls `onStop` for SIGINT and SIGTERM, until it is undone. */
  onStop(onStop: (signal: string) => void): () => void
  /** Calls `onFault` for what nothing caught, until it is undone. */
  onFault(onFault: (error: unknown) => void): () => void
  /** Ends the process at once. */
  exit(code: number): void
}

const plainWidth = 100

export function processIo(): Io {
  const { stdin, stdout, stderr } = process
  const isTerminal = stdout.isTTY === true
  const noColour = processEnvironment['NO_COLOR']
  const isColoured =
    isTerminal && (noColour === undefined || noColour === '') && processEnvironment['TERM'] !== 'dumb'
  return {
    out: (text) => void stdout.write(`${text}\n`),
    err: (text) => void stderr.write(`${text}\n`),
    isTerminal,
    canAsk: stdin.isTTY === true && stderr.isTTY === true,
    width: isTerminal ? Math.min(140, Math.max(60, stdout.columns ?? plainWidth)) : plainWidth,
    environment: processEnvironment,
    clock: systemClock,
    timeZone: undefined,
    directory: process.cwd(),
    style: (colour, text) => (isColoured ? styleText(colour, text) : text),
    async readInput() {
      const chunks: Buffer[] = []
      for await (const chunk of stdin) chunks.push(Buffer.from(chunk))
      return Buffer.concat(chunks)
    },
    async ask(question) {
      const reader = createInterface({ input: stdin, output: stderr })
      try {
        return await new Promise<string | undefined>((resolve) => {
          reader.once('close', () => resolve(undefined))
          reader.question(question).then(resolve, () => resolve(undefined))
        })
      } finally {
        reader.close()
      }
    },
    onStop(onStop) {
      process.on('SIGINT', onStop)
      process.on('SIGTERM', onStop)
      return () => {
        process.off('SIGINT', onStop)
        process.off('SIGTERM', onStop)
      }
    },
    onFault(onFault) {
      // A rejection that nothing caught is raised as an exception, by the platform's default.
      process.on('uncaughtException', onFault)
      return () => process.off('uncaughtException', onFault)
    },
    exit: (code) => process.exit(code),
  }
}
