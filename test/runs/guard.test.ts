import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { loadConfig } from '../../src/config/load.js'
import { StoreError } from '../../src/domain/errors.js'
import { Alerts } from '../../src/runs/alerts.js'
import { Configurations } from '../../src/runs/configurations.js'
import { Guard } from '../../src/runs/guard.js'
import { sourceKinds } from '../../src/sources/registry.js'
import type { Place } from '../../src/store/place.js'
import { storeEngines } from '../../src/store/registry.js'
import type { Store } from '../../src/store/store.js'
import { createLogger } from '../../src/util/log.js'
import { proposeHeld, start, startRun } from '../contract/store-fixtures.js'
import { FakeClock } from '../support/fake-clock.js'
import { githubSecret, writeSetting } from '../support/rouse.js'

const mega = 1024 ** 2
const clock = new FakeClock()

let directory: string
let store: Store
let alerts: Alerts
let guard: Guard
let place: Place
let isLocked: boolean
let resumed: number
let replaced: StoreError | undefined

beforeEach(async () => {
  directory = await writeSetting({
    config: `sources:
  ci: { kind: github, secret: ${githubSecret} }
agents:
  helper: { on: { source: ci, type: push }, instructions: helper.md }
`,
    files: { 'helper.md': 'Help.\n' },
  })
  const file = join(directory, 'config.yaml')
  const config = await loadConfig({ file, environment: {}, kinds: Object.values(sourceKinds) })
  store = await storeEngines.sqlite({ file: config.store.file, exclusive: true })
  const configurations = await Configurations.open(config, { store, clock, load: async () => config })
  const log = createLogger({ level: 'silent', destination: { write: () => undefined } })
  place = { freeBytes: 1000 * mega, logBytes: 0, identity: '1:1' }
  isLocked = false
  resumed = 0
  replaced = undefined
  const guarded: Store = {
    ...store,
    raiseAlert: async (alert, now) => {
      if (isLocked) throw new StoreError('store.unavailable', 'held', { retry: 'later' })
      return store.raiseAlert(alert, now)
    },
  }
  alerts = await Alerts.open({ store: guarded, clock, log })
  guard = new Guard({
    store: guarded,
    file: config.store.file,
    configurations,
    alerts,
    clock,
    log,
    look: async () => place,
    onResumed: () => resumed++,
    onReplaced: (error) => {
      replaced = error
    },
  })
})
afterEach(async () => {
  await guard.stop()
  await alerts.settled()
  await store.close()
  await rm(directory, { recursive: true, force: true })
})

async function look(change: Partial<Place> = {}): Promise<void> {
  place = { ...place, ...change }
  await guard.look()
}

describe('the guard of a ledger', () => {
  it('takes nothing while there is less room than it wants, and goes on only with a quarter more', async () => {
    await look({ freeBytes: 256 * mega })
    expect(guard.unready).toBeUndefined()
    await look({ freeBytes: 256 * mega - 1 })
    expect(guard.unready).toBe('disk')
    expect(alerts.isStanding('disk')).toBe(true)
    await look({ freeBytes: 319 * mega })
    expect(guard.unready).toBe('disk')
    await look({ freeBytes: 320 * mega })
    expect(guard.unready).toBeUndefined()
    expect(alerts.isStanding('disk')).toBe(false)
  })

  it('tells of a log that nothing writes back, until it is half of that', async () => {
    await look({ logBytes: 256 * mega })
    expect(alerts.isStanding('wal')).toBe(false)
    await look({ logBytes: 256 * mega + 1 })
    expect(alerts.isStanding('wal')).toBe(true)
    expect(guard.unready).toBeUndefined()
    await look({ logBytes: 128 * mega })
    expect(alerts.isStanding('wal')).toBe(true)
    await look({ logBytes: 128 * mega - 1 })
    expect(alerts.isStanding('wal')).toBe(false)
  })

  it.each([
    ['deleted', undefined],
    ['replaced by another file', '1:2'],
  ])('says once that its file was %s, and never that all is well again', async (what, identity) => {
    await look()
    await look({ identity })
    expect(replaced?.code).toBe('store.replaced')
    expect(replaced?.message).toContain(`was ${what}`)
    replaced = undefined
    await look({ identity: '1:1' })
    expect(replaced).toBeUndefined()
    expect(guard.unready).toBe('replaced')
  })

  it('wakes the worker when the ledger can be written again, and not before', async () => {
    isLocked = true
    alerts.raise({ cause: 'ledger', code: 'store.unavailable', message: 'held' })
    await look()
    expect([alerts.isLedgerAway, resumed]).toEqual([true, 0])
    isLocked = false
    await look()
    expect([alerts.isLedgerAway, resumed]).toEqual([false, 1])
  })

  it('ends the alerts of what is no longer declared, and no others', async () => {
    const code = 'tool.status'
    const causes = [
      'model default',
      'model old',
      'credential old',
      'origin https://old.example.com',
      'budget old',
      'poison old',
    ]
    for (const cause of causes) alerts.raise({ cause, code, message: 'x' })
    await look()
    expect(causes.filter((cause) => alerts.isStanding(cause))).toEqual(['model default'])
  })

  it('tells of a held write however it came to be held, and until none is', async () => {
    const { lease, callId } = await proposeHeld(store)
    await store.finish(lease, { state: 'dead', error: { code: 'limit.attempts', message: 'x' } }, 1, start)
    await look()
    expect(alerts.isStanding('held writes')).toBe(true)
    await store.resolveHeld(callId, { state: 'confirmed', by: 'ann', output: undefined }, start)
    await look()
    expect(alerts.isStanding('held writes')).toBe(false)
  })

  it('ends the alert of what killed the process with the last of such runs', async () => {
    const { runId } = await startRun(store, 'helper')
    await store.recoverRuns({ node: 'next', alone: true, now: start, maxCrashes: 0 })
    expect((await store.run(runId))?.error?.code).toBe('limit.crashes')
    alerts.raise({ cause: 'poison helper', code: 'limit.crashes', message: 'x' })
    await look()
    expect(alerts.isStanding('poison helper')).toBe(true)
    expect(await store.prune(new Map([['ci', start + 1]]), 100)).toMatchObject({ runs: 1 })
    await look()
    expect(alerts.isStanding('poison helper')).toBe(false)
  })
})
