import type { Store } from '../store/store.js'
import type { Clock } from '../util/clock.js'
import type { Configurations } from './configurations.js'

export interface PausesOptions {
  readonly store: Pick<Store, 'pause' | 'resume'>
  readonly configurations: Configurations
  readonly clock: Clock
}

/**
 * Brings the runs that have not begun in line with what they would wait for: an agent that is off, a disk that is
 * nearly full. May be repeated; returns how many may go on again.
 */
export async function applyPauses(
  { store, configurations, clock }: PausesOptions,
  { isDiskLow }: { isDiskLow: boolean },
): Promise<number> {
  const now = clock.now()
  if (isDiskLow) {
    await store.pause('disk', undefined, now)
    return 0
  }
  const off = [...configurations.current.agents.values()].filter(({ mode }) => mode === 'off')
  const names = off.map(({ name }) => name)
  // In this order: what waited for the disk may be of an agent that is off.
  const fromDisk = await store.resume('disk', [], now)
  if (names.length > 0) await store.pause('agent', names, now)
  return fromDisk + (await store.resume('agent', names, now))
}
