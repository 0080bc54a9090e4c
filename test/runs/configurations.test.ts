import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Config, ConfigSnapshot } from '../../src/config/config.js'
import type { AlertRules } from '../../src/domain/alerting.js'
import { StoreError } from '../../src/domain/errors.js'
import { Configurations } from '../../src/runs/configurations.js'
import type { Store } from '../../src/store/store.js'
import { makeLedger } from '../store/ledger.js'
import { FakeClock } from '../support/fake-clock.js'

const noAlertRules: AlertRules = {
  silenceMs: new Map(),
  refused: undefined,
  budgetShare: undefined,
  waitingMs: undefined,
  backlogMs: undefined,
}

let ledger: Awaited<ReturnType<typeof makeLedger>>
let loaded: ConfigSnapshot[]

beforeEach(async () => {
  ledger = await makeLedger()
  loaded = []
})

afterEach(() => ledger.close())

function config(digest: string): Config {
  return {
    file: '/etc/rouse/config.yaml',
    digest,
    snapshot: {
      file: '/etc/rouse/config.yaml',
      text: `# ${digest}`,
      instructions: { 'a.md': `for ${digest}` },
    },
    server: {
      hooks: { host: '127.0.0.1', port: 0 },
      admin: undefined,
      publicUrl: 'http://localhost',
      concurrency: 1,
      minFreeBytes: 0,
      proxies: [],
    },
    store: { engine: 'sqlite', file: '/tmp/rouse.db' },
    models: new Map(),
    credentials: new Map(),
    sources: new Map(),
    tools: new Map(),
    agents: new Map(),
    alerts: { to: [], repeatMs: 0, rules: noAlertRules },
    tracing: undefined,
    log: { level: undefined, format: 'auto' },
    warnings: [],
    secretValues: [],
    secretFiles: [],
  }
}

function load(snapshot: ConfigSnapshot): Promise<Config> {
  loaded.push(snapshot)
  return Promise.resolve(config(snapshot.text.slice(2)))
}

function open(digest: string, loader = load, store: Store = ledger.store): Promise<Configurations> {
  return Configurations.open(config(digest), { store, clock: new FakeClock(), load: loader })
}

describe('the configurations', () => {
  it('are in the ledger before a run can begin with them', async () => {
    const configurations = await open('one')
    expect(await ledger.store.config('one')).toEqual(config('one').snapshot)
    await configurations.swap(config('two'))
    expect(await ledger.store.config('two')).toEqual(config('two').snapshot)
    expect(configurations.current.digest).toBe('two')
  })

  it('stay as they were when the next cannot be written', async () => {
    let isAway = false
    const configurations = await open('one', load, {
      ...ledger.store,
      saveConfig: (...saved) =>
        isAway
          ? Promise.reject(new StoreError('store.unavailable', 'the disk is full', { retry: 'later' }))
          : ledger.store.saveConfig(...saved),
    })
    isAway = true
    await expect(configurations.swap(config('two'))).rejects.toMatchObject({ code: 'store.unavailable' })
    expect(configurations.current.digest).toBe('one')
  })

  it('that were in force in this process are not loaded again', async () => {
    const configurations = await open('one')
    const first = configurations.current
    await configurations.swap(config('two'))
    expect(await configurations.byDigest('one')).toBe(first)
    expect(await configurations.byDigest('two')).toBe(configurations.current)
    expect(loaded).toEqual([])
  })

  it('that a run began with in an earlier process are loaded from the ledger, once', async () => {
    await open('one')
    const configurations = await open('two')
    const [found, again] = await Promise.all([configurations.byDigest('one'), configurations.byDigest('one')])
    expect(found.digest).toBe('one')
    expect(again).toBe(found)
    expect(loaded).toEqual([config('one').snapshot])
    expect(configurations.current.digest).toBe('two')
  })

  it('that no longer load are unavailable for now, with the reason, and are tried again', async () => {
    await open('one')
    let isSet = false
    const configurations = await open('two', (snapshot) =>
      isSet ? load(snapshot) : Promise.reject(new Error('STRIPE_API_KEY is not set')),
    )
    const error = await configurations.byDigest('one').catch((cause: unknown) => cause)
    expect(error).toMatchObject({ code: 'config.unavailable', retry: { afterMs: 60_000 } })
    expect((error as Error).message).toContain('STRIPE_API_KEY is not set')
    isSet = true
    expect((await configurations.byDigest('one')).digest).toBe('one')
  })

  it('that the ledger does not have, or has in another form, are unavailable', async () => {
    const configurations = await open('two')
    await ledger.store.saveConfig('odd', { file: 1 }, 0)
    await ledger.store.saveConfig('list', ['x'], 0)
    await ledger.store.saveConfig('hollow', { file: 'a', text: 'b', instructions: null }, 0)
    for (const digest of ['absent', 'odd', 'list', 'hollow']) {
      await expect(configurations.byDigest(digest)).rejects.toMatchObject({ code: 'config.unavailable' })
    }
  })
})
