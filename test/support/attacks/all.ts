import type { AttackFile } from './format.js'
import { runReceiver } from './receiver/run.js'
import { type Result, type RunOptions, runAttacks } from './run.js'

/** Every case of a file: those of a model, and beside them those of the listeners, which mostly wait. */
export async function playAll(file: AttackFile, options: RunOptions = {}): Promise<Result[]> {
  const [played, received] = await Promise.all([
    runAttacks(file, options),
    runReceiver(file, options.only, options.onResult),
  ])
  return [...played, ...received]
}
