import { createHmac, randomUUID } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { githubSecret, issueOpened, type Rouse, sendGithub, startRouse } from '../support/rouse.js'
import { until } from '../support/wait.js'

let rouse: Rouse
const sockets: Socket[] = []

beforeAll(async () => {
  rouse = await startRouse({ config: `sources: { ci: { kind: github, secret: "${githubSecret}" } }\n` })
})
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy()
})
afterAll(() => rouse.stop())

function delivery(issue: number): { head: Buffer; body: Buffer } {
  const body = Buffer.from(JSON.stringify(issueOpened(issue)))
  const signature = createHmac('sha256', githubSecret).update(body).digest('hex')
  const head = [
    'POST /hooks/ci HTTP/1.1',
    'Host: localhost',
    'X-GitHub-Event: issues',
    `X-GitHub-Delivery: ${randomUUID()}`,
    `X-Hub-Signature-256: sha256=${signature}`,
    `Content-Length: ${body.length}`,
    '\r\n',
  ].join('\r\n')
  return { head: Buffer.from(head), body }
}

/** A connection to the listener, and what came back over it. */
function open() {
  const socket = connect({ port: Number(new URL(rouse.url).port), host: '127.0.0.1', allowHalfOpen: true })
  sockets.push(socket)
  const state = { text: '', isClosed: false }
  socket.on('data', (bytes: Buffer) => {
    state.text += bytes.toString('latin1')
  })
  socket.on('error', () => undefined)
  socket.on('close', () => {
    state.isClosed = true
  })
  return { socket, state }
}

async function stored(): Promise<number> {
  const { events, deliveries } = await rouse.ledger.counts()
  return events.recorded + events.dispatched + events.ignored + deliveries.recorded + deliveries.malformed
}

describe('a sender', () => {
  it('that sends byte by byte is answered after the last one, and nothing of it is stored before', async () => {
    const before = await stored()
    const { head, body } = delivery(1)
    const { socket, state } = open()
    for (const byte of head) socket.write(Buffer.of(byte))
    for (const byte of body.subarray(0, -1)) socket.write(Buffer.of(byte))
    // The whole of another delivery goes through meanwhile.
    expect((await sendGithub(rouse.url, 'issues', issueOpened(2))).status).toBe(202)
    expect([await stored(), state.text]).toEqual([before + 2, ''])
    socket.write(body.subarray(-1))
    await until('the answer', () => state.text.startsWith('HTTP/1.1 202'))
    expect(await stored()).toBe(before + 4)
  })

  it('that closes its side after the whole request is recorded like any other', async () => {
    const before = await stored()
    const { head, body } = delivery(3)
    const { socket, state } = open()
    socket.end(Buffer.concat([head, body]))
    await until('the answer or the close', () => state.text !== '' || state.isClosed)
    await until('the event', async () => (await stored()) === before + 2)
  })

  it.each([0, 1, 40])(
    'that closes its side %i bytes into the body gets no 2xx, and nothing is stored',
    async (bytes) => {
      const before = await stored()
      const { head, body } = delivery(4)
      const { socket, state } = open()
      socket.end(Buffer.concat([head, body.subarray(0, bytes)]))
      await until('the close', () => state.isClosed)
      expect(state.text).not.toMatch(/^HTTP\/1\.1 2/)
      expect(await stored()).toBe(before)
    },
  )

  it('that is reset in the middle of the body leaves nothing, and its redelivery is new', async () => {
    const before = await stored()
    const { head, body } = delivery(5)
    const { socket, state } = open()
    await new Promise<void>((resolve) => {
      socket.write(Buffer.concat([head, body.subarray(0, 100)]), () => resolve())
    })
    socket.resetAndDestroy()
    await until('the close', () => state.isClosed)
    expect((await sendGithub(rouse.url, 'issues', issueOpened(5))).status).toBe(202)
    expect(await stored()).toBe(before + 2)
  })

  it('that is gone before it heard the answer sends again, and it is one event', async () => {
    const before = await stored()
    const { head, body } = delivery(6)
    const { socket, state } = open()
    await new Promise<void>((resolve) => {
      socket.write(Buffer.concat([head, body]), () => resolve())
    })
    socket.resetAndDestroy()
    await until('the close', () => state.isClosed)
    const again = await sendGithub(rouse.url, 'issues', issueOpened(6))
    expect([200, 202]).toContain(again.status)
    expect(again.body.events).toHaveLength(1)
    await until('one event', async () => (await stored()) === before + 2)
    expect((await sendGithub(rouse.url, 'issues', issueOpened(6))).body.events).toEqual(again.body.events)
  })

  it('whose signature is wrong leaves nothing, however it sent it', async () => {
    const before = await stored()
    const { head, body } = delivery(7)
    const { socket, state } = open()
    socket.write(head)
    for (const byte of Buffer.concat([body.subarray(0, -1), Buffer.from(' ')])) socket.write(Buffer.of(byte))
    await until('the refusal', () => state.text.startsWith('HTTP/1.1 401'))
    expect(await stored()).toBe(before)
  })
})
