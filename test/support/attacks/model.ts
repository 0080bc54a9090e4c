import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { ModelCall } from './format.js'
import type { Turn } from './turns.js'

export interface ModelInput {
  /** What came, byte for byte. */
  readonly text: string
  readonly messages: readonly ModelMessage[]
}

export interface ModelMessage {
  readonly role: string
  readonly content?: unknown
}

/**
 * A model that is wholly hostile: it answers with what the case says and reads nothing. Speaks Chat Completions. Which
 * of its turns is due it sees from the conversation alone, so that any number of runs and of tries may ask it.
 */
export class AttackModel {
  readonly inputs: ModelInput[] = []
  /** Its answers, in order, for this conversation; then it closes. */
  turns: (input: ModelInput) => readonly Turn[] = () => []
  /** Waited for before it answers. */
  beforeAnswer: (input: ModelInput, turn: number) => Promise<void> | void = () => undefined
  readonly #server = createServer((request, response) => void this.#answer(request, response))

  static async start(): Promise<AttackModel> {
    const model = new AttackModel()
    await new Promise<void>((resolve) => model.#server.listen(0, '127.0.0.1', resolve))
    return model
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v1`
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
    const text = Buffer.concat(chunks).toString('utf8')
    const { messages } = JSON.parse(text) as { messages: ModelMessage[] }
    const input = { text, messages }
    this.inputs.push(input)
    const number = messages.filter(({ role }) => role === 'assistant').length
    await this.beforeAnswer(input, number)
    const turn = this.turns(input)[number] ?? { calls: [], text: 'Nothing is left to do.' }
    const body = JSON.stringify(completion(turn, number))
    if (!turn.isCut) {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(body)
      return
    }
    // What came until then may well be JSON that could be read.
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length + 100 })
    response.write(body, () => setTimeout(() => request.socket.destroy(), 20))
  }
}

function completion({ calls, text, isRefusal, finish }: Turn, number: number): unknown {
  const message = {
    role: 'assistant',
    content: text ?? null,
    ...(isRefusal && { refusal: text ?? 'No.' }),
    ...(calls.length > 0 && { tool_calls: calls.map((call, index) => toolCall(call, `${number}_${index}`)) }),
  }
  return {
    id: `chatcmpl-${number}`,
    object: 'chat.completion',
    created: 1_790_000_000,
    model: 'hostile',
    choices: [{ index: 0, message, finish_reason: finish ?? (calls.length > 0 ? 'tool_calls' : 'stop') }],
    usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 },
  }
}

function toolCall({ id, tool, args, raw }: ModelCall, place: string): unknown {
  const text = raw ?? JSON.stringify(args ?? {})
  return { id: id ?? `call_${place}`, type: 'function', function: { name: tool, arguments: text } }
}
