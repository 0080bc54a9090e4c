import { createServer } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import type { HttpBindings } from '@hono/node-server'
import { Hono } from 'hono'
import { afterEach, describe, expect, it } from 'vitest'
import { InFlight, readBody } from '../../src/http/body.js'
import { type Listener, type ListenerLimits, listen } from '../../src/http/server.js'
import { until } from '../support/wait.js'

const long: ListenerLimits = {
  headersTimeout: 60_000,
  requestTimeout: 60_000,
  keepAliveTimeout: 60_000,
  connectionsCheckingInterval: 20,
  maxConnections: 100,
}

let listener: Listener | undefined
const sockets: Socket[] = []

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  await listener?.close(0)
  listener = undefined
})

/** An application that reads a body of at most 1 KB, and what it was asked. */
async function start(limits?: ListenerLimits) {
  const asked: string[] = []
  const whole: string[] = []
  let release = () => {}
  const released = new Promise<void>((resolve) => {
    release = resolve
  })
  const inFlight = new InFlight(10_000)
  const app = new Hono<{ Bindings: HttpBindings }>()
  app.all('*', async (context) => {
    const { incoming, outgoing } = context.env
    asked.push(incoming.url ?? '')
    try {
      const body = await readBody(incoming, 1024, inFlight, outgoing)
      whole.push(incoming.url ?? '')
      if (incoming.url === '/slow') await released
      return context.text(`${body.length} bytes`)
    } catch {
      return context.text('refused', 413, { connection: 'close' })
    }
  })
  listener = await listen(app, { host: '127.0.0.1', port: 0 }, limits)
  return { asked, whole, release, inFlight, port: listener.port }
}

/** A connection, and what came over it until it was closed. */
function open(port: number, bytes = '') {
  const socket = connect(port, '127.0.0.1')
  sockets.push(socket)
  const state = { text: '', isOpen: false, isClosed: false }
  socket.on('connect', () => {
    state.isOpen = true
    if (bytes !== '') socket.write(bytes)
  })
  socket.on('data', (chunk: Buffer) => {
    state.text += chunk.toString('latin1')
  })
  socket.on('error', () => undefined)
  socket.on('close', () => {
    state.isClosed = true
  })
  return { socket, state }
}

