import type { Config } from '../../config/config.js'
import { adviceOnSecret, fingerprintOf } from '../../ingest/secret-uses.js'
import { createRemoteKeys } from '../../sources/engine/keys.js'
import type { SecretUse } from '../../store/records.js'
import type { Store } from '../../store/store.js'
import { formatDuration } from '../../util/duration.js'
import { createNetwork } from '../../util/fetch.js'
import { type Invocation, whenOf } from '../command.js'
import { openConfigured } from '../configuration.js'
import { count } from '../text.js'
import type { Finding } from './finding.js'

const dayMs = 86_400_000

/** How old each secret of each source is, and when it was last used: which one can go, which one is not in use yet. */
export async function checkSecrets(invocation: Invocation, store: Store, config: Config): Promise<Finding[]> {
  const network = createNetwork()
  try {
    const keys = createRemoteKeys({ network, clock: invocation.io.clock })
    const { salt, uses } = await store.secretUses()
    const findings: Finding[] = []
    for (const [name, { secretKeys }] of openConfigured(config, keys)) {
      const known = secretKeys.map((key) => {
        const fingerprint = fingerprintOf(salt, key)
        return uses.find((use) => use.source === name && use.fingerprint === fingerprint)
      })
      for (const [at, use] of known.entries()) findings.push(judge(invocation, name, known, at, use))
    }
    return findings
  } finally {
    await network.close()
  }
}

function judge(
  invocation: Invocation,
  name: string,
  known: readonly (SecretUse | undefined)[],
  at: number,
  use: SecretUse | undefined,
): Finding {
  const title = known.length === 1 ? `${name}, its secret` : `${name}, secret ${at + 1} of ${known.length}`
  if (!use) return { area: 'secret', state: 'ok', text: `${title}: not seen by a running daemon yet` }
  const now = invocation.io.clock.now()
  const age = now - use.seenAt
  const used =
    use.lastUsedAt === undefined
      ? 'never used'
      : `last used ${whenOf(invocation).both(use.lastUsedAt)}, ${count(use.uses, 'delivery', 'deliveries')}`
  const text = `${title}: configured for ${sayAge(age)}, ${used}`
  const advice = adviceOnSecret(known, at, now)
  return {
    area: 'secret',
    state: advice === undefined ? 'ok' : 'warn',
    text,
    ...(advice !== undefined && { advice }),
  }
}

function sayAge(ms: number): string {
  if (ms >= 2 * dayMs) return count(Math.floor(ms / dayMs), 'day')
  return ms < 1000 ? 'less than a second' : formatDuration(Math.max(1000, Math.floor(ms / 1000) * 1000))
}
