import type { Run } from '../domain/run.js'
import type { Store } from '../store/store.js'

/**
 * How often the process may die over one run, without any progress of the run between: at the next death it is set
 * aside, so that an event that kills whoever works on it stops nobody else.
 */
export const maxCrashes = 1

/** Whether the run was held when a process died, and has not got anywhere since: it may be what killed it. */
export function isSuspect({ crashes }: Pick<Run, 'crashes'>): boolean {
  return crashes > 0
}

/** The same ledger; `onProgress` is called after each commit that clears a run of the suspicion. */
export function watchProgress(store: Store, onProgress: () => void): Store {
  return {
    ...store,
    async appendStep(lease, step, calls, now) {
      await store.appendStep(lease, step, calls, now)
      onProgress()
    },
    async settle(lease, toolCallId, outcome, now) {
      await store.settle(lease, toolCallId, outcome, now)
      onProgress()
    },
  }
}
