import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { mutatedDist } from '../support/mutated-dist.js'
import { afterFailedFsync } from '../support/power/failed-fsync.js'
import { withoutRewriteOfLog } from '../support/power/mutations.js'
import { readOperations } from '../support/power/operations.js'
import { faultsOf, told } from '../support/power/scenario.js'
import { canWatchDisk, type DiskFault, ramDirectory, WatchedDisk } from '../support/power/shim.js'
import { runTrials } from '../support/power/trials.js'

const seed = Number(process.env['ROUSE_TEST_SEED'] ?? 20261121)
/** Of the 300 writes of the scenario every so many-th is tried; all of its fsyncs are. */
const stride = Number(process.env['ROUSE_TEST_DISK_STRIDE'] ?? 13)

const faults: readonly (readonly [string, DiskFault, number])[] = [
  ['an fsync once', { operations: ['sync'], error: 'EIO', count: 1 }, 1],
  ['every fsync', { operations: ['sync'], error: 'EIO' }, 1],
  ['a write once', { operations: ['write'], error: 'EIO', count: 1 }, stride],
  ['every write, on a full disk', { operations: ['write'], error: 'ENOSPC' }, stride],
  ['every write, after half of one', { operations: ['write'], error: 'ENOSPC', isPartial: true }, stride],
  ['everything that changes a file', { operations: ['write', 'truncate', 'name'], error: 'EROFS' }, stride],
]

// Without a C compiler nothing here can be made to fail: test/store/writer.test.ts has a full disk without one.
if (canWatchDisk()) describe('a disk that fails', disksFail)

function disksFail(): void {
  let aside = ''
  let directory = ''
  beforeEach(() => {
    aside = mkdtempSync(join(ramDirectory, 'rouse-faults-'))
    directory = join(aside, 'disk')
    mkdirSync(directory)
  })
  afterEach(() => rmSync(aside, { recursive: true, force: true }))

  it.each(faults)('at %s: says so, keeps what it told, and goes on when it works', async (_, fault, step) => {
    const disk = new WatchedDisk(directory, aside, false)
    const from = 1 + (seed % step)
    const trials = await runTrials(disk, { kind: 'every', fault, from, stride: step })
    disk.control.close()
    expect(trials.length).toBeGreaterThan(20)
    const hit = new Set(trials.flatMap(({ failures }) => failures.map(({ at }) => at)))
    for (const name of ['open', 'record 1', 'prepare', 'mark sent', 'settle']) {
      if (step === 1) expect(hit).toContain(name)
    }
    for (const { file, failures } of trials) {
      expect(failures.filter(({ code }) => code !== 'store.unavailable')).toEqual([])
      expect([file, ...faultsOf(file, told)]).toEqual([file])
    }
  })

  it('after a failed fsync writes the log again, and through, before it adds to it', async () => {
    const fault: DiskFault = { operations: ['sync'], error: 'EIO', count: 1 }
    const tries = join(aside, 'tries')
    mkdirSync(tries)
    const unlogged = new WatchedDisk(tries, aside, false)
    const tried = await runTrials(unlogged, { kind: 'every', fault, from: 1, stride: 1 })
    unlogged.control.close()
    // Which fsync is that of the second delivery changes with every migration.
    const from = 1 + tried.findIndex(({ failures }) => failures.some(({ at }) => at === 'record 2'))
    const disk = new WatchedDisk(directory, aside)
    const [trial] = await runTrials(disk, { kind: 'every', fault, from, stride: 1000 })
    disk.control.close()
    expect(trial?.failures).toMatchObject([{ at: 'record 2', engine: 'SQLITE_IOERR_FSYNC' }])
    const onLog = readOperations(disk.logFile).filter(({ path }) => path.endsWith('-wal'))
    const failed = onLog.findIndex(({ kind, error }) => kind === 'sync' && error !== 0)
    const [failedFrames, rewritten, through, added] = [onLog[failed - 1], ...onLog.slice(failed + 1)]
    expect(rewritten).toMatchObject({ kind: 'write', at: 0 })
    expect(through).toMatchObject({ kind: 'sync', error: 0 })
    expect(added).toMatchObject({ kind: 'write', at: rewritten?.data.length })
    expect(failedFrames?.at).toBeGreaterThan(added?.at ?? Number.POSITIVE_INFINITY)
  })

  it('loses nothing when a commit that the disk did not take is read back by the next process', async () => {
    const { trials, faults } = await afterFailedFsync({ seed })
    expect(trials.flatMap(({ failures }) => failures.map(({ at }) => at))).toEqual([...told])
    for (const { failures } of trials) {
      expect(failures).toMatchObject([{ code: 'store.unavailable', engine: 'SQLITE_IOERR_FSYNC' }])
    }
    expect(faults).toEqual([])
  })

  it('takes acknowledged deliveries from a build that believes what it reads after such a fault', async () => {
    const build = mutatedDist([withoutRewriteOfLog])
    const { faults } = await afterFailedFsync({ seed, dist: dirname(build.main) })
    build.remove()
    expect(faults).toContain('after the fsync of "record 1" failed: "record 2" was told and is not there')
  })
}
