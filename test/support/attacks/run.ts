import { type AttackCase, type AttackFile, isBenign, ownFile, readAttacks } from './format.js'
import { playPlain, type Stage, type Trial } from './play.js'
import { playOf } from './scenarios/by-words.js'
import { scenarios } from './scenarios/registry.js'
import { asItStands } from './scenarios/scenario.js'
import { SharedBenches } from './shared.js'

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
    const shared = new SharedBenches()
    try {
      for (let attack = waiting.shift(); attack; attack = waiting.shift()) {
        const result = await runOne(file, attack, shared)
        results.set(attack, result)
        options.onResult?.(result)
      }
    } finally {
      await shared.close()
    }
  }
  await Promise.all(Array.from({ length: options.lanes ?? 2 }, lane))
  return cases.flatMap((attack) => results.get(attack) ?? [])
}

async function runOne({ world }: AttackFile, attack: AttackCase, shared: SharedBenches): Promise<Result> {
  const beganAt = performance.now()
  const stage = { world, attack }
  const base = {
    id: attack.id,
    cat: attack.cat ?? (isBenign(attack) ? 'benign' : attack.layer),
    name: attack.name,
    isBenign: isBenign(attack),
  }
  const trial = await play(stage, shared).catch(
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

/** What each id stands for here: another file may call another case so. */
const { enforcement, benign } = readAttacks(ownFile)
const ownNames: ReadonlyMap<string, string> = new Map(
  [...enforcement, ...benign].map(({ id, name }) => [id, name]),
)

async function play(stage: Stage, shared: SharedBenches): Promise<Trial> {
  const { id, name } = stage.attack
  const isOwn = ownNames.get(id) === name
  const scenario = isOwn && Object.hasOwn(scenarios, id) ? scenarios[id] : undefined
  if (scenario && scenario !== asItStands) return scenario(stage)
  const known = isOwn ? undefined : playOf(stage.attack)
  if (known) return known(stage)
  const trial = (await shared.play(stage)) ?? (await playPlain(stage))
  // What is said of its circumstances is known, and needs nothing.
  return scenario ? { ...trial, notes: [] } : trial
}
