import { type AddressInfo, createServer, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { createHttpToolClient } from '../../src/tools/http.js'
import type { ToolAnswer, ToolClient } from '../../src/tools/tool.js'
import { aTool, bearer, bindings } from './tools.js'

const open: { close(): Promise<unknown> }[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()))
})

interface RawApi {
  readonly origin: string
  /** First lines of the requests that came. */
  readonly requests: string[]
}

/** An API that answers each request with these bytes, whatever HTTP says of them. */
async function rawApi(answer: (origin: string) => string): Promise<RawApi> {
  const requests: string[] = []
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('data', (bytes: Buffer) => {
      requests.push(bytes.toString('latin1').split('\r\n', 1)[0] ?? '')
      socket.write(answer(api.origin))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const api = { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests }
  open.push({
    close: () => {
      for (const socket of sockets) socket.destroy()
      return new Promise((resolve) => server.close(resolve))
    },
  })
  return api
}

function tools(): ToolClient {
  const client = createHttpToolClient()
  open.push(client)
  return client
}

function post(client: ToolClient, { origin }: RawApi): Promise<ToolAnswer> {
  const tool = aTool({
    origin,
    isPrivate: true,
    method: 'POST',
    effect: 'write',
    timeoutMs: 500,
    credential: 'key',
  })
  return client.send(tool, client.freeze(tool, bindings()), {
    credential: bearer(origin),
    idempotencyKey: undefined,
    signal: new AbortController().signal,
  })
}

const ok = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 8\r\n\r\n{"a": 1}'

describe('an API that answers strangely', () => {
  it.each([301, 302, 303, 307, 308])('with a redirect to itself (%i) is asked once', async (status) => {
    const api = await rawApi(
      (origin) => `HTTP/1.1 ${status} Moved\r\nlocation: ${origin}/again\r\ncontent-length: 0\r\n\r\n`,
    )
    const answer = await post(tools(), api)
    expect(answer).toMatchObject({ kind: 'answered', status })
    expect(JSON.stringify(answer.kind === 'answered' && answer.result)).toContain('redirect')
    expect(api.requests).toHaveLength(1)
  })

  it('with a redirect to another host never speaks to it', async () => {
    const other = await rawApi(() => ok)
    const api = await rawApi(
      () => `HTTP/1.1 307 Moved\r\nlocation: ${other.origin}/\r\ncontent-length: 0\r\n\r\n`,
    )
    await post(tools(), api)
    expect([api.requests.length, other.requests.length]).toEqual([1, 0])
  })

  it('with a 304 to a request that asked for none has answered so, without a body', async () => {
    const api = await rawApi(() => 'HTTP/1.1 304 Not Modified\r\netag: "x"\r\n\r\n')
    expect(await post(tools(), api)).toMatchObject({ kind: 'answered', status: 304, body: undefined })
  })

  it.each(['102 Processing', '103 Early Hints'])(
    'with %s ahead is waited for until its answer',
    async (interim) => {
      const api = await rawApi(() => `HTTP/1.1 ${interim}\r\n\r\n${ok}`)
      expect(await post(tools(), api)).toMatchObject({ kind: 'answered', status: 200, body: { a: 1 } })
    },
  )

  it('with 100 Continue, which nobody asked for, is never taken for having answered', async () => {
    const api = await rawApi(() => `HTTP/1.1 100 Continue\r\n\r\n${ok}`)
    expect(await post(tools(), api)).toMatchObject({ kind: 'no_answer' })
  })

  it('with one interim answer and no other is given up, and what became of the write is not known', async () => {
    const api = await rawApi(() => 'HTTP/1.1 102 Processing\r\n\r\n')
    expect(await post(tools(), api)).toMatchObject({ kind: 'no_answer' })
    expect(api.requests).toHaveLength(1)
  })

  it('with 101, a change of protocol that nobody asked for, has given no answer', async () => {
    const api = await rawApi(
      () => 'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n',
    )
    expect(await post(tools(), api)).toMatchObject({ kind: 'no_answer' })
  })

  it('with a 204 that has a body: the status stands, and the body is no answer to the next request', async () => {
    const client = tools()
    let first = true
    const forged = 'HTTP/1.1 200 OK\r\ncontent-length: 15\r\n\r\n{"forged": true}'
    const api = await rawApi(() => {
      const bytes = first ? `HTTP/1.1 204 No Content\r\n\r\n${forged}` : ok
      first = false
      return bytes
    })
    const answer = await post(client, api)
    expect(answer.kind === 'answered' ? answer.status : answer.error.code).toBe(204)
    expect(JSON.stringify(await post(client, api))).not.toContain('forged')
  })
})
