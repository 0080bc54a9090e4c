import { LineCounter, parseDocument } from 'yaml'
import { z } from 'zod'
import { ModelError } from '../domain/errors.js'
import { parseDuration } from '../util/duration.js'
import type { JsonObject } from '../util/json.js'

/** What the scripted model answers: the first entry that fits a run, and of it one turn for each answer. */
export interface Script {
  readonly entries: readonly ScriptEntry[]
}

export interface ScriptEntry {
  readonly agent: string
  /** Fits only runs whose input holds this text. */
  readonly when: string | undefined
  readonly turns: readonly ScriptTurn[]
}

export interface ScriptTurn {
  readonly calls: readonly ScriptCall[]
  /** Empty where the turn makes calls. */
  readonly say: string
  /** Before it answers, in milliseconds. */
  readonly delayMs: number
}

export interface ScriptCall {
  readonly tool: string
  /** JSON text, or for tests any other text. */
  readonly argumentsText: string
}

const callFields = {
  call: z.string().min(1),
  args: z.union([z.record(z.string(), z.json()), z.string()]).default({}),
}
const delay = z
  .string()
  .refine((text) => parseDuration(text) !== undefined, 'expected a duration like 300ms')
  .optional()
const turnSchema = z.union([
  z.strictObject({ ...callFields, delay }),
  z.strictObject({ calls: z.array(z.strictObject(callFields)).min(1), delay }),
  z.strictObject({ say: z.string(), delay }),
])
const scriptSchema = z.array(
  z.strictObject({
    agent: z.string().min(1),
    when: z.string().optional(),
    turns: z.array(turnSchema).min(1),
  }),
)

/**
 * A list, in YAML or JSON:
 *
 *     - agent: ci-doctor
 *       when: acme/web
 *       turns:
 *         - call: list_failed_jobs
 *         - { calls: [{ call: comment, args: { body: Flaky. } }, { call: rerun_failed_jobs }], delay: 300ms }
 *         - say: Done.
 *
 * Rejects anything else with ModelError `model.script`, which names the place.
 */
export function parseScript(text: string): Script {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true })
  const [fault] = document.errors
  if (fault !== undefined) {
    const { line, col } = lines.linePos(fault.pos[0])
    throw scriptError(`line ${line}, column ${col}: ${fault.code.toLowerCase().replaceAll('_', ' ')}`)
  }
  const parsed = scriptSchema.safeParse(document.toJS({ maxAliasCount: 100 }))
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    throw scriptError(
      `at ${issue?.path.join('.') || 'the top'}: expected a list of { agent, when?, turns: [{ call, args? } | { calls } | { say }] }, each turn with an optional delay (${issue?.message ?? 'no fit'})`,
    )
  }
  return {
    entries: parsed.data.map(({ agent, when, turns }) => ({ agent, when, turns: turns.map(turnOf) })),
  }
}

function turnOf(turn: z.infer<typeof turnSchema>): ScriptTurn {
  const calls = 'calls' in turn ? turn.calls : 'call' in turn ? [turn] : []
  return {
    calls: calls.map(({ call, args }) => ({
      tool: call,
      argumentsText: typeof args === 'string' ? args : JSON.stringify(args satisfies JsonObject),
    })),
    say: 'say' in turn ? turn.say : '',
    delayMs: turn.delay === undefined ? 0 : (parseDuration(turn.delay) ?? 0),
  }
}

export function scriptError(found: string): ModelError {
  return new ModelError('model.script', `the script of the scripted model is not usable, ${found}`)
}
