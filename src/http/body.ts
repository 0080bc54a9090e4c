import type { IncomingMessage } from 'node:http'
import { LimitError } from '../domain/errors.js'

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
 * Throws SenderGone when the connection ends first.
 */
export async function readBody(
  incoming: IncomingMessage,
  maxBytes: number,
  inFlight: InFlight,
): Promise<Buffer> {
  const announced = Number(incoming.headers['content-length'] ?? 0)
  if (announced > maxBytes) throw tooLarge(maxBytes)
  const chunks: Buffer[] = []
  let size = 0
  try {
    for await (const chunk of incoming.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      if (size + chunk.length > maxBytes) throw tooLarge(maxBytes)
      inFlight.add(chunk.length)
      size += chunk.length
      chunks.push(chunk)
    }
  } catch (error) {
    if (error instanceof LimitError) throw error
    throw new SenderGone('the connection ended before the body was whole', { cause: error })
  } finally {
    inFlight.remove(size)
  }
  if (!incoming.complete) throw new SenderGone('the connection ended before the body was whole')
  return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks, size)
}

function tooLarge(maxBytes: number): LimitError {
  return new LimitError('limit.body_size', `the body is larger than ${maxBytes} bytes`)
}
