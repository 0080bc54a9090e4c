import { mutatedDist, withNormalSync } from '../mutated-dist.js'
import { powerCampaign } from '../power/run.js'
import { canWatchDisk } from '../power/shim.js'
import { type Control, controls } from './controls.js'
import { killDeletion } from './deletion.js'
import { type LaneResult, lanePoints, type Point, runLane } from './lane.js'
import { killMigration } from './migration.js'
import { add, addTo, type CutTally, type Tally } from './verdict.js'

export interface CampaignOptions {
  /** The program. It must not change while the campaign runs: give it a copy of the build. */
  readonly main: string
  readonly seed: number
  readonly kills: number
  /** Ledgers that are killed beside each other. */
  readonly lanes: number
  readonly points?: readonly Point[]
  readonly onKill?: (done: number) => void
  readonly keepsFaulty?: boolean
  /** The share of deliveries that come twice. */
  readonly twice?: number
  readonly isOver?: () => boolean
}

export interface CampaignResult {
  readonly kills: ReadonlyMap<Point, number>
  readonly notReached: ReadonlyMap<Point, number>
  readonly byPoint: ReadonlyMap<string, Tally>
  readonly byFate: ReadonlyMap<string, Tally>
  readonly byCut: ReadonlyMap<string, CutTally>
  readonly cells: ReadonlyMap<string, number>
  readonly ledgers: number
  readonly faults: readonly string[]
  readonly seconds: number
}

/** Ledgers are begun anew after as many kills, so that a campaign of any length meets young ones and old ones. */
const killsOfALedger = 150

/** Kills the real process at every point, over and over, and says what is not as promised. */
export async function killCampaign(options: CampaignOptions): Promise<CampaignResult> {
  const {
    main,
    seed,
    kills,
    lanes,
    points = lanePoints,
    onKill,
    isOver,
    keepsFaulty = false,
    twice = 0.2,
  } = options
  const startedAt = performance.now()
  const sums: Sums = {
    kills: new Map(),
    notReached: new Map(),
    byPoint: new Map(),
    byFate: new Map(),
    byCut: new Map(),
    cells: new Map(),
  }
  const faults: string[] = []
  let left = kills
  let done = 0
  let ledgers = 0
  const work = async () => {
    while (left > 0 && !isOver?.()) {
      const share = Math.min(left, Math.max(1, Math.min(killsOfALedger, Math.ceil(kills / lanes))))
      left -= share
      const number = ledgers++
      try {
        const result = await runLane({
          main,
          seed: seed * 1009 + number,
          kills: share,
          points,
          keepsFaulty,
          twice,
          onKill: () => onKill?.(++done),
          ...(isOver && { isOver }),
        })
        merge(sums, result)
        const found = [...result.faults]
        if (result.integrity !== 'ok') found.push(result.integrity)
        if (found.length > 0 && keepsFaulty) found.push(`left in ${result.directory}`)
        faults.push(...found.map((fault) => `ledger ${number}: ${fault}`))
      } catch (error) {
        faults.push(`ledger ${number}: ${error instanceof Error ? error.message : String(error)}`)
      }
    }
  }
  await Promise.all(Array.from({ length: lanes }, work))
  for (const [point, count] of sums.notReached) {
    if (!sums.kills.has(point)) faults.push(`${point} was not passed in any of ${count} lives`)
  }
  const seconds = (performance.now() - startedAt) / 1000
  return { ...sums, ledgers, faults, seconds }
}

interface Sums {
  readonly kills: Map<Point, number>
  readonly notReached: Map<Point, number>
  readonly byPoint: Map<string, Tally>
  readonly byFate: Map<string, Tally>
  readonly byCut: Map<string, CutTally>
  readonly cells: Map<string, number>
}

function merge(sums: Sums, result: LaneResult): void {
  count(sums.kills, result.kills)
  count(sums.notReached, result.notReached)
  count(sums.cells, result.cells)
  for (const [name, tally] of result.byPoint) add(sums.byPoint, name, tally)
  for (const [name, tally] of result.byFate) add(sums.byFate, name, tally)
  for (const [name, tally] of result.byCut) addTo<keyof CutTally>(sums.byCut, name, tally)
}

function count<Key>(to: Map<Key, number>, from: ReadonlyMap<Key, number>): void {
  for (const [key, number] of from) to.set(key, (to.get(key) ?? 0) + number)
}

/** Trials of a migration that is killed; what was not as promised. */
export async function migrationTrials(main: string, count: number): Promise<string[]> {
  const faults: string[] = []
  for (let trial = 0; trial < count; trial++) faults.push(...(await killMigration(main)))
  return faults
}

/** Trials in which old rows are being deleted when the process is killed; what was not as promised. */
export async function deletionTrials(main: string, count: number): Promise<string[]> {
  const faults: string[] = []
  for (let trial = 0; trial < count; trial++) faults.push(...(await killDeletion(main)))
  return faults
}

export interface ControlResult {
  readonly name: string
  /** What it lost or doubled; undefined where it could not be run, which `why` says. */
  readonly found: string | undefined
  readonly why?: string
}

/** Promises taken out in turn: a campaign that then finds nothing proves nothing. */
export async function runControls({ seed }: { seed: number }): Promise<ControlResult[]> {
  return [...(await runKillControls({ seed, kills: 6 })), await runPowerControl(seed)]
}

export async function runKillControls(options: { seed: number; kills: number }): Promise<ControlResult[]> {
  return Promise.all(controls.map((control) => runKillControl(control, options)))
}

async function runKillControl(
  { name, mutations, ...where }: Control,
  options: { seed: number; kills: number },
): Promise<ControlResult> {
  const build = mutatedDist(mutations)
  try {
    const { byPoint, faults } = await killCampaign({ main: build.main, lanes: 1, ...where, ...options })
    const doubled = [...byPoint.values()].reduce((sum, tally) => sum + tally.doubled, 0)
    const why = faults[0] ?? 'nothing was found'
    return { name, found: doubled > 0 ? `${doubled} doubled` : undefined, why }
  } finally {
    build.remove()
  }
}

async function runPowerControl(seed: number): Promise<ControlResult> {
  const name = 'synchronous NORMAL, power cut'
  if (!canWatchDisk()) return { name, found: undefined, why: noCompiler }
  const build = mutatedDist([withNormalSync])
  try {
    const { lost, cuts } = await powerCampaign({ cuts: 40, seed, main: build.main })
    return {
      name,
      found: lost > 0 ? `${lost} lost in ${cuts} power cuts` : undefined,
      why: 'nothing was found',
    }
  } finally {
    build.remove()
  }
}

export const noCompiler = 'not run: it needs Linux and a C compiler, to see what reaches the disk'
