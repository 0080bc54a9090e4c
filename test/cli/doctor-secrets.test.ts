import { describe, expect, it } from 'vitest'
import { checkSecrets } from '../../src/cli/doctor/secrets.js'
import { loadConfig } from '../../src/config/load.js'
import { fingerprintOf } from '../../src/ingest/secret-uses.js'
import { sourceKinds } from '../../src/sources/registry.js'
import { githubSecret, writeSetting } from '../support/rouse.js'
import { fillLedger } from './filled-ledger.js'
import { now } from './recorded.js'

const dayMs = 86_400_000
const other = 'p4Wd8Xj2Qc7Nf5Ty1Hk9Rm3B'

/** What doctor says of a source with these two secrets, by when each was first seen and last used. */
async function findingsFor(times: readonly (readonly [seenAt: number, lastUsedAt: number | undefined])[]) {
  const ledger = await fillLedger()
  try {
    const { store } = ledger
    const secrets = [githubSecret, other].slice(0, Math.max(1, times.length))
    const directory = await writeSetting({
      config: `sources:\n  own: { kind: github, secret: ${JSON.stringify(secrets)} }\n`,
    })
    const kinds = Object.values(sourceKinds)
    const config = await loadConfig({ file: `${directory}/config.yaml`, environment: {}, kinds })
    const { salt } = await store.secretUses()
    await store.countSecretUses(
      times.map(([seenAt, lastUsedAt], at) => ({
        source: 'own',
        fingerprint: fingerprintOf(salt, Buffer.from(secrets[at] ?? '')),
        seenAt,
        lastUsedAt,
        uses: lastUsedAt === undefined ? 0 : 3,
      })),
    )
    const invocation = { io: { clock: { now: () => now }, timeZone: 'UTC' } } as unknown as Parameters<
      typeof checkSecrets
    >[0]
    return await checkSecrets(invocation, store, config)
  } finally {
    await ledger.close()
  }
}

describe('doctor, of secrets', () => {
  it('says how old each is and when it was last used, and never what it is', async () => {
    const findings = await findingsFor([
      [now - 3 * dayMs, now - 60_000],
      [now - 40 * dayMs, undefined],
    ])
    expect(findings.map(({ text }) => text)).toEqual([
      expect.stringMatching(/^own, secret 1 of 2: configured for 3 days, last used .*, 3 deliveries$/),
      expect.stringMatching(/^own, secret 2 of 2: configured for 40 days, never used$/),
    ])
    for (const secret of [githubSecret, other]) expect(JSON.stringify(findings)).not.toContain(secret)
  })

  it('says that the old one can go once the sender signs with the new one', async () => {
    const [first, second] = await findingsFor([
      [now - 20 * dayMs, now - 1000],
      [now - 400 * dayMs, now - 19 * dayMs],
    ])
    expect(first?.state).toBe('ok')
    expect([second?.state, second?.advice]).toEqual(['warn', expect.stringContaining('take it out')])
  })

  it('says that the new one was never given to the sender', async () => {
    const [first] = await findingsFor([
      [now - 20 * dayMs, undefined],
      [now - 100 * dayMs, now - 1000],
    ])
    expect([first?.state, first?.advice]).toEqual([
      'warn',
      expect.stringContaining('still signs with another'),
    ])
  })

  it('finds one that is older than a year, and has nothing to say of one that no daemon has seen', async () => {
    const [old] = await findingsFor([[now - 500 * dayMs, now - 1000]])
    expect(old?.advice).toContain('older than a year')
    expect((await findingsFor([])).map(({ state }) => state)).toEqual(['ok'])
  })
})
