import { appendFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Store } from '../../../src/store/store.js'
import { Scenario, type Told, told } from './scenario.js'
import { DiskControl, type DiskFault } from './shim.js'

/**
 * Goes through the scenario with a disk that fails. Run as a process of its own, with disk-shim.c before it, because
 * its faults are those of the whole process.
 */

export interface Plan {
  /** The build whose ledger is tried. */
  readonly dist: string
  readonly controlFile: string
  /** Watched; each trial has a directory of its own in it. */
  readonly directory: string
  readonly task:
    | { readonly kind: 'every'; readonly fault: DiskFault; readonly from: number; readonly stride: number }
    | { readonly kind: 'die' }
    | { readonly kind: 'resume' }
}

export interface Trial {
  readonly file: string
  /** The operation of the disk that failed first. */
  readonly first: number
  /** What failed, with its code, in order. */
  readonly failures: readonly Failure[]
}

interface Failure {
  readonly at: string
  readonly code: string
  readonly engine: string
}

/** Of an error of the build that is tried, whose classes are not those of these sources. */
function failureOf(at: string, error: unknown): Failure {
  const { code = 'none', details = {} } = error as { code?: string; details?: { engine_code?: string } }
  return { at, code, engine: details.engine_code ?? '' }
}

const plan = JSON.parse(process.argv[2] ?? '') as Plan
const { openSqliteStore } = (await import(
  pathToFileURL(join(plan.dist, 'store/sqlite/open.js')).href
)) as typeof import('../../../src/store/sqlite/open.js')
const control = new DiskControl(plan.controlFile)
/** The collector closes what nobody holds, and what it writes through then would take the fault of another step. */
const held: Store[] = []

function placeOf(name: string): { file: string; tell: (what: Told) => void } {
  const directory = join(plan.directory, name)
  mkdirSync(directory, { recursive: true })
  return {
    file: join(directory, `ledger-${name}.db`),
    // Into the watched directory: so it has its place among the fsyncs.
    tell: (what) => appendFileSync(join(directory, 'told'), `${what}\n`),
  }
}

/** Does something that fails for as long as the disk does, twice, then again on the disk that works. */
async function persist<Value>(at: string, failures: Failure[], work: () => Promise<Value>): Promise<Value> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      failures.push(failureOf(at, error))
      if (attempt === 2) control.repair()
      if (attempt === 3) throw error
    }
  }
}

/** The n-th operation of the disk fails, counted from the opening of an empty ledger to its closing. */
async function every(fault: DiskFault, from: number, stride: number): Promise<void> {
  for (let first = from; ; first += stride) {
    const { file } = placeOf(`${fault.operations[0]}-${first}`)
    const failures: Failure[] = []
    control.break({ ...fault, first })
    const store: Store = await persist('open', failures, () => openSqliteStore({ file, exclusive: true }))
    const scenario = new Scenario(store, 'node-1')
    for (const name of told) await persist(name, failures, () => scenario.run(name))
    await persist('close', failures, () => store.close())
    const isReached = control.seen >= first
    control.repair()
    if (!isReached) return
    process.stdout.write(`${JSON.stringify({ file, first, failures })}\n`)
  }
}

/** In one ledger for each step: its commit is not written through, and then the process is gone. */
async function die(): Promise<void> {
  for (const [index, last] of told.entries()) {
    const { file, tell } = placeOf(String(index))
    const store = await openSqliteStore({ file, exclusive: true })
    held.push(store)
    const scenario = new Scenario(store, 'node-1')
    for (const name of told.slice(0, index)) {
      await scenario.run(name)
      tell(name)
    }
    control.break({ operations: ['sync'], error: 'EIO', suffix: '-wal', count: 1 })
    const failures: Failure[] = []
    await scenario.run(last).catch((error: unknown) => failures.push(failureOf(last, error)))
    control.repair()
    process.stdout.write(`${JSON.stringify({ file, first: 1, failures })}\n`)
  }
}

/** The next process: everybody asks again, and is told again. */
async function resume(): Promise<void> {
  for (const [index] of told.entries()) {
    const { file, tell } = placeOf(String(index))
    const store = await openSqliteStore({ file, exclusive: true })
    const scenario = new Scenario(store, 'node-2')
    for (const name of told) {
      await scenario.run(name)
      tell(name)
    }
  }
}

if (plan.task.kind === 'every') await every(plan.task.fault, plan.task.from, plan.task.stride)
else {
  await (plan.task.kind === 'die' ? die() : resume())
  process.stdout.write('', () => process.kill(process.pid, 'SIGKILL'))
}
