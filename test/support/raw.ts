import { connect, type Socket } from 'node:net'

export interface RawAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** Whether the server closed the connection. */
  readonly isClosed: boolean
}

/** Sends bytes as they are and reads one answer: what no HTTP client would let through can be sent. */
export function sendRaw(
  url: string,
  bytes: string | Buffer | readonly (string | Buffer)[],
): Promise<RawAnswer> {
  const { port } = new URL(url)
  return new Promise((resolve, reject) => {
    let text = ''
    let isClosed = false
    const socket = connect({ port: Number(port), host: '127.0.0.1' }, () => {
      for (const part of Array.isArray(bytes) ? bytes : [bytes]) socket.write(part)
    })
    const finish = () => {
      const [head = '', ...rest] = text.split('\r\n\r\n')
      const [first = '', ...lines] = head.split('\r\n')
      const headers = Object.fromEntries(
        lines.map((line) => [
          line.split(':', 1)[0]?.toLowerCase() ?? '',
          line.slice(line.indexOf(':') + 1).trim(),
        ]),
      )
      socket.destroy()
      resolve({ status: Number(first.split(' ')[1]), headers, body: rest.join('\r\n\r\n'), isClosed })
    }
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1')
      if (text.startsWith('HTTP/1.1 100')) text = text.slice(text.indexOf('\r\n\r\n') + 4)
      const end = text.indexOf('\r\n\r\n')
      if (end < 0) return
      const length = /content-length: (\d+)/i.exec(text.slice(0, end))?.[1]
      const isWhole = length !== undefined && text.length >= end + 4 + Number(length)
      // A moment for the server to close, where it means to.
      if (isWhole || text.endsWith('0\r\n\r\n')) setTimeout(finish, 20)
    })
    socket.on('close', () => {
      isClosed = true
      if (text === '') reject(new Error('closed without an answer'))
      else finish()
    })
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (text === '' && error.code !== 'ECONNRESET' && error.code !== 'EPIPE') reject(error)
    })
    setTimeout(() => reject(new Error('no answer in 20 s')), 20_000).unref()
  })
}

export interface RawStream {
  readonly socket: Socket
  /** What came back so far. */
  readonly text: () => string
  /** The statuses of the answers so far, `100 Continue` included. */
  readonly statuses: () => number[]
  readonly isClosed: () => boolean
}

/** A connection on which these bytes are sent as they are, and all that comes back on it. */
export function openRaw(
  url: string,
  bytes: string | Buffer = '',
  { localAddress }: { localAddress?: string } = {},
): RawStream {
  const socket = connect({
    port: Number(new URL(url).port),
    host: '127.0.0.1',
    ...(localAddress === undefined ? {} : { localAddress }),
  })
  let text = ''
  let isClosed = false
  socket.on('connect', () => socket.write(bytes))
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1')
  })
  socket.on('error', () => undefined)
  socket.on('close', () => {
    isClosed = true
  })
  return {
    socket,
    text: () => text,
    statuses: () => [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status)),
    isClosed: () => isClosed,
  }
}
