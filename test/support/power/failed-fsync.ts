import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { randomFrom } from '../random.js'
import { readOperations } from './operations.js'
import { faultsOf, type Told, told } from './scenario.js'
import type { Trial } from './scenario-process.js'
import { ramDirectory, WatchedDisk } from './shim.js'
import { SimulatedDisk } from './simulated-disk.js'
import { runTrials } from './trials.js'

export interface FailedFsyncResult {
  /** Of the process whose commits were not written through; each names the step that failed. */
  readonly trials: readonly Trial[]
  /** Ledgers that a power cut left without something that was told, or damaged. */
  readonly faults: readonly string[]
}

/**
 * A commit is not written through, the process ends, the next one reads the commit from the kernel's memory, where it
 * still stands though it is not on the disk and never will be, and the power is cut. Once for each step of the scenario.
 */
export async function afterFailedFsync(options: {
  readonly seed: number
  readonly dist?: string
}): Promise<FailedFsyncResult> {
  const aside = mkdtempSync(join(ramDirectory, 'rouse-fsync-'))
  const directory = join(aside, 'disk')
  mkdirSync(directory)
  const disk = new WatchedDisk(directory, aside)
  try {
    const trials = await runTrials(disk, { kind: 'die' }, options.dist)
    await runTrials(disk, { kind: 'resume' }, options.dist)
    const random = randomFrom(options.seed)
    const disks = [new SimulatedDisk(directory), new SimulatedDisk(directory, random)]
    const owed = new Map<string, Set<Told>>()
    const faults: string[] = []
    const operations = readOperations(disk.logFile)
    for (const [index, operation] of operations.entries()) {
      for (const each of disks) each.apply(operation)
      if (operation.kind !== 'write' || !operation.path.endsWith('/told')) continue
      const name = basename(dirname(operation.path))
      const words = owed.get(name) ?? new Set()
      owed.set(name, words.add(operation.data.toString('utf8').trim() as Told))
      if (words.size < told.length && random() > 0.1 && index < operations.length - 1) continue
      for (const each of disks) faults.push(...faultsAfter(each, name, words))
    }
    return { trials, faults }
  } finally {
    disk.control.close()
    rmSync(aside, { recursive: true, force: true })
  }
}

function faultsAfter(disk: SimulatedDisk, name: string, owed: ReadonlySet<Told>): string[] {
  const target = mkdtempSync(join(ramDirectory, 'rouse-cut-'))
  disk.leaveIn(target, name)
  const found = faultsOf(join(target, name, `ledger-${name}.db`), owed)
  rmSync(target, { recursive: true, force: true })
  return found.map((fault) => `after the fsync of "${told[Number(name)]}" failed: ${fault}`)
}
