import type { AttackFile, ReceiverCase } from './format.js'
import { runReceiver } from './receiver/run.js'
import { type Result, type RunOptions, runAttacks } from './run.js'

/** Every case of a file: those of a model, and beside them those of the listeners, which mostly wait. */
export async function playAll(file: AttackFile, options: RunOptions = {}): Promise<Result[]> {
  const { only, onResult } = options
  const isAsked = ({ id }: ReceiverCase) => only?.includes(id) ?? true
  const [played, received] = await Promise.all([
    runAttacks(file, options),
    // Where the listeners cannot even be opened, the other cases are still of worth.
    runReceiver(file, only, onResult).catch((error: unknown) =>
      file.receiver.filter(isAsked).map((wanted) => unplayed(wanted, error)),
    ),
  ])
  return [...played, ...received]
}

function unplayed({ id, name, cat = 'receiver' }: ReceiverCase, error: unknown): Result {
  const told = error instanceof Error ? error.message : String(error)
  return {
    ...{ id, name, cat: `receiver ${cat}`, faults: [`could not be played: ${told}`] },
    ...{ isBenign: false, harmful: 0, denied: 0, notes: [], isRight: false, wasRun: false, ms: 0 },
  }
}
