import { createHmac } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { InFlight } from '../../src/http/body.js'
import { createHooksApp } from '../../src/http/hooks.js'
import { PeerLimiter } from '../../src/http/peers.js'
import { type Listener, listen } from '../../src/http/server.js'
import { RefusalCounter } from '../../src/ingest/refusals.js'
import { openSources } from '../../src/ingest/sources.js'
import { sourceKinds } from '../../src/sources/registry.js'
import { openSqliteStore } from '../../src/store/sqlite/open.js'
import type { Store } from '../../src/store/store.js'
import { systemClock } from '../../src/util/clock.js'
import { createLogger } from '../../src/util/log.js'
import { testContext } from '../sources/setting.js'

/** PagerDuty drops what is answered with a 4xx other than 429, and after three of them disables the webhook for a day. */

const secret = 'k9vQ-2mXw-7bTz-4rNd'
const body = JSON.stringify({ event: { id: '01BWDWO3NYY7LUFPZC28QUCMCK', event_type: 'incident.triggered' } })
const refusalsAllowed = 5

let directory: string
let store: Store
let listener: Listener
let unready: string | undefined
let inFlight: InFlight

beforeEach(async () => {
  unready = undefined
  inFlight = new InFlight(10_000)
  directory = await mkdtemp(join(tmpdir(), 'rouse-pagerduty-'))
  store = await openSqliteStore({ file: join(directory, 'rouse.db'), exclusive: true })
  const options = sourceKinds.pagerduty.options.parse({ secret })
  const sources = openSources(
    [
      {
        name: 'incidents',
        kind: 'pagerduty',
        options,
        idNames: [],
        keepMs: undefined,
        label: undefined,
        self: [],
      },
    ],
    Object.values(sourceKinds),
    () => testContext,
  )
  const log = createLogger({ level: 'silent' })
  const app = createHooksApp({
    receiver: { store, clock: systemClock, onRecorded: () => {} },
    refusals: new RefusalCounter(store, systemClock, log),
    inFlight,
    peers: new PeerLimiter(systemClock, refusalsAllowed),
    log,
    sources: () => sources,
    unready: () => unready,
  })
  listener = await listen(app, { host: '127.0.0.1', port: 0 })
})

afterEach(async () => {
  await listener.close(0)
  await store.close()
  await rm(directory, { recursive: true, force: true })
})

async function send(key = secret): Promise<number> {
  const signature = createHmac('sha256', key).update(body).digest('hex')
  const headers = { 'x-pagerduty-signature': `v1=${signature}` }
  const url = `http://127.0.0.1:${listener.port}/hooks/incidents`
  return (await fetch(url, { method: 'POST', headers, body })).status
}

describe('a delivery of PagerDuty', () => {
  it('is answered 503 before it is judged, while the daemon starts or stops', async () => {
    unready = 'stopping'
    expect([await send(), await send('x'.repeat(20))]).toEqual([503, 503])
  })

  it('is answered 503 before it is judged, while too many bytes are on their way', async () => {
    inFlight.add(10_000)
    expect(await send()).toBe(503)
    inFlight.remove(10_000)
    expect(await send()).toBe(202)
  })

  it('is answered 503 when it was verified and cannot be written', async () => {
    await store.close()
    expect(await send()).toBe(503)
  })

  it('is taken from an address from which there was a flood of others, which are asked to come back', async () => {
    const statuses: number[] = []
    for (let at = 0; at < refusalsAllowed + 2; at++) statuses.push(await send('x'.repeat(20)))
    expect(new Set(statuses)).toEqual(new Set([401, 429]))
    expect([await send(), await send()]).toEqual([202, 200])
  })
})
