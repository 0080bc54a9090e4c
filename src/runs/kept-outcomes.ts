import { toAppError } from '../domain/errors.js'
import { backoffMs } from '../util/backoff.js'
import { sleep } from '../util/clock.js'
import type { RunContext } from './context.js'

/**
 * The same context, whose ledger does not give up on the outcome of a send: while it cannot be written (disk full,
 * disk fault, held by another program) it is kept in memory and tried again. An answer that came would otherwise
 * become an outcome that nobody knows. The run keeps its place, so no more work is taken than there are places; a
 * process that ends meanwhile leaves the call `sent`, which the next one takes for unknown.
 */
export function keepOutcomes(context: RunContext): RunContext {
  const { store, signal, log } = context
  const keep = async (toolCallId: string, write: () => Promise<void>): Promise<void> => {
    for (let failures = 0; ; failures++) {
      try {
        return await write()
      } catch (error) {
        const { code, message } = toAppError(error)
        if (code !== 'store.unavailable' || signal.aborted) throw error
        if (failures === 0)
          log.error({ call: toolCallId, code }, `an outcome waits to be written: ${message}`)
        await sleep(backoffMs(failures + 1, { firstMs: 200, maxMs: 10_000 }), signal)
      }
    }
  }
  return {
    ...context,
    store: {
      ...store,
      settle: (lease, id, outcome, now) => keep(id, () => store.settle(lease, id, outcome, now)),
      takeBack: (lease, id, now) => keep(id, () => store.takeBack(lease, id, now)),
    },
  }
}
