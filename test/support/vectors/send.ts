import { connect } from 'node:net'

export interface Answer {
  readonly status: number
  /** In lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

export interface RawRequest {
  readonly method: string
  /** Path and query. */
  readonly path: string
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: Uint8Array
}

/**
 * Sends a request byte for byte over a socket of its own: headers in their order, with their duplicates and their
 * own spelling. Only what the framing needs and the request does not say itself is added behind them.
 */
export function send(port: number, request: RawRequest): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    const socket = connect({ port, host: '127.0.0.1' }, () => socket.write(bytesOf(request)))
    socket.setTimeout(10_000, () => socket.destroy(new Error('no answer in 10 s')))
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    socket.on('error', (error: NodeJS.ErrnoException) => {
      // The listener may close on a request that it refuses before it has read it; its answer is there.
      if (chunks.length === 0) reject(error)
    })
    socket.on('close', () => {
      const answer = answerOf(Buffer.concat(chunks))
      if (answer) resolve(answer)
      else reject(new Error('the connection closed without an answer'))
    })
  })
}

function bytesOf({ method, path, headers, body }: RawRequest): Buffer {
  const has = (name: string) => headers.some(([given]) => given.toLowerCase() === name)
  const isFramed = has('content-length') || has('transfer-encoding')
  const needsLength = body.length > 0 || !['GET', 'HEAD', 'OPTIONS'].includes(method)
  const lines = [
    `${method} ${path} HTTP/1.1`,
    ...headers.map(([name, value]) => `${name}: ${value}`),
    ...(has('host') ? [] : ['Host: receiver.example']),
    ...(has('connection') ? [] : ['Connection: close']),
    ...(isFramed || !needsLength ? [] : [`Content-Length: ${body.length}`]),
    '',
    '',
  ]
  const head = lines.join('\r\n')
  // A header's characters are its bytes, unless there is one that is no byte.
  const encoding = [...head].every((character) => character.charCodeAt(0) < 0x100) ? 'latin1' : 'utf8'
  return Buffer.concat([Buffer.from(head, encoding), body])
}

function answerOf(bytes: Buffer): Answer | undefined {
  const end = bytes.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const [first = '', ...lines] = bytes.subarray(0, end).toString('latin1').split('\r\n')
  const headers = Object.fromEntries(
    lines.map((line) => {
      const at = line.indexOf(':')
      return [line.slice(0, at).toLowerCase(), line.slice(at + 1).trim()]
    }),
  )
  const rest = bytes.subarray(end + 4)
  const body = headers['transfer-encoding'] === 'chunked' ? unchunked(rest) : rest
  return { status: Number(first.split(' ')[1]), headers, body }
}

function unchunked(bytes: Buffer): Buffer {
  const chunks: Buffer[] = []
  let at = 0
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at)
    const size = Number.parseInt(bytes.subarray(at, lineEnd).toString('latin1'), 16)
    if (lineEnd < 0 || !(size > 0)) return Buffer.concat(chunks)
    chunks.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size))
    at = lineEnd + 2 + size + 2
  }
}
