import type { IncomingMessage, ServerResponse } from 'node:http'
import { LimitError } from '../domain/errors.js'
import { faultPoint } from '../util/fault-point.js'

/** Counts the bytes of all bodies that are being received, against one cap. */
export class InFlight {
  #bytes = 0

  constructor(private readonly maxBytes: number) {}

  get bytes(): number {
    return this.#bytes
  }

  /** Throws LimitError `limit.in_flight` and adds nothing when the cap would be passed. */
  add(bytes: number): void {
    if (this.#bytes + bytes > this.maxBytes) {
      throw new LimitError('limit.in_flight', 'too many bytes are being received at once', { retry: 'later' })
    }
    this.#bytes += bytes
  }

  remove(bytes: number): void {
    this.#bytes -= bytes
  }
}

/** The sender went away before its body was whole. */
export class SenderGone extends Error {}

/**
 * The raw bytes of a body, counted while they arrive: a body over `maxBytes` throws LimitError
 * `limit.body_size` as soon as it is known to be too large, by its Content-Length or by what came.
 * Throws SenderGone when the connection ends first. A sender that waits to hear whether its body is wanted
 * (`Expect: 100-continue`) hears it from `outgoing`, unless it is too large.
 */
export function readBody(
  incoming: IncomingMessage,
  maxBytes: number,
  inFlight: InFlight,
  outgoing?: Pick<ServerResponse, 'writeContinue'>,
): Promise<Buffer> {
  const announced = Number(incoming.headers['content-length'] ?? 0)
  if (announced > maxBytes) return Promise.reject(tooLarge(maxBytes))
  if (incoming.headers.expect !== undefined && incoming.httpVersion === '1.1') outgoing?.writeContinue()
  const chunks: Buffer[] = []
  let size = 0
  let isDone = false
  return new Promise<Buffer>((resolve, reject) => {
    // Events and not the async iterator, which costs a delivery a tenth of its time.
    const finish = (error?: Error) => {
      if (isDone) return
      isDone = true
      incoming.off('data', take)
      inFlight.remove(size)
      if (error === undefined)
        resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks, size))
      else {
        // What came of it is not kept for as long as the connection takes to end.
        chunks.length = 0
        incoming.pause()
        reject(error)
      }
    }
    const leave = () => {
      // `close` comes after every body: an error is made only where there is something to say.
      if (!isDone) finish(new SenderGone('the connection ended before the body was whole'))
    }
    const take = (chunk: Buffer) => {
      if (size + chunk.length > maxBytes) {
        finish(tooLarge(maxBytes))
        return
      }
      try {
        inFlight.add(chunk.length)
      } catch (error) {
        finish(error as LimitError)
        return
      }
      size += chunk.length
      chunks.push(chunk)
      faultPoint('K01')
    }
    incoming
      .on('data', take)
      .on('end', () => finish())
      .on('error', leave)
      .on('close', leave)
  })
}

function tooLarge(maxBytes: number): LimitError {
  return new LimitError('limit.body_size', `the body is larger than ${maxBytes} bytes`)
}
