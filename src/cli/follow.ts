import type { Run } from '../domain/run.js'
import type { StoredEvent } from '../store/records.js'
import type { Store } from '../store/store.js'
import { sleep } from '../util/clock.js'
import { type Invocation, whenOf } from './command.js'
import { formatStoryLine } from './story-text.js'
import { Tail } from './tail.js'

const lookEveryMs = 150

/** Looks for news whenever the ledger changed, until `signal` aborts, and once more then. */
export async function followLedger(
  { io }: Invocation,
  store: Store,
  { tell, signal }: { readonly tell: () => Promise<void>; readonly signal: AbortSignal },
): Promise<void> {
  let known: number | undefined
  const look = async () => {
    try {
      const version = await store.version()
      if (version !== known) await tell()
      known = version
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause)
      io.err(`the ledger could not be read, looking again: ${why}`)
      known = undefined
    }
  }
  while (!signal.aborted) {
    await look()
    await sleep(lookEveryMs, signal).catch(() => undefined)
  }
  known = undefined
  await look()
}

/** Prints each line of each story once, from now on. Resolves when it has begun. */
export async function followStories(
  invocation: Invocation,
  store: Store,
  {
    signal,
    isWanted,
  }: {
    readonly signal: AbortSignal
    readonly isWanted?: (event: StoredEvent, runs: readonly Run[]) => boolean
  },
): Promise<{ readonly ended: Promise<void> }> {
  const { io } = invocation
  const tail = new Tail(store, () => whenOf(invocation), isWanted)
  await tail.beginAt(io.clock.now())
  const tell = async () => {
    const when = whenOf(invocation)
    for (const line of await tail.news()) io.out(formatStoryLine(line, when, io))
  }
  return { ended: followLedger(invocation, store, { tell, signal }) }
}
