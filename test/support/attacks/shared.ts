import { Bench } from './bench.js'
import { circumstancesOf } from './given.js'
import { playOn, type Stage, type Trial } from './play.js'

/** Benches on which one case after another is played: most of the time of a case is the start of a daemon. */
export class SharedBenches {
  readonly #benches = new Map<string, Bench>()

  /** Undefined where the case needs a bench of its own. */
  async play({ world, attack }: Stage): Promise<Trial | undefined> {
    const { options, isOrdinary } = circumstancesOf(attack)
    if (!isOrdinary || !(attack.agent in world.scopes)) return undefined
    const key = JSON.stringify([options.hasOwnLimits, options.isStrict])
    const known = this.#benches.get(key)
    if (known) known.next(attack, options.answer)
    const bench = known ?? (await Bench.open(world, attack, options))
    this.#benches.set(key, bench)
    try {
      if (!known) await bench.start()
      const trial = await playOn(bench)
      // Alone it may come out otherwise, and that is what counts.
      if (trial.faults.length === 0) return trial
    } catch {
      // What one case left behind must not be the next one's fault.
    }
    this.#benches.delete(key)
    await bench.close()
    return undefined
  }

  async close(): Promise<void> {
    await Promise.all([...this.#benches.values()].map((bench) => bench.close()))
  }
}
