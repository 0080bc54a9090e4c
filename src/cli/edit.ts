import type { Approval } from '../domain/approval.js'
import type { ArgSpec, Tool } from '../domain/tool.js'
import type { ToolCall } from '../domain/tool-call.js'
import { toolCallDocument } from '../runs/documents.js'
import { argumentsOf, editedText } from '../runs/edit.js'
import type { Store } from '../store/store.js'
import { sleep } from '../util/clock.js'
import { type JsonObject, type JsonValue, parseJson, stringifyJson } from '../util/json.js'
import { failure, type Invocation, printDocument, usageError } from './command.js'
import { personName } from './person.js'
import { plain } from './text.js'
import { loadWithoutSecrets } from './without-secrets.js'

interface Options {
  readonly set: readonly string[]
  readonly wait?: number
  readonly by?: string
  readonly reason?: string
  readonly json?: boolean
}

const defaultWaitMs = 10_000
const lookEveryMs = 100

/**
 * Changes the arguments and waits until the daemon has decided on the call anew. Returns what it asks then; undefined
 * where it does not ask (and says why not), or has not yet.
 */
export async function editAndWait(
  invocation: Invocation,
  store: Store,
  approval: Approval,
  options: Options,
): Promise<Approval | undefined> {
  const { io } = invocation
  const { id, toolCallId, digest } = approval
  const call = await store.toolCall(toolCallId)
  if (!call) throw failure(`the tool call ${toolCallId} of ${id} is not in this ledger`)
  const tool = await toolOf(invocation, call)
  const before = argumentsOf(call)
  const after = changed(before, options.set, tool)
  const argumentsText = editedText(before, after, tool)
  const by = personName(options.by)
  await store.editApproval(id, { by, argumentsText, reason: options.reason, digest }, io.clock.now())
  if (!options.json) io.out(`${id} is edited by ${plain(by)}: ${sayChanges(before, after)}\n`)
  const settled = await waitForAnswer(store, toolCallId, options.wait ?? defaultWaitMs)
  const anew =
    settled.state === 'waiting' && settled.approvalId !== undefined ? settled.approvalId : undefined
  if (anew !== undefined) return store.approval(anew)
  if (options.json) printDocument(invocation, toolCallDocument(settled))
  else io.out(sayInstead(settled))
  return undefined
}

/** By today's config.yaml, so that a slip is not what the daemon decides on; undefined where that does not load. */
async function toolOf(invocation: Invocation, { tool }: ToolCall): Promise<Tool | undefined> {
  const loaded = await loadWithoutSecrets(invocation).catch(() => undefined)
  return loaded?.config.tools.get(tool)
}

function changed(before: JsonObject, settings: readonly string[], tool: Tool | undefined): JsonObject {
  const after: JsonObject = { ...before }
  for (const setting of settings) {
    const at = setting.indexOf('=')
    const name = setting.slice(0, Math.max(0, at))
    if (name === '') throw usageError(`--set "${plain(setting)}" is not understood; expected name=value`)
    const spec = tool && Object.hasOwn(tool.args, name) ? tool.args[name] : undefined
    if (tool && !spec) {
      const names = Object.keys(tool.args).join(', ')
      throw usageError(
        `"${plain(name)}" is no argument of ${tool.name}; it has ${names === '' ? 'none' : names}`,
      )
    }
    after[name] = writtenValue(setting.slice(at + 1), spec)
  }
  return after
}

/** JSON where it is JSON, else text; and text where the argument is one, whatever it looks like. */
function writtenValue(written: string, spec: ArgSpec | undefined): JsonValue {
  const isText = spec?.type === 'text' || spec?.type === 'enum' || spec?.type === 'pattern'
  const isNull = written === 'null' && spec?.optional === true
  if (isText && !isNull && !/^".*"$/s.test(written)) return written
  try {
    return parseJson(Buffer.from(written))
  } catch {
    return written
  }
}

function sayChanges(before: JsonObject, after: JsonObject): string {
  const shown = (value: JsonValue | undefined) =>
    value === undefined ? 'nothing' : plain(stringifyJson(value))
  return Object.keys(after)
    .filter((name) => shown(before[name]) !== shown(after[name]))
    .map((name) => `${plain(name)} from ${shown(before[name])} to ${shown(after[name])}`)
    .join(', ')
}

/** The call once it is no longer only proposed, or when the time is over. */
async function waitForAnswer(store: Store, id: string, waitMs: number): Promise<ToolCall> {
  for (let left = waitMs; ; left -= lookEveryMs) {
    const call = await store.toolCall(id)
    if (!call) throw failure(`the tool call ${id} is gone from this ledger`)
    if (call.state !== 'proposed' || left <= 0) return call
    await sleep(Math.min(left, lookEveryMs))
  }
}

function sayInstead({ id, runId, tool, state, output }: ToolCall): string {
  const name = plain(tool)
  switch (state) {
    case 'proposed':
      return `no daemon has decided on it yet: it will be asked anew when the daemon runs; see rouse approvals, or rouse run ${runId}`
    case 'denied': {
      const why = output && !output.ok ? `: ${output.error.code}, ${plain(output.error.message)}` : ''
      return `${name} is denied with these arguments${why}. Nothing is sent, and the agent is told`
    }
    case 'simulated':
      return `${name} is simulated: its gate is shadow now, so nothing is sent`
    default:
      return `${id} is ${state}: nobody was asked again; see rouse run ${runId}`
  }
}
