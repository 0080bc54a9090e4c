import { createHmac, timingSafeEqual } from 'node:crypto'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import Database from 'better-sqlite3'

/**
 * The ceiling: a bare node:http server that does what any honest receiver must and nothing else. The same HMAC,
 * one JSON.parse, one unique insert, a commit shared by what arrives together, and the answer after it.
 */
const [file, secret] = process.argv.slice(2)
const database = new Database(file ?? '')
for (const pragma of ['page_size=8192', 'journal_mode=WAL', 'synchronous=FULL']) database.pragma(pragma)
database.exec(
  'CREATE TABLE deliveries (position INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, type TEXT, body BLOB NOT NULL)',
)
const insert = database.prepare(
  'INSERT INTO deliveries (id, type, body) VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
)

interface Waiting {
  readonly id: string
  readonly type: string
  readonly body: Buffer
  readonly outgoing: ServerResponse
}
let waiting: Waiting[] = []
const commit = database.transaction((group: readonly Waiting[]) => {
  for (const { id, type, body } of group) insert.run(id, type, body)
})
function flush(): void {
  const group = waiting
  waiting = []
  commit(group)
  for (const { outgoing, id } of group) {
    const answer = `{"status":"recorded","events":["${id}"]}`
    outgoing
      .writeHead(202, { 'content-type': 'application/json', 'content-length': answer.length })
      .end(answer)
  }
}

const server = createServer((incoming, outgoing) => {
  const chunks: Buffer[] = []
  incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
  incoming.on('end', () => {
    const body = Buffer.concat(chunks)
    const given = String(incoming.headers['x-hub-signature-256'] ?? '').slice('sha256='.length)
    const expected = createHmac('sha256', secret ?? '')
      .update(body)
      .digest()
    const found = Buffer.from(given, 'hex')
    if (found.length !== expected.length || !timingSafeEqual(found, expected)) {
      outgoing.writeHead(401).end()
      return
    }
    const parsed = JSON.parse(body.toString('utf8')) as { action: string }
    if (waiting.length === 0) setImmediate(flush)
    waiting.push({ id: String(incoming.headers['x-github-delivery']), type: parsed.action, body, outgoing })
  })
})
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${JSON.stringify({ port: (server.address() as AddressInfo).port })}\n`)
})
