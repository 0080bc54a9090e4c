import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

export interface EndpointRequest {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: Record<string, unknown>
}

/** A model endpoint whose answers, and misbehaviour, are written by the test. */
export interface ModelEndpoint {
  readonly url: string
  readonly requests: readonly EndpointRequest[]
  /** Resolves when a request has arrived whole. */
  readonly asked: Promise<void>
  close(): Promise<void>
}

export type Respond = (response: ServerResponse, request: EndpointRequest, socket: Socket) => void

export async function startModelEndpoint(respond: Respond): Promise<ModelEndpoint> {
  const requests: EndpointRequest[] = []
  let onAsked = () => {}
  const asked = new Promise<void>((resolve) => {
    onAsked = resolve
  })
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body = JSON.parse(Buffer.concat(chunks).toString('utf8')) as Record<string, unknown>
      const received = { path: request.url ?? '', headers: request.headers, body }
      requests.push(received)
      respond(response, received, request.socket)
      onAsked()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    requests,
    asked,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

export function json(body: unknown, status = 200, headers: Record<string, string> = {}): Respond {
  return (response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers })
    response.end(typeof body === 'string' ? body : JSON.stringify(body))
  }
}
