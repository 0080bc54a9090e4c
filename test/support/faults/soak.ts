import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sleep } from '../../../src/util/clock.js'
import { randomFrom } from '../random.js'
import { freePort } from './lane.js'
import { Life } from './life.js'
import { Sender } from './sender.js'
import { writeScript, writeSetting } from './setting.js'
import { World } from './world.js'

export interface Held {
  readonly residentMB: number
  readonly descriptors: number
  readonly logMB: number
}

export interface SoakResult {
  readonly seconds: number
  readonly acked: number
  /** The median of the second quarter of the time, when it is warm. */
  readonly early: Held
  /** The median of the last quarter. */
  readonly late: Held
  readonly mostLogMB: number
  /** What grew, in words. */
  readonly faults: readonly string[]
}

const secret = 'k7Gq2nV9xB4tLw8sRz3mYc6p'
const perSecond = 50

export const canSoak = (): boolean => existsSync('/proc/self/fd')

/** One process that lives under a steady load, and how much it holds: memory, descriptors, the write-ahead log. */
export async function soak(options: { main: string; seconds: number; seed: number }): Promise<SoakResult> {
  const { main, seconds, seed } = options
  const directory = await mkdtemp(join(tmpdir(), 'rouse-soak-'))
  const world = await World.start(() => 'answered')
  const port = await freePort()
  const sender = new Sender(randomFrom(seed), { firstNumber: 1, twice: 0.2 })
  const samples: Held[] = []
  try {
    await writeScript(directory)
    await writeSetting({ directory, port, world, secrets: [secret], revision: 0 })
    const life = await Life.start({ main, directory })
    const url = `http://127.0.0.1:${port}`
    sender.start({ url, secret, life: 0, fresh: seconds * perSecond, paddingBytes: 4000, perSecond })
    const endsAt = performance.now() + seconds * 1000
    while (performance.now() < endsAt && life.isRunning) {
      await sleep(500)
      samples.push(sample(life.pid, join(directory, 'rouse.db-wal')))
    }
    const how = await life.end('SIGTERM')
    if (how !== 0) throw new Error(`the daemon was asked to stop and ended with ${how}:\n${life.log}`)
  } finally {
    await sender.stop()
    await world.close()
    await rm(directory, { recursive: true, force: true })
  }
  const quarter = Math.floor(samples.length / 4)
  const early = median(samples.slice(quarter, 2 * quarter))
  const late = median(samples.slice(-quarter))
  const mostLogMB = Math.max(...samples.map(({ logMB }) => logMB))
  const acked = sender.occurrences.filter(({ isAcked }) => isAcked).length
  return { seconds, acked, early, late, mostLogMB, faults: grown(early, late, mostLogMB) }
}

/** A heap is not the same twice; a leak of any kind at 50 events a second is far beyond these bounds in minutes. */
function grown(early: Held, late: Held, mostLogMB: number): string[] {
  const faults: string[] = []
  if (late.residentMB > early.residentMB * 1.25 + 25) {
    faults.push(`memory grew from ${early.residentMB} to ${late.residentMB} MB`)
  }
  if (late.descriptors > early.descriptors + 20) {
    faults.push(`open descriptors grew from ${early.descriptors} to ${late.descriptors}`)
  }
  if (mostLogMB > 64) faults.push(`the write-ahead log grew to ${mostLogMB} MB`)
  return faults
}

function sample(pid: number, log: string): Held {
  const resident = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '0'
  return {
    residentMB: Math.round(Number(resident) / 1024),
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
    logMB: Math.round((statSync(log, { throwIfNoEntry: false })?.size ?? 0) / 1024 / 1024),
  }
}

function median(samples: readonly Held[]): Held {
  const of = (key: keyof Held) => {
    const sorted = samples.map((one) => one[key]).sort((left, right) => left - right)
    return sorted[Math.floor(sorted.length / 2)] ?? 0
  }
  return { residentMB: of('residentMB'), descriptors: of('descriptors'), logMB: of('logMB') }
}
