import { AppError } from '../domain/errors.js'
import type { RunOutcome } from '../domain/run.js'
import { type NextMove, nextMove } from '../policy/unknown.js'
import type { Journal, ToolCallRow } from '../store/records.js'
import type { RunContext } from './context.js'
import { look } from './look.js'
import { waitMs } from './waits.js'
import { frozen, type Transmitted, transmit } from './write.js'

/** Sends a write that is `prepared`, unless this ledger is one that cannot know whether it was sent before. */
export async function sendPrepared(
  context: RunContext,
  journal: Journal,
  call: ToolCallRow,
): Promise<RunOutcome | undefined> {
  if (isPerhapsSent(context, call)) {
    await becomeUnknown(context, call, 'the ledger is a backup; it may have been sent after that was taken')
    return pursueUnknown(context, call)
  }
  return afterSend(context, call, await transmit(context, journal, call))
}

/**
 * A run that is unfinished in a backup may have gone further than the backup knows. A call with a note has been
 * through this: a person said that it is to be sent.
 */
function isPerhapsSent({ run }: RunContext, { sends, note }: ToolCallRow): boolean {
  return run.isRestored && sends === 0 && note === undefined
}

/** The process ended between the first byte and the outcome: nobody knows. */
export async function resumeSent(context: RunContext, call: ToolCallRow): Promise<RunOutcome | undefined> {
  await becomeUnknown(context, call, 'interrupted after it was sent')
  return pursueUnknown(context, call)
}

async function becomeUnknown({ store, lease, clock }: RunContext, { id }: ToolCallRow, note: string) {
  await store.settle(lease, id, { state: 'unknown', note }, clock.now())
}

/** Takes a write of unknown outcome as far as it goes now: sent again, looked for, left for later, or held. */
export async function pursueUnknown(
  context: RunContext,
  { id }: Pick<ToolCallRow, 'id'>,
): Promise<RunOutcome | undefined> {
  for (;;) {
    const { journal, call } = await reread(context, id)
    const next = decide(context, call, context.clock.now())
    switch (next.move) {
      case 'send':
        return afterSend(context, call, await transmit(context, journal, call))
      case 'wait':
        return parkUntil(call, next.until, 'its probe looks for it then')
      case 'hold':
        return hold(context, call, next.reason)
      case 'look': {
        const seen = await look(context, journal, call)
        if (seen.kind === 'found') return undefined
        if (seen.kind === 'waits') return seen.parked
        if (seen.kind === 'unclear') return hold(context, call, seen.reason)
        await context.store.countLook(context.lease, id, context.clock.now())
      }
    }
  }
}

/** A send is over. Where its outcome is unknown a moment passes before anything else is done about it. */
async function afterSend(
  context: RunContext,
  { id }: Pick<ToolCallRow, 'id'>,
  sent: Transmitted,
): Promise<RunOutcome | undefined> {
  if (sent.kind === 'over') return sent.parked
  const { call } = await reread(context, id)
  if (sent.kind === 'clash') return hold(context, call, sent.reason)
  const now = context.clock.now()
  const next = decide(context, call, now)
  if (next.move === 'hold') return hold(context, call, next.reason)
  const pauseMs = waitMs(call.sends - 1, sent.retryAfterMs)
  if (next.move !== 'send') {
    const { probe } = frozen(context, call).tool
    // From now: a request that ran into its timeout may still have been under way. The longer the API is away,
    // the later, because what is not found is sent again.
    const until = now + Math.max(pauseMs, probe?.settleMs ?? 0)
    return parkUntil(call, until, 'its probe looks for it then')
  }
  const until = now + pauseMs
  const then = decide(context, call, until)
  if (then.move === 'hold') return hold(context, call, then.reason)
  return parkUntil(call, until, 'the same request goes out again')
}

function decide(context: RunContext, call: ToolCallRow, now: number): NextMove {
  const { run } = context
  // What a backup has of its first send may not be the first.
  const since = run.isRestored ? run.createdAt : (call.firstSentAt ?? call.proposedAt)
  return nextMove(frozen(context, call).tool, call, since, now)
}

function parkUntil({ tool }: ToolCallRow, until: number, what: string): RunOutcome {
  const message = `${tool}: sent, and no certain answer came; ${what}`
  return { state: 'parked', on: 'api', until, error: { code: 'tool.unknown_outcome', message } }
}

async function hold(
  { store, lease, clock }: RunContext,
  call: ToolCallRow,
  reason: string,
): Promise<RunOutcome> {
  const note = call.note === undefined ? reason : `${call.note}; ${reason}`
  await store.settle(lease, call.id, { state: 'held', note }, clock.now())
  return held(call)
}

/** How a run waits for a person to say what became of its write. */
export function held(call: Pick<ToolCallRow, 'id' | 'tool'>): RunOutcome {
  const message = `${call.tool} may have happened and nothing says so; a person must say what became of ${call.id}`
  return { state: 'parked', on: 'person', error: { code: 'tool.held', message } }
}

async function reread(
  { store, run }: RunContext,
  id: string,
): Promise<{ journal: Journal; call: ToolCallRow }> {
  const journal = await store.journal(run.id)
  const call = journal.calls.find((candidate) => candidate.id === id)
  if (!call) throw new AppError('store.not_found', `tool call ${id} is gone from the ledger`)
  return { journal, call }
}
