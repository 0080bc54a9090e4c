import type { AttackCase, AttackFile } from './format.js'
import { isBenign } from './format.js'
import { playPlain, type Trial } from './play.js'
import { scenarios } from './scenarios/registry.js'

export interface Result extends Trial {
  readonly id: string
  readonly cat: string
  readonly name: string
  readonly isBenign: boolean
  readonly isRight: boolean
  readonly wasRun: boolean
  readonly ms: number
}

export interface RunOptions {
  /** Ids; all where it is left out. */
  readonly only?: readonly string[] | undefined
  readonly lanes?: number
  readonly onResult?: (result: Result) => void
}

/** Plays every case of a file that a model and an event make up. */
export async function runAttacks(file: AttackFile, options: RunOptions = {}): Promise<Result[]> {
  const cases = [...file.enforcement, ...file.benign].filter(({ id }) => options.only?.includes(id) ?? true)
  const results = new Map<AttackCase, Result>()
  const waiting = [...cases]
  const lane = async () => {
    for (let attack = waiting.shift(); attack; attack = waiting.shift()) {
      const result = await runOne(file, attack)
      results.set(attack, result)
      options.onResult?.(result)
    }
  }
  await Promise.all(Array.from({ length: options.lanes ?? 2 }, lane))
  return cases.flatMap((attack) => results.get(attack) ?? [])
}

async function runOne({ world }: AttackFile, attack: AttackCase): Promise<Result> {
  const beganAt = performance.now()
  const stage = { world, attack }
  const base = {
    id: attack.id,
    cat: attack.cat ?? (isBenign(attack) ? 'benign' : attack.layer),
    name: attack.name,
    isBenign: isBenign(attack),
  }
  const trial = await (scenarioOf(attack)?.(stage) ?? playUnknown(stage)).catch(
    (error: unknown): Trial => ({
      faults: [`could not be played: ${error instanceof Error ? error.message : String(error)}`],
      harmful: 0,
      denied: 0,
      notes: [],
    }),
  )
  const ms = Math.round(performance.now() - beganAt)
  return { ...base, ...trial, isRight: trial.faults.length === 0, wasRun: true, ms }
}

function scenarioOf({ id }: AttackCase) {
  return Object.hasOwn(scenarios, id) ? scenarios[id] : undefined
}

/** No scenario is written for it: what it says of its circumstances is left out, and the report says so. */
async function playUnknown(stage: { world: AttackFile['world']; attack: AttackCase }): Promise<Trial> {
  const trial = await playPlain(stage)
  const { given = '' } = stage.attack
  const isSetUp = given === '' || given.startsWith('with strict')
  return isSetUp ? trial : { ...trial, notes: [`not set up: ${given}`] }
}
