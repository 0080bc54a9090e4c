import { AppError } from '../domain/errors.js'
import { isFinal, type Run } from '../domain/run.js'
import type { ToolCall } from '../domain/tool-call.js'
import type { HeldResolution } from '../store/records.js'
import type { Store } from '../store/store.js'

/** A held write with its run. Throws `store.not_found`, and `store.conflict` where it is not held. */
export async function requireHeld(
  store: Store,
  id: string,
): Promise<{ readonly call: ToolCall; readonly run: Run | undefined }> {
  const call = await store.toolCall(id)
  if (!call) throw new AppError('store.not_found', `there is no tool call ${id} in this ledger`)
  if (call.state !== 'held') {
    throw new AppError('store.conflict', `${id} is ${call.state}, not held; nothing was changed`)
  }
  return { call, run: await store.run(call.runId) }
}

/** A run that is at an end sends nothing more. Throws `store.conflict`. */
export function requireSendable(id: string, state: HeldResolution['state'], run: Run | undefined): void {
  if (state !== 'send_again' || run === undefined || !isFinal(run.state)) return
  const message = `the run of ${id} is ${run.state} and sends nothing more; say whether it happened, then `
  throw new AppError('store.conflict', `${message}\`rouse replay ${run.eventId}\` if it did not`)
}

/** What a person says became of a held write. */
export async function resolveHeld(
  store: Store,
  id: string,
  { state, by }: Pick<HeldResolution, 'state' | 'by'>,
  now: number,
): Promise<ToolCall> {
  const { call, run } = await requireHeld(store, id)
  requireSendable(id, state, run)
  await store.resolveHeld(id, { state, by, output: undefined }, now)
  return (await store.toolCall(id)) ?? call
}