const get = (path = '/') => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`

describe('the listener', () => {
  it('closes a connection that says nothing', async () => {
    const { port, asked } = await start({ ...long, headersTimeout: 100 })
    const { state } = open(port)
    await until('the close', () => state.isClosed)
    expect(asked).toEqual([])
  })

  it('closes a connection whose headers do not end, though bytes keep coming', async () => {
    const { port, asked } = await start({ ...long, headersTimeout: 200 })
    const { socket, state } = open(port, 'POST /hooks/ci HTTP/1.1\r\nHost: localhost\r\n')
    const drip = setInterval(() => socket.writable && socket.write('X-Drip: 1\r\n'), 20)
    await until('the close', () => state.isClosed)
    clearInterval(drip)
    expect(state.text).toMatch(/^HTTP\/1\.1 408 /)
    expect(asked).toEqual([])
  })

  it('closes a connection whose body does not end, though bytes keep coming, and gives its bytes back', async () => {
    const { port, asked, inFlight } = await start({ ...long, headersTimeout: 200, requestTimeout: 300 })
    const { socket, state } = open(port, 'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n')
    const drip = setInterval(() => socket.writable && socket.write('x'), 20)
    await until('bytes to be in flight', () => inFlight.bytes > 0)
    await until('the close', () => state.isClosed)
    clearInterval(drip)
    expect(asked).toEqual(['/'])
    await until('no bytes to be in flight', () => inFlight.bytes === 0)
    expect(state.text).not.toContain('200 OK')
  })

  it('closes a connection that stays idle after its answer', async () => {
    const { port } = await start({ ...long, keepAliveTimeout: 50 })
    const { state } = open(port, get())
    await until('the answer', () => state.text.includes('0 bytes'))
    await until('the close', () => state.isClosed)
  })

  it('takes no more connections than it may: who has waited longest without a request makes room', async () => {
    const { port } = await start({ ...long, maxConnections: 2 })
    const first = open(port)
    await until('a connection', () => first.state.isOpen)
    const second = open(port, 'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhel')
    await until('another', () => second.state.isOpen)
    const third = open(port, get())
    await until('the answer', () => third.state.text.includes('200 OK'))
    await until('the first to be closed', () => first.state.isClosed)
    const fourth = open(port, get())
    await until('the answer', () => fourth.state.text.includes('200 OK'))
    await until('the second to be closed', () => second.state.isClosed)
    expect([first.state.text, second.state.text]).toEqual(['', ''])
    expect([third.state.isClosed, fourth.state.isClosed]).toEqual([false, false])
  })

  it('answers a sender though another opens a thousand connections and says nothing on them', async () => {
    const { port } = await start({ ...long, maxConnections: 100 })
    const idle = Array.from({ length: 1000 }, (_none, at) => open(port, at % 2 ? 'POST / HT' : ''))
    await until('them to be there', () => idle.every(({ state }) => state.isOpen || state.isClosed))
    const { state } = open(port, get())
    await until('the answer', () => state.text.includes('200 OK'))
    await until(
      'all but the newest to be closed',
      () => idle.filter((one) => !one.state.isClosed).length === 99,
    )
  })

  it('asks no connection for its place whose request is whole and not answered: the newest goes', async () => {
    const { port, whole, release } = await start({ ...long, maxConnections: 2 })
    const slow = [open(port, get('/slow')), open(port, get('/slow'))]
    await until('the requests', () => whole.length === 2)
    const third = open(port, get())
    await until('the third to be closed', () => third.state.isClosed)
    expect(third.state.text).toBe('')
    release()
    for (const { state } of slow) await until('the answer', () => state.text.includes('200 OK'))
  })

  it('sends no 100 Continue for a body that no source takes, and answers at once', async () => {
    const { port } = await start()
    const { state } = open(
      port,
      'POST / HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 2000000000\r\n\r\n',
    )
    await until('the close', () => state.isClosed)
    expect(state.text).toMatch(/^HTTP\/1\.1 413 /)
    expect(state.text).not.toContain('100 Continue')
  })

  it('sends 100 Continue for a body that may be taken, and then takes it', async () => {
    const { port } = await start()
    const { socket, state } = open(
      port,
      'POST / HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n',
    )
    await until('the go-ahead', () => state.text.startsWith('HTTP/1.1 100 Continue\r\n\r\n'))
    socket.write('hello')
    await until('the answer', () => state.text.includes('5 bytes'))
  })

  it('answers 431 to headers over 16 KB', async () => {
    const { port, asked } = await start()
    const { state } = open(port, `GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: ${'x'.repeat(17_000)}\r\n\r\n`)
    await until('the close', () => state.isClosed)
    expect(state.text).toMatch(/^HTTP\/1\.1 431 /)
    expect(asked).toEqual([])
  })

  it('finishes answers under way when it is closed, and takes nothing more', async () => {
    const { port, asked, release } = await start()
    const { state } = open(port, get('/slow'))
    await until('the request', () => asked.length === 1)
    const closing = listener?.close(60_000)
    const late = open(port, get('/late'))
    await until('the refusal', () => late.state.isClosed)
    release()
    await closing
    listener = undefined
    await until('the answer', () => state.text.includes('0 bytes'))
    expect(asked).toEqual(['/slow'])
  })

  it('closes what is left when its grace is over', async () => {
    const { port, asked } = await start()
    const { state } = open(port, get('/slow'))
    await until('the request', () => asked.length === 1)
    await listener?.close(20)
    listener = undefined
    await until('the close', () => state.isClosed)
    expect(state.text).toBe('')
  })

  it('says that an address is in use, and what to do', async () => {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const { port } = other.address() as AddressInfo
    const failed = listen(new Hono<{ Bindings: HttpBindings }>(), { host: '127.0.0.1', port })
    await expect(failed).rejects.toMatchObject({
      code: 'server.address_in_use',
      message: expect.stringMatching(`127.0.0.1:${port}.*server.hooks`),
    })
    other.close()
  })

  it('says of another fault what it was', async () => {
    const failed = listen(new Hono<{ Bindings: HttpBindings }>(), { host: '192.0.2.1', port: 0 })
    await expect(failed).rejects.toMatchObject({
      code: 'command.failed',
      message: expect.stringContaining('EADDRNOTAVAIL'),
    })
  })
})
