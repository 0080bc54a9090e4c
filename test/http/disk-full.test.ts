import { createHmac } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
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
import { githubSecret, issueOpened, sendGithub } from '../support/rouse.js'

let store: Store
let listener: Listener
let directory: string

afterEach(async () => {
  await listener.close(0)
  await store.close()
  await rm(directory, { recursive: true, force: true })
})

it('answers 503 and never 2xx to what it cannot write, and has everything that it answered 2xx', async () => {
  directory = await mkdtemp(join(tmpdir(), 'rouse-full-'))
  store = await openSqliteStore({ file: join(directory, 'rouse.db'), exclusive: true, maxPages: 120 })
  const options = sourceKinds.github.options.parse({ secret: githubSecret })
  const sources = openSources(
    [{ name: 'ci', kind: 'github', options, idNames: [], keepMs: undefined, label: undefined, self: [] }],
    Object.values(sourceKinds),
    () => testContext,
  )
  const log = createLogger({ level: 'silent' })
  const app = createHooksApp({
    receiver: { store, clock: systemClock, onRecorded: () => {} },
    refusals: new RefusalCounter(store, systemClock, log),
    inFlight: new InFlight(1_000_000),
    peers: new PeerLimiter(systemClock, 100),
    log,
    sources: () => sources,
    unready: () => undefined,
  })
  listener = await listen(app, { host: '127.0.0.1', port: 0 })
  const url = `http://127.0.0.1:${listener.port}`

  const acked: string[] = []
  const statuses: number[] = []
  for (let number = 1; number <= 60; number++) {
    const { status, body } = await sendGithub(
      url,
      'issues',
      issueOpened(number, { body: 'x'.repeat(20_000) }),
    )
    statuses.push(status)
    if (status === 202) acked.push(body.events?.[0] ?? '')
  }
  expect(new Set(statuses)).toEqual(new Set([202, 503]))
  expect(statuses.at(-1)).toBe(503)
  for (const id of acked) expect(await store.event(id)).toMatchObject({ id })
  const listed = await store.listEvents({ limit: 100 })
  expect(listed.map(({ id }) => id).sort()).toEqual(acked.sort())

  const body = JSON.stringify(issueOpened(999, { body: 'x'.repeat(100_000) }))
  const refused = await fetch(`${url}/hooks/ci`, {
    method: 'POST',
    headers: {
      'x-github-event': 'issues',
      'x-hub-signature-256': `sha256=${createHmac('sha256', githubSecret).update(body).digest('hex')}`,
    },
    body,
  })
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '10'])
})
