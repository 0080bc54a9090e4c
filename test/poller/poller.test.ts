import { afterEach, describe, expect, it } from 'vitest'
import { type PolledConfig, type Poller, startPoller } from '../../src/poller/poller.js'
import { scheduleOptions } from '../../src/sources/schedule.js'
import type { EventFilter } from '../../src/store/records.js'
import { systemClock } from '../../src/util/clock.js'
import { Polled, silent } from './polled.js'

const open: Polled[] = []
const pollers: Poller[] = []
afterEach(async () => {
  await Promise.all(pollers.splice(0).map((poller) => poller.stop()))
  await Promise.all(open.splice(0).map((polled) => polled.close()))
})

async function start(): Promise<Polled> {
  const polled = new Polled({ source: { every: '1s', first_run: 'all' } })
  open.push(polled)
  polled.clock.set(systemClock.now())
  return polled.start()
}

function configOf(polled: Polled, more: PolledConfig['sources'] = new Map()): PolledConfig {
  const crm = {
    name: 'crm',
    kind: 'poll',
    options: polled.options(),
    idNames: [],
    keepMs: undefined,
    label: undefined,
    self: [],
  }
  return { sources: new Map([['crm', crm], ...more]), credentials: new Map() }
}

function run(polled: Polled, config: PolledConfig, onEvents: (ids: readonly string[]) => void): Poller {
  const { store, network } = polled
  const poller = startPoller({ store, config, network, clock: systemClock, log: silent, onEvents })
  pollers.push(poller)
  return poller
}

describe('the poller', () => {
  it('ticks by itself and names the events that are new after their commit', async () => {
    const polled = await start()
    polled.api.add('a')
    const found = await new Promise<readonly string[]>((resolve) => run(polled, configOf(polled), resolve))
    expect((await polled.store.event(found[0] ?? ''))?.sourceEventId).toBe('a')
  })

  it('goes on ticking', async () => {
    const polled = await start()
    let wanted = 3
    await new Promise<void>((resolve) => {
      polled.api.beforePage = () => {
        if (--wanted === 0) resolve()
      }
      run(polled, configOf(polled), () => undefined)
    })
    expect(polled.api.requests.length).toBeGreaterThanOrEqual(2)
  })

  it('never has two ticks of a source under way, however often it is woken', async () => {
    const polled = await start()
    let under = 0
    let most = 0
    const { network } = polled
    const counting = {
      ...network,
      request: async (request: Parameters<typeof network.request>[0]) => {
        most = Math.max(most, ++under)
        try {
          return await network.request(request)
        } finally {
          under--
        }
      },
    }
    const config = configOf(polled)
    const { store } = polled
    const poller = startPoller({
      store,
      config,
      network: counting,
      clock: systemClock,
      log: silent,
      onEvents: () => undefined,
    })
    pollers.push(poller)
    await new Promise<void>((resolve) => {
      let wanted = 10
      polled.api.beforePage = () => {
        for (let at = 0; at < 5; at++) poller.wake('crm')
        if (--wanted === 0) resolve()
        else setImmediate(() => setTimeout(() => poller.wake('crm'), 5))
      }
      poller.wake('crm')
    })
    expect(most).toBe(1)
  })

  it('stops while the API does not answer, and nothing runs afterwards', async () => {
    const polled = await start()
    let poller: Poller | undefined
    const stopped = new Promise<void>((resolve) => {
      polled.api.beforePage = () => {
        void poller?.stop().then(resolve)
      }
    })
    poller = run(polled, configOf(polled), () => undefined)
    await stopped
    const requests = polled.api.requests.length
    expect(poller.wake('crm')).toBe(false)
    expect(polled.api.requests.length).toBe(requests)
  })

  it('a new configuration begins what is new, ends what is gone and leaves the rest alone', async () => {
    const polled = await start()
    const poller = run(polled, { sources: new Map(), credentials: new Map() }, () => undefined)
    expect(poller.wake('crm')).toBe(false)
    const options = scheduleOptions.parse({ cron: '0 7 * * *' })
    const morning = {
      name: 'morning',
      kind: 'schedule',
      options,
      idNames: [],
      keepMs: undefined,
      label: undefined,
      self: [],
    }
    poller.update(configOf(polled, new Map([['morning', morning]])))
    expect([poller.wake('crm'), poller.wake('morning')]).toEqual([true, true])
    poller.update({ sources: new Map([['morning', { ...morning }]]), credentials: new Map() })
    expect([poller.wake('crm'), poller.wake('morning')]).toEqual([false, true])
  })

  it('a ledger that cannot be written is tried again, and nothing is skipped', async () => {
    const polled = await start()
    polled.api.add('a')
    let failing = 2
    const { network } = polled
    const found = await new Promise<readonly string[]>((resolve) => {
      const store = {
        cursor: (name: string) => polled.store.cursor(name),
        listEvents: (filter: EventFilter) => polled.store.listEvents(filter),
        recordTick: async (tick: Parameters<typeof polled.store.recordTick>[0]) => {
          if (failing-- > 0) throw new Error('disk full')
          return polled.store.recordTick(tick)
        },
      }
      const config = configOf(polled)
      const poller = startPoller({
        store,
        config,
        network,
        clock: systemClock,
        log: silent,
        onEvents: resolve,
      })
      pollers.push(poller)
    })
    expect(found).toHaveLength(1)
  })
})
