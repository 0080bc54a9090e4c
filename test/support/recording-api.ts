import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface RecordedRequest {
  readonly at: number
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

export type Answer =
  | { readonly status: number; readonly body?: unknown; readonly headers?: Record<string, string> }
  /** The effect happens and the connection is cut instead of an answer. */
  | 'cut'
  /** The effect happens and no answer ever comes. */
  | 'hang'

/** A local API that keeps every request and does what the test says. Its list is an oracle of what was done to the world. */
export class RecordingApi {
  readonly requests: RecordedRequest[] = []
  /** Decides on each request; by default everything succeeds. */
  respond: (request: RecordedRequest) => Answer | Promise<Answer> = () => ({
    status: 200,
    body: { ok: true },
  })
  readonly #server = createServer((incoming, outgoing) => void this.#handle(incoming, outgoing))
  #port = 0

  /** On a free port, or on the one that an earlier one had. */
  static async start(port = 0): Promise<RecordingApi> {
    const api = new RecordingApi()
    await new Promise<void>((resolve) => api.#server.listen(port, '127.0.0.1', resolve))
    api.#port = (api.#server.address() as AddressInfo).port
    return api
  }

  get origin(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  /** The requests that would have changed something. */
  get writes(): RecordedRequest[] {
    return this.requests.filter(({ method }) => method !== 'GET')
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  async #handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of incoming as AsyncIterable<Buffer>) chunks.push(chunk)
    const request: RecordedRequest = {
      at: performance.now(),
      method: incoming.method ?? '',
      url: incoming.url ?? '',
      headers: incoming.headers,
      body: Buffer.concat(chunks).toString('utf8'),
    }
    this.requests.push(request)
    const answer = await this.respond(request)
    if (answer === 'cut') {
      incoming.socket.destroy()
      return
    }
    if (answer === 'hang') return
    outgoing.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers })
    outgoing.end(JSON.stringify(answer.body ?? {}))
  }
}
