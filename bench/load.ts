import { connect } from 'node:net'

export interface LoadResult {
  readonly acked: number
  readonly refused: number
  readonly seconds: number
  /** Milliseconds from the last byte written to the last byte of the answer, sorted. */
  readonly latencies: readonly number[]
}

/** Sends `requests` over `connections` keep-alive connections as fast as they are answered. */
export async function sendLoad(options: {
  port: number
  connections: number
  requests: readonly Buffer[]
}): Promise<LoadResult> {
  const { port, connections, requests } = options
  const latencies: number[] = []
  let next = 0
  let refused = 0
  const startedAt = performance.now()
  const work = () =>
    new Promise<void>((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true })
      let sentAt = 0
      let answer = ''
      const send = () => {
        const request = requests[next++]
        if (!request) {
          socket.end()
          resolve()
          return
        }
        sentAt = performance.now()
        socket.write(request)
      }
      socket.on('connect', send)
      socket.on('error', reject)
      socket.on('data', (chunk: Buffer) => {
        answer += chunk.toString('latin1')
        if (!isWhole(answer)) return
        latencies.push(performance.now() - sentAt)
        if (!/^HTTP\/1\.1 2/.test(answer)) refused++
        answer = ''
        send()
      })
    })
  await Promise.all(Array.from({ length: connections }, work))
  const seconds = (performance.now() - startedAt) / 1000
  latencies.sort((left, right) => left - right)
  return { acked: latencies.length - refused, refused, seconds, latencies }
}

function isWhole(answer: string): boolean {
  const end = answer.indexOf('\r\n\r\n')
  if (end < 0) return false
  if (/transfer-encoding: chunked/i.test(answer)) return answer.endsWith('0\r\n\r\n')
  const length = Number(/content-length: (\d+)/i.exec(answer)?.[1] ?? 0)
  return answer.length >= end + 4 + length
}

export function percentile(sorted: readonly number[], fraction: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * fraction))] ?? Number.NaN
}
