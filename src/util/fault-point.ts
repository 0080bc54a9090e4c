/**
 * The places at which a process may be made to end, to prove that what comes after survives it. The names are those
 * of docs/reliability.md. Without a test that armed them they do nothing: nothing in a release can arm them.
 */
export const faultPoints = {
  K01: 'bytes of a delivery arrive, before it is verified',
  K02: 'a delivery is verified, before its commit',
  K03: 'a delivery is committed, before it is answered',
  K04: 'a delivery is answered, before a run is claimed',
  K05: 'a run is claimed, before the model is asked',
  K06: 'the model is asked and has not answered',
  K07: 'the model has answered, before the answer is recorded',
  K08: 'the answer is recorded, before a write is prepared',
  K09: 'a write is prepared, before it is marked as sent',
  K10: 'a write is marked as sent, before a byte of it leaves',
  K11: 'the request of a write has left whole, no answer has come',
  K12: 'the first bytes of the answer to a write have come, nothing has read them',
  K13: 'the answer to a write has come whole, before its outcome is recorded',
  K14: 'the outcome of a write is recorded, before the next turn',
  K15: 'the closing answer is recorded, before the run is completed',
  K16: 'a run is completed, before anything else',
  K17: 'a person approves, before it is recorded',
  K18: 'an approval is recorded, before the call is sent',
  K19: 'a polled page has come, before its events are recorded',
  K20: 'the events of a page are written, before the cursor is, in the same transaction',
  K21: 'in the middle of a migration of the ledger',
  K22: 'in the middle of a checkpoint, or of deleting what is old',
  K23: 'in the middle of reading the configuration again',
  K24: 'in the middle of taking over changed secrets',
} as const

export type FaultPoint = keyof typeof faultPoints

let onReached: ((point: FaultPoint) => void) | undefined

/** Marks that the process is at this point. */
export function faultPoint(point: FaultPoint): void {
  onReached?.(point)
}

/** For tests of the real process, from a module that is loaded before it. */
export function armFaultPoints(reached: (point: FaultPoint) => void): void {
  onReached = reached
}
