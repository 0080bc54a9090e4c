import { randomBytes } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { HttpBindings } from '@hono/node-server'
import { expect, it } from 'vitest'
import { InFlight } from '../../src/http/body.js'
import { createHooksApp } from '../../src/http/hooks.js'
import { PeerLimiter } from '../../src/http/peers.js'
import { RefusalCounter } from '../../src/ingest/refusals.js'
import type { Store } from '../../src/store/store.js'
import { createLogger } from '../../src/util/log.js'
import { openFixtures } from '../sources/opened.js'
import { FakeClock } from '../support/fake-clock.js'

/** What strangers send leaves nothing behind, of whichever kind the source is and whatever is new in each request. */

const deliveries = 20_000
/** Between two halves of a run; a hundred bytes that stay of each delivery would be half of it. */
const allowedGrowth = 2 * 1024 * 1024

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

function heapUsed(): number {
  collect()
  collect()
  return process.memoryUsage().heapUsed
}

it(`memory stays flat under ${deliveries.toLocaleString('en-US')} hostile deliveries`, async () => {
  const opened = await openFixtures()
  const clock = new FakeClock()
  const log = createLogger({ level: 'silent' })
  const store = { countRefusals: () => Promise.resolve() } as unknown as Store
  const refusals = new RefusalCounter(store, clock, log)
  const inFlight = new InFlight(1024 * 1024)
  const sources = new Map(opened.map(({ name, source }) => [name, source]))
  const app = createHooksApp({
    receiver: { store, clock, onRecorded: () => expect.unreachable('a hostile delivery was recorded') },
    refusals,
    inFlight,
    peers: new PeerLimiter(clock, 120),
    log,
    sources: () => sources,
    unready: () => undefined,
  })

  const statuses = new Map<number, number>()
  const attack = async (from: number, to: number) => {
    for (let at = from; at < to; at++) {
      const target = opened[at % opened.length]
      if (!target) continue
      const incoming = hostile(target.recorded, `/hooks/${target.name}`, at)
      const { status } = await app.fetch(new Request('http://localhost/'), { incoming } as HttpBindings)
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
      clock.advance(5)
    }
  }
  await attack(0, deliveries / 2)
  const half = heapUsed()
  await attack(deliveries / 2, deliveries)
  const end = heapUsed()
  await refusals.flush()

  expect(end - half).toBeLessThan(allowedGrowth)
  expect(inFlight.bytes).toBe(0)
  const refused = [400, 401, 403, 404, 405, 429, 498, 503].map((status) => statuses.get(status) ?? 0)
  const handshakes = deliveries - refused.reduce((sum, count) => sum + count, 0)
  expect(handshakes, JSON.stringify([...statuses])).toBeLessThan(deliveries / 10)
})

/** A recorded delivery in which everything that a source might remember is another: ids, keys, names, the peer. */
function hostile(
  recorded: { readonly rawHeaders: readonly string[]; readonly body: Uint8Array },
  path: string,
  at: number,
): IncomingMessage {
  const noise = randomBytes(12).toString('hex')
  const rawHeaders = recorded.rawHeaders.map((text, index) =>
    index % 2 === 1 && at % 3 !== 0 ? text.replace(/[A-Za-z0-9]{4}(?=[^A-Za-z0-9]*$)/, noise) : text,
  )
  rawHeaders.push(`x-${noise}`, noise, 'x-request-id', noise)
  const spoilt = Buffer.concat([
    Buffer.from(recorded.body).subarray(0, at % 7 === 0 ? 10 : undefined),
    Buffer.from(noise),
  ])
  const stream = Readable.from([spoilt], { objectMode: false })
  return Object.assign(stream, {
    url: at % 11 === 0 ? `${path}/${noise}` : `${path}?token=${noise}&challenge=${noise}&${noise}=1`,
    method: ['GET', 'HEAD', 'PUT'][at % 12] ?? 'POST',
    rawHeaders,
    headers: {},
    socket: { remoteAddress: `10.${at % 200}.${(at >> 8) % 256}.${at % 256}` },
  }) as unknown as IncomingMessage
}
