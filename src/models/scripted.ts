import { ModelError } from '../domain/errors.js'
import { sleep } from '../util/clock.js'
import { type JsonObject, type JsonValue, parseJson, stringifyJson } from '../util/json.js'
import { fieldOf, listOf, textOf } from './fields.js'
import type { ConversationItem, Model, ModelAnswer, ModelCall, ModelRequest } from './model.js'
import type { Script, ScriptCall, ScriptEntry, ScriptTurn } from './script.js'
import { estimateTokens } from './tokens.js'

/** More reads than this would hide what a person wants to see. */
const maxGenericCalls = 8

/**
 * A model that follows a script, for demo, development and tests. It keeps nothing: the turn is the number of
 * answers in the conversation, so a run that goes on after a restart gets the next turn, and the same question
 * the same answer. Answers have the form of the Responses API. Costs nothing; tokens are counted at four bytes.
 *
 * Without a script it calls each read that needs no argument once, and then says what came back. With one that
 * has nothing for the agent, or no such turn, it rejects with ModelError `model.script`.
 */
export function createScriptedModel(script?: Script): Model {
  return {
    async ask(request, signal) {
      signal.throwIfAborted()
      const turn = request.conversation.filter((item) => item.kind === 'answer').length
      const { calls, say, delayMs } =
        script === undefined ? genericTurn(request, turn) : scriptedTurn(script, request, turn)
      if (delayMs > 0) await sleep(delayMs, signal)
      return answerOf(request, turn, calls, say)
    },
  }
}

function scriptedTurn({ entries }: Script, { agent, conversation }: ModelRequest, turn: number): ScriptTurn {
  const input = conversation.flatMap((item) => (item.kind === 'input' ? [item.text] : [])).join('\n')
  const entry = entries.find((candidate) => fits(candidate, agent, input))
  if (entry === undefined) {
    throw new ModelError(
      'model.script',
      `the script has no entry that fits this run of agent "${agent}"; add one, or one without "when"`,
    )
  }
  const scripted = entry.turns[turn]
  if (scripted === undefined) {
    throw new ModelError(
      'model.script',
      `the script has ${entry.turns.length} turns for agent "${agent}" and was asked for turn ${turn + 1}; end it with "say"`,
    )
  }
  return scripted
}

function fits({ agent, when }: ScriptEntry, runAgent: string, input: string): boolean {
  return agent === runAgent && (when === undefined || input.includes(when))
}

function genericTurn({ conversation, tools }: ModelRequest, turn: number): ScriptTurn {
  const reads = tools.filter(
    (tool) => tool.effect === 'read' && (listOf(tool.parameters['required']) ?? []).length === 0,
  )
  if (turn === 0 && reads.length > 0) {
    const calls = reads.slice(0, maxGenericCalls).map(({ name }) => ({ tool: name, argumentsText: '{}' }))
    return { calls, say: '', delayMs: 0 }
  }
  const seen = conversation.flatMap((item) => (item.kind === 'output' ? [describe(item, conversation)] : []))
  const findings = seen.length === 0 ? 'There was no read to make.' : seen.join(' ')
  const say = `This is the scripted model without a script; it reads and does nothing else. ${findings}`
  return { calls: [], say, delayMs: 0 }
}

function describe(
  { callId, text }: Extract<ConversationItem, { kind: 'output' }>,
  conversation: readonly ConversationItem[],
): string {
  const call = conversation
    .flatMap((item) => (item.kind === 'answer' ? item.items : []))
    .find((item) => fieldOf(item, 'call_id') === callId)
  const code = textOf(fieldOf(fieldOf(parsed(text), 'error'), 'code'))
  const result = code === undefined ? `gave ${Buffer.byteLength(text)} bytes` : `failed with ${code}`
  return `${textOf(fieldOf(call, 'name')) ?? callId} ${result}.`
}

function parsed(text: string): JsonValue | undefined {
  try {
    return parseJson(Buffer.from(text))
  } catch {
    return undefined
  }
}

function answerOf(
  request: ModelRequest,
  turn: number,
  scripted: readonly ScriptCall[],
  say: string,
): ModelAnswer {
  const calls = scripted.map(
    ({ tool, argumentsText }, index): ModelCall => ({
      callId: `call_${turn}_${index}`,
      name: tool,
      argumentsText,
    }),
  )
  const items = calls.length > 0 ? calls.map(callItem) : [messageItem(turn, say)]
  const { instructions, conversation, tools } = request
  const asked = stringifyJson({ instructions, conversation, tools } as unknown as JsonValue)
  return {
    api: 'responses',
    model: 'scripted',
    items,
    text: say,
    calls,
    finish: calls.length > 0 ? 'calls' : 'stop',
    usage: {
      inputTokens: estimateTokens(Buffer.byteLength(asked)),
      cachedInputTokens: 0,
      outputTokens: estimateTokens(Buffer.byteLength(stringifyJson(items))),
    },
    reportedCostUsd: 0,
  }
}

function callItem({ callId, name, argumentsText }: ModelCall): JsonObject {
  return {
    type: 'function_call',
    id: `fc_${callId}`,
    call_id: callId,
    name,
    arguments: argumentsText,
    status: 'completed',
  }
}

function messageItem(turn: number, text: string): JsonObject {
  return {
    type: 'message',
    id: `msg_${turn}`,
    role: 'assistant',
    status: 'completed',
    content: [{ type: 'output_text', text, annotations: [] }],
  }
}
