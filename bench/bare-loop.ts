import { createHmac, timingSafeEqual } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import PQueue from 'p-queue'

/**
 * What an agent costs that promises nothing: verified, answered at once, kept in memory, and its one write is made
 * as soon as there is room. A crash loses what waits, a redelivery is done twice.
 */
const [api = '', secret = ''] = process.argv.slice(2)
const queue = new PQueue({ concurrency: 16 })

async function act(body: Buffer): Promise<void> {
  const { issue } = JSON.parse(body.toString('utf8')) as { issue: { number: number } }
  const response = await fetch(`${api}/charges`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ amount: '5', issue: String(issue.number) }),
  })
  await response.arrayBuffer()
}

const server = createServer((incoming, outgoing) => {
  const chunks: Buffer[] = []
  incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
  incoming.on('end', () => {
    const body = Buffer.concat(chunks)
    const given = Buffer.from(String(incoming.headers['x-hub-signature-256'] ?? '').slice(7), 'hex')
    const expected = createHmac('sha256', secret).update(body).digest()
    const isSigned = given.length === expected.length && timingSafeEqual(given, expected)
    outgoing.writeHead(isSigned ? 202 : 401, { 'content-length': 0 }).end()
    if (isSigned) void queue.add(() => act(body))
  })
})
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${JSON.stringify({ port: (server.address() as AddressInfo).port })}\n`)
})
