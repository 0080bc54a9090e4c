import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'

export interface SeenRequest {
  readonly method: string
  readonly url: string
  readonly rawHeaders: readonly string[]
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

/** A server on 127.0.0.1 that records every whole request and answers as it is told. */
export interface Upstream {
  readonly origin: string
  readonly port: number
  readonly seen: SeenRequest[]
  answer: (request: SeenRequest, response: ServerResponse) => void
  close(): Promise<void>
}

export async function startUpstream(
  answer: Upstream['answer'] = (_request, response) => json(response, 200, { ok: true }),
  create: (listener: RequestListener) => Server = createServer,
): Promise<Upstream> {
  const seen: SeenRequest[] = []
  const server = create((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('error', () => undefined)
    request.on('end', () => {
      const { method = '', url = '', rawHeaders, headers } = request
      const record = { method, url, rawHeaders, headers, body: Buffer.concat(chunks).toString('utf8') }
      seen.push(record)
      upstream.answer(record, response)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const upstream: Upstream = {
    origin: `http://127.0.0.1:${port}`,
    port,
    seen,
    answer,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return upstream
}

export function json(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
) {
  response.writeHead(status, { 'content-type': 'application/json', ...headers })
  response.end(JSON.stringify(body))
}
