import { promisify } from 'node:util'
import { brotliDecompress, gunzip, inflate, inflateRaw } from 'node:zlib'

/** What an answer's body could not be made of. */
export class DecodingError extends Error {
  constructor(
    readonly fault: 'too_large' | 'encoding',
    message: string,
    options?: { readonly cause: unknown },
  ) {
    super(message, options)
    this.name = 'DecodingError'
  }
}

const decoders: Readonly<
  Record<string, (body: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>>
> = {
  gzip: promisify(gunzip),
  'x-gzip': promisify(gunzip),
  br: promisify(brotliDecompress),
  // "deflate" is zlib's format in the standard and its bare stream in many servers.
  deflate: (body, options) =>
    ((body[0] ?? 0) & 0x0f) === 8 ? promisify(inflate)(body, options) : promisify(inflateRaw)(body, options),
}

/** Without its content coding. Rejects with DecodingError, which names the host. */
export async function decode(
  body: Buffer,
  encoding: string | undefined,
  maxBytes: number,
  host: string,
): Promise<Buffer> {
  const coding = encoding?.trim().toLowerCase() ?? ''
  let decoded = body
  if (coding !== '' && coding !== 'identity' && body.length > 0) {
    const decoder = Object.hasOwn(decoders, coding) ? decoders[coding] : undefined
    if (!decoder)
      throw new DecodingError('encoding', `${host} answered in an encoding that was not asked for`)
    try {
      decoded = await decoder(body, { maxOutputLength: maxBytes })
    } catch (cause) {
      if (cause instanceof Error && 'code' in cause && cause.code === 'ERR_BUFFER_TOO_LARGE')
        throw new DecodingError('too_large', `the answer of ${host} is larger than ${maxBytes} bytes`, {
          cause,
        })
      throw new DecodingError('encoding', `the answer of ${host} cannot be decompressed`, { cause })
    }
  }
  if (decoded.length > maxBytes)
    throw new DecodingError('too_large', `the answer of ${host} is larger than ${maxBytes} bytes`)
  return decoded
}
