import type { SpanAttributes, SpanStart, TraceRoot } from '../util/trace.js'
import type { ModelSettings } from './agent.js'
import type { Event } from './event.js'
import type { Run, RunOutcome } from './run.js'
import type { Tool } from './tool.js'
import type { ToolCall } from './tool-call.js'

/**
 * Names and attributes of spans, all of them. `gen_ai.*` are those of OpenTelemetry's semantic conventions for
 * generative AI, read in November 2026, which are still in development; `rouse.*` are ours. What came from outside (an
 * event's texts, a model's words, arguments, answers of APIs) is in none of them.
 */

/** An event is one trace, whose ids are made of its own: any process finds them again, and so does a person. */
export function traceOf(eventId: string): TraceRoot {
  const digits = eventId.slice('evt_'.length)
  return { traceId: digits, spanId: digits.slice(16) }
}

type Arrived = Pick<Event, 'id' | 'source' | 'recordedAt' | 'via'>

/** The root: how the event came. */
export function arrivalSpan({ id, source, recordedAt, via }: Arrived, deliveryId?: string): SpanStart {
  return {
    name: `${via === 'webhook' ? 'receive' : via} ${source}`,
    ...(via === 'webhook' && { kind: 'server' }),
    startedAt: recordedAt,
    attributes: { 'rouse.event.id': id, 'rouse.source': source, 'rouse.delivery.id': deliveryId },
  }
}

/** Another delivery of an event that is known. */
export function redeliverySpan(eventId: string, source: string, deliveryId: string, at: number): SpanStart {
  return {
    name: `redelivery ${source}`,
    kind: 'server',
    startedAt: at,
    attributes: { 'rouse.event.id': eventId, 'rouse.source': source, 'rouse.delivery.id': deliveryId },
  }
}

export function dispatchSpan(eventId: string, agents: readonly string[], startedAt: number): SpanStart {
  return { name: 'dispatch', startedAt, attributes: { 'rouse.event.id': eventId, 'rouse.agents': agents } }
}

/** One stretch of work on a run: a run that waits, or that a restart interrupts, has several. */
export function attemptSpan({ id, eventId, agent, replay, usage }: Run): SpanStart {
  return {
    name: `invoke_agent ${agent}`,
    attributes: {
      'gen_ai.operation.name': 'invoke_agent',
      'gen_ai.agent.name': agent,
      'gen_ai.conversation.id': id,
      'rouse.run.id': id,
      'rouse.event.id': eventId,
      'rouse.run.replay': replay,
      'rouse.run.turns_before': usage.turns,
    },
  }
}

/** Undefined: the run is no longer this process's to finish. */
export function outcomeAttributes(outcome: RunOutcome | undefined): SpanAttributes {
  if (outcome === undefined) return { 'rouse.run.state': 'lost' }
  return {
    'rouse.run.state': outcome.state,
    ...(outcome.state === 'parked' && { 'rouse.run.parked_on': outcome.on }),
    ...(outcome.state !== 'completed' && { 'rouse.run.code': outcome.error?.code }),
  }
}

export function modelSpan(run: Pick<Run, 'id'>, agent: string, settings: ModelSettings): SpanStart {
  const { baseUrl, model, maxOutputTokens } = settings
  const isScripted = baseUrl.startsWith('scripted:')
  return {
    name: `chat ${model}`,
    kind: 'client',
    attributes: {
      'gen_ai.operation.name': 'chat',
      // Whose API is spoken; the address says who answers.
      'gen_ai.provider.name': isScripted ? 'scripted' : 'openai',
      'gen_ai.agent.name': agent,
      'gen_ai.conversation.id': run.id,
      'gen_ai.request.model': model,
      'gen_ai.request.max_tokens': maxOutputTokens,
      ...(!isScripted && placeOf(baseUrl)),
    },
  }
}

/** What a model's answer says of itself; `models/model.ts` fits it. */
interface Answered {
  readonly model: string
  readonly finish: 'stop' | 'calls' | 'truncated' | 'filtered' | 'refused'
  readonly calls: readonly unknown[]
  readonly usage: {
    readonly inputTokens: number
    readonly cachedInputTokens: number
    readonly outputTokens: number
  }
}

const finishReasons = {
  stop: 'stop',
  calls: 'tool_call',
  truncated: 'length',
  filtered: 'content_filter',
  refused: 'content_filter',
} as const

export function answerAttributes(
  { model, finish, calls, usage }: Answered,
  costUsd?: number,
): SpanAttributes {
  return {
    'gen_ai.response.model': model,
    'gen_ai.response.finish_reasons': [finishReasons[finish]],
    'gen_ai.usage.input_tokens': usage.inputTokens,
    'gen_ai.usage.cache_read.input_tokens': usage.cachedInputTokens,
    'gen_ai.usage.output_tokens': usage.outputTokens,
    'rouse.tool_calls': calls.length,
    'rouse.cost_usd': costUsd,
  }
}

/** `tool`: the declared one; undefined where the model named one that there is not. */
export function toolCallSpan(call: Pick<ToolCall, 'id' | 'state'>, tool: Tool | undefined): SpanStart {
  return {
    name: tool === undefined ? 'execute_tool' : `execute_tool ${tool.name}`,
    attributes: {
      'gen_ai.operation.name': 'execute_tool',
      'gen_ai.tool.name': tool?.name,
      'gen_ai.tool.type': 'function',
      'gen_ai.tool.call.id': call.id,
      'rouse.tool.effect': tool?.effect,
      'rouse.tool_call.state_before': call.state,
    },
  }
}

/** One request of a tool, from its place in the queue to the last byte of the answer. Without its URL: that has ids. */
export function requestSpan({ name, method, origin, path }: Tool): SpanStart {
  const template = path.map((part) => (typeof part === 'string' ? part : `{${part.id}}`)).join('')
  return {
    name: `${method} ${template}`,
    kind: 'client',
    attributes: {
      'http.request.method': method,
      'url.template': template,
      ...placeOf(origin),
      'rouse.tool': name,
    },
  }
}

export function statusAttributes(status: number): SpanAttributes {
  return { 'http.response.status_code': status }
}

function placeOf(url: string): SpanAttributes {
  const { protocol, hostname, port } = new URL(url)
  const usual = protocol === 'https:' ? 443 : 80
  return { 'server.address': hostname, 'server.port': port === '' ? usual : Number(port) }
}
