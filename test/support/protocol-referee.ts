import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/**
 * Stands before a fake model endpoint and refuses, with 400 as the real APIs do, what a fake lets pass: an output
 * without a call, a call without exactly one output, a stored conversation, a call without the reasoning item
 * that came with it. Everything else goes to the fake behind it.
 */
export interface Referee {
  /** Base URL for the SDK, `http://127.0.0.1:1234/v1`. */
  readonly url: string
  /** Bodies of all requests, refused ones too. */
  readonly requests: readonly Json[]
  readonly refusals: readonly string[]
  close(): Promise<void>
}

type Json = Record<string, unknown>

export async function startReferee(upstream: string): Promise<Referee> {
  const requests: Json[] = []
  const refusals: string[] = []
  const reasoningOf = new Map<unknown, unknown>()
  const server = createServer((request, response) => {
    void referee(request, response).catch(() => response.destroy())
  })

  async function referee(request: IncomingMessage, response: ServerResponse) {
    const text = await readText(request)
    const body = JSON.parse(text) as Json
    requests.push(body)
    const isResponses = request.url?.endsWith('/responses') === true
    const fault = isResponses ? responsesFault(body, reasoningOf) : chatFault(body)
    if (fault !== undefined) {
      refusals.push(fault)
      const error = {
        message: fault,
        type: 'invalid_request_error',
        param: isResponses ? 'input' : 'messages',
        code: null,
      }
      response.writeHead(400, { 'content-type': 'application/json' }).end(JSON.stringify({ error }))
      return
    }
    const answer = await fetch(`${upstream}${request.url}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: request.headers.authorization ?? '' },
      body: text,
    })
    const answered = await answer.text()
    if (isResponses && answer.ok) remember(JSON.parse(answered) as Json, reasoningOf)
    const retryAfter = answer.headers.get('retry-after')
    response.writeHead(answer.status, {
      'content-type': answer.headers.get('content-type') ?? '',
      ...(retryAfter === null ? {} : { 'retry-after': retryAfter }),
    })
    response.end(answered)
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    requests,
    refusals,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}

function remember(answer: Json, reasoningOf: Map<unknown, unknown>) {
  let reasoning: unknown
  for (const item of (answer['output'] ?? []) as Json[]) {
    if (item['type'] === 'reasoning') reasoning = item['id']
    if (item['type'] === 'function_call' && reasoning !== undefined) reasoningOf.set(item['id'], reasoning)
  }
}

function responsesFault(body: Json, reasoningOf: ReadonlyMap<unknown, unknown>): string | undefined {
  if (body['previous_response_id'] !== undefined) return 'Previous response cannot be used.'
  if (body['store'] !== false) return 'Expected "store": false.'
  if (!Array.isArray(body['input'])) return "Invalid type for 'input'."
  const open = new Set<unknown>()
  const seen = new Set<unknown>()
  const ids = new Set<unknown>()
  for (const item of body['input'] as Json[]) {
    const callId = item['call_id']
    ids.add(item['id'])
    if (item['type'] === 'function_call') {
      if (typeof callId !== 'string' || callId === '') return "Missing required parameter: 'call_id'."
      if (seen.has(callId)) return `Duplicate function call ${callId}.`
      const reasoning = reasoningOf.get(item['id'])
      if (reasoning !== undefined && !ids.has(reasoning)) {
        return `Item '${item['id']}' of type 'function_call' was provided without its required 'reasoning' item: '${reasoning}'.`
      }
      seen.add(callId)
      open.add(callId)
    } else if (item['type'] === 'function_call_output' && !open.delete(callId)) {
      return `No tool call found for function call output with call_id ${callId}.`
    }
  }
  const [missing] = open
  return missing === undefined ? undefined : `No tool output found for function call ${missing}.`
}

function chatFault(body: Json): string | undefined {
  if (!Array.isArray(body['messages'])) return "Missing required parameter: 'messages'."
  const open = new Set<unknown>()
  for (const message of body['messages'] as Json[]) {
    if (message['role'] === 'tool') {
      if (!open.delete(message['tool_call_id'])) {
        return "Invalid parameter: messages with role 'tool' must be a response to a preceding message with 'tool_calls'."
      }
      continue
    }
    if (open.size > 0) break
    for (const call of (message['tool_calls'] ?? []) as Json[]) {
      if (typeof call['id'] !== 'string' || call['id'] === '')
        return 'Missing required parameter: tool_calls.id.'
      if (open.has(call['id'])) return `Duplicate tool call id ${call['id']}.`
      open.add(call['id'])
    }
  }
  if (open.size === 0) return undefined
  return `An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. Missing: ${[...open].join(', ')}`
}
