import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import { InFlight, readBody, SenderGone } from '../../src/http/body.js'

function incoming(contentLength?: string): IncomingMessage {
  const message = new IncomingMessage(new Socket())
  if (contentLength !== undefined) message.headers['content-length'] = contentLength
  return message
}

/** Gives the body in these pieces, and ends it. */
function feed(message: IncomingMessage, ...pieces: (string | Buffer)[]): void {
  for (const piece of pieces) message.push(Buffer.from(piece))
  message.push(null)
}

describe('readBody', () => {
  it('gives the bytes as they came, however they were cut', async () => {
    const inFlight = new InFlight(100)
    const message = incoming()
    const body = readBody(message, 10, inFlight)
    const euro = Buffer.from('€')
    feed(message, euro.subarray(0, 1), euro.subarray(1), Buffer.from([0xff]))
    expect(await body).toEqual(Buffer.concat([euro, Buffer.from([0xff])]))
    expect(inFlight.bytes).toBe(0)
  })

  it('gives an empty body', async () => {
    const message = incoming('0')
    const body = readBody(message, 10, new InFlight(100))
    feed(message)
    expect(await body).toHaveLength(0)
  })

  it('takes its most and refuses one byte over it', async () => {
    const exact = incoming()
    const taken = readBody(exact, 4, new InFlight(100))
    feed(exact, 'ab', 'cd')
    expect((await taken).toString()).toBe('abcd')
    const over = incoming()
    const inFlight = new InFlight(100)
    const refused = readBody(over, 4, inFlight)
    feed(over, 'ab', 'cde')
    await expect(refused).rejects.toMatchObject({ code: 'limit.body_size' })
    expect(inFlight.bytes).toBe(0)
  })

  it('refuses an announced length over its most, and reads nothing', async () => {
    const message = incoming('5')
    await expect(readBody(message, 4, new InFlight(100))).rejects.toMatchObject({ code: 'limit.body_size' })
    expect(message.readableFlowing).not.toBe(true)
  })

  it('refuses what is too much with all that is being received, and gives back what it took', async () => {
    const inFlight = new InFlight(6)
    const first = incoming()
    const waiting = readBody(first, 100, inFlight)
    first.push('abcd')
    await new Promise((resolve) => setImmediate(resolve))
    expect(inFlight.bytes).toBe(4)
    const second = incoming()
    const refused = readBody(second, 100, inFlight)
    feed(second, 'ab', 'c')
    await expect(refused).rejects.toMatchObject({ code: 'limit.in_flight', retry: 'later' })
    expect(inFlight.bytes).toBe(4)
    first.push(null)
    expect((await waiting).toString()).toBe('abcd')
    expect(inFlight.bytes).toBe(0)
  })

  it('says that the sender is gone, and gives back what it took', async () => {
    const inFlight = new InFlight(100)
    const message = incoming('10')
    const body = readBody(message, 100, inFlight)
    message.push('abcd')
    await new Promise((resolve) => setImmediate(resolve))
    message.destroy()
    await expect(body).rejects.toBeInstanceOf(SenderGone)
    expect(inFlight.bytes).toBe(0)
  })
})
