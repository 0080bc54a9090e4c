import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { JsonValue } from '../../util/json.js'

/** One request as a local API sees it. */
export interface ApiRequest {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  header(name: string): string | undefined
  readonly body: string
}

export interface ApiAnswer {
  readonly status: number
  readonly json?: JsonValue
  readonly headers?: Readonly<Record<string, string>>
}

/** Something that the world now has and did not have before: what an API did, not what it was asked. */
export interface WorldEffect {
  readonly method: string
  /** Whole URL, as the caller sees it. */
  readonly url: string
  readonly body: string
}

export interface ApiOptions {
  readonly name: string
  /** What every request must carry in `authorization`. */
  readonly authorization: string
  /** Answers a request; `happened` says that it changed something. Undefined: there is no such thing. */
  answer(request: ApiRequest, happened: () => void): ApiAnswer | undefined | Promise<ApiAnswer | undefined>
}

/** A small API on this machine that stands in for a real one and remembers what it did. */
export interface LocalApi {
  readonly name: string
  readonly origin: string
  /** In the order in which they happened. */
  readonly effects: readonly WorldEffect[]
  close(): Promise<void>
}

export async function startApi({ name, authorization, answer }: ApiOptions): Promise<LocalApi> {
  const effects: WorldEffect[] = []
  let origin = ''

  const respond = async (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const body = await textOf(incoming)
    const url = new URL(incoming.url ?? '/', origin)
    const method = incoming.method ?? ''
    const request: ApiRequest = {
      method,
      path: url.pathname,
      query: url.searchParams,
      header: (wanted) => incoming.headers[wanted]?.toString(),
      body,
    }
    const happened = () => void effects.push({ method, url: url.href, body })
    const isAllowed = request.header('authorization') === authorization
    const given = isAllowed
      ? await answer(request, happened)
      : { status: 401, json: { message: 'unauthorized' } }
    const { status, json, headers }: ApiAnswer = given ?? { status: 404, json: { message: 'not found' } }
    outgoing.writeHead(status, { 'content-type': 'application/json', ...headers })
    outgoing.end(json === undefined ? undefined : JSON.stringify(json))
  }

  const server: Server = createServer((incoming, outgoing) => {
    respond(incoming, outgoing).catch(() => outgoing.destroy())
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    name,
    origin,
    effects,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function textOf(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of incoming as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}

/**
 * Idempotency keys as the large APIs keep them: the first answer to a key is given again to the same request, and
 * another request with that key is refused.
 */
export class KeptAnswers {
  readonly #kept = new Map<string, { readonly request: string; readonly answer: ApiAnswer }>()

  /** `perform` is called at most once for a key. */
  async once(
    request: ApiRequest,
    replayed: Readonly<Record<string, string>>,
    perform: () => ApiAnswer,
  ): Promise<ApiAnswer> {
    const key = request.header('idempotency-key')
    if (key === undefined) return perform()
    const text = `${request.method} ${request.path} ${request.body}`
    const before = this.#kept.get(key)
    if (before && before.request !== text) {
      return {
        status: 400,
        json: { error: { type: 'idempotency_error', message: 'the key was used for another request' } },
      }
    }
    if (before) return { ...before.answer, headers: replayed }
    const answer = perform()
    this.#kept.set(key, { request: text, answer })
    return answer
  }
}
