import type { ToolCallState } from '../domain/tool-call.js'
import { isUnclear, type LeftOutReason } from './replay-plan.js'

/** Why a run is not in a plan. How it gets into one after all is for who shows it to say. */
export const leftOutReasons: Readonly<Record<LeftOutReason, string>> = {
  undispatched: 'the daemon has not yet decided whom the event wakes',
  unfinished: 'a run of the event is not at an end; it goes on by itself or waits',
  cancelled: 'the run was cancelled, which is not failed',
  coalesced: 'the run is about a newer event, and saw this one too',
  replayed: 'the event was replayed already',
  held: 'what one of its writes did is not known; say so first',
  changed: 'things have changed since the plan was made',
}

/** What becomes of an earlier write when its event is replayed, after the write and its state. */
export function sayEarlierWrite(state: ToolCallState): string {
  if (state === 'confirmed') return 'may be made again, under a new key'
  if (state === 'rejected') return 'did nothing, and may be tried again under a new key'
  if (isUnclear({ state })) return 'may have happened, and may then be made a second time, under a new key'
  return 'was not sent'
}
