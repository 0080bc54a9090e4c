import { describe, expect, it } from 'vitest'
import { SecretUseCounter } from '../../src/ingest/secret-uses.js'
import { github } from '../../src/sources/github.js'
import type { WebhookSource } from '../../src/sources/source.js'
import type { SecretUse } from '../../src/store/records.js'
import { openSource } from '../sources/setting.js'
import { FakeClock } from '../support/fake-clock.js'

const [first, second] = ['k7Gq2nV9xB4tLw8sRz3mYc6p', 'p4Wd8Xj2Qc7Nf5Ty1Hk9Rm3B']

function sourcesWith(...secret: string[]): ReadonlyMap<string, WebhookSource> {
  return new Map([['ci', openSource(github, { secret })]])
}

/** A ledger that keeps what it was told, and can be away. */
async function counting() {
  const told: SecretUse[] = []
  const ledger = {
    isAway: false,
    secretUses: () => Promise.resolve({ salt: 'salt', uses: [] }),
    countSecretUses(uses: readonly SecretUse[]) {
      if (ledger.isAway) return Promise.reject(new Error('the disk is full'))
      told.push(...uses)
      return Promise.resolve()
    },
  }
  const clock = new FakeClock()
  return { ledger, told, clock, counter: await SecretUseCounter.open(ledger, clock) }
}

describe('uses of secrets', () => {
  it('are told once for each secret, however many deliveries', async () => {
    const { told, clock, counter } = await counting()
    counter.configured(sourcesWith(first, second))
    for (let delivery = 0; delivery < 100; delivery++) counter.used('ci', 1)
    counter.used('ci', 7)
    counter.used('elsewhere', 0)
    await counter.flush()
    expect(told.map(({ uses, lastUsedAt }) => [uses, lastUsedAt])).toEqual([
      [0, undefined],
      [100, clock.now()],
    ])
    await counter.flush()
    expect(told).toHaveLength(2)
  })

  it('are kept while the ledger cannot be written, and over a change of the configuration', async () => {
    const { ledger, told, counter } = await counting()
    counter.configured(sourcesWith(first))
    await counter.flush()
    counter.used('ci', 0)
    ledger.isAway = true
    await counter.flush()
    counter.configured(sourcesWith(second, first))
    counter.used('ci', 1)
    ledger.isAway = false
    await counter.flush()
    await counter.flush()
    const sums = new Map<string, number>()
    for (const { fingerprint, uses } of told) sums.set(fingerprint, (sums.get(fingerprint) ?? 0) + uses)
    expect([...sums.values()].sort()).toEqual([0, 2])
  })

  it('that come while they are being written are told the next time', async () => {
    const { ledger, told, counter } = await counting()
    counter.configured(sourcesWith(first))
    counter.used('ci', 0)
    const write = ledger.countSecretUses
    ledger.countSecretUses = (uses) => {
      counter.used('ci', 0)
      ledger.countSecretUses = write
      return write(uses)
    }
    await counter.flush()
    await counter.flush()
    expect(told.map(({ uses }) => uses)).toEqual([1, 1])
  })
})
