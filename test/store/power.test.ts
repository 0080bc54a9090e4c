import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import Database from 'better-sqlite3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openSqliteStore } from '../../src/store/sqlite/open.js'
import { type Mutation, mutatedDist, withNormalSync } from '../support/mutated-dist.js'
import { DaemonProcess } from '../support/power/daemon-process.js'
import { type PowerLoad, powerLoad, writeChargeSetting } from '../support/power/load.js'
import {
  withNewerEngineNeeded,
  withoutFsyncOfCheckpoints,
  withSettingThatDoesNotStick,
  withShortLog,
} from '../support/power/mutations.js'
import { cutPower, powerCampaign, toldIn } from '../support/power/run.js'
import { canWatchDisk } from '../support/power/shim.js'
import { SimulatedDisk } from '../support/power/simulated-disk.js'
import { RecordingApi } from '../support/recording-api.js'
import { until } from '../support/wait.js'
import { temporaryDirectory } from './ledger.js'

const seed = Number(process.env['ROUSE_TEST_SEED'] ?? 20261121)
const cuts = Number(process.env['ROUSE_TEST_POWER_CUTS'] ?? 16)
const deliveries = Number(process.env['ROUSE_TEST_POWER_DELIVERIES'] ?? 32)
const main = resolve(import.meta.dirname, '../../dist/main.js')
const nothingLost = { lost: 0, unmarked: 0, unreadable: [] }

async function campaignWith(mutations: readonly Mutation[]) {
  const build = mutatedDist(mutations)
  try {
    return await powerCampaign({ cuts, seed, deliveries, main: build.main })
  } finally {
    build.remove()
  }
}

if (canWatchDisk()) describe('a power cut, by what had reached the disk', disksAreWatched)
else describe('without a C compiler, so that settings are read and not the disk', settingsAreRead)

function disksAreWatched(): void {
  const aside = mkdtempSync(join(tmpdir(), 'rouse-power-'))
  let api: RecordingApi
  let load: PowerLoad
  beforeAll(async () => {
    api = await RecordingApi.start()
    load = await powerLoad({ aside, main, deliveries, api })
  })
  afterAll(async () => {
    await api.close()
    rmSync(aside, { recursive: true, force: true })
  })

  it('takes nothing that was acknowledged, and leaves every write that began to leave marked as sent', async () => {
    const result = await cutPower(load, { cuts, seed })
    expect(result).toMatchObject({ ...nothingLost, acked: deliveries })
    expect(result.fsyncsPer100).toBeGreaterThanOrEqual(100)
  })

  it('takes acknowledged deliveries from a build that writes the log through as the library does', async () => {
    const result = await campaignWith([withNormalSync])
    expect(result.lost).toBeGreaterThan(0)
    expect(result.unmarked).toBeGreaterThan(0)
    expect(result.fsyncsPer100).toBeLessThan(50)
  })

  it('takes nothing while the log is written back and begun anew', async () => {
    const result = await campaignWith(withShortLog)
    expect(result).toMatchObject(nothingLost)
    expect(result.logsBegun).toBeGreaterThan(3)
  })

  it('damages the ledger of a build that writes the log back without waiting for the disk', async () => {
    const { lost, unreadable } = await campaignWith([...withShortLog, withoutFsyncOfCheckpoints])
    expect(lost + unreadable.length).toBeGreaterThan(0)
  })

  it('between a write and its answer leaves it unknown: the same key goes out again, and nothing else', async () => {
    const cut = load.operations.findLastIndex((operation) => toldIn(operation).keys.length > 0)
    const key = toldIn(load.operations[cut] ?? expect.unreachable()).keys[0]
    const disk = new SimulatedDisk(load.disk)
    for (const operation of load.operations.slice(0, cut + 1)) disk.apply(operation)
    const directory = join(aside, 'after')
    mkdirSync(join(directory, 'disk'), { recursive: true })
    disk.leaveIn(join(directory, 'disk'))
    await writeChargeSetting(directory, api)
    const before = api.writes.length
    const file = join(directory, 'disk/data/rouse.db')
    expect(callWithKey(file, key)).toMatchObject({ state: 'sent', sends: 1 })

    const daemon = new DaemonProcess({ main, directory })
    await daemon.start()
    await until('the write to be confirmed', () => callWithKey(file, key)?.state === 'confirmed')
    await daemon.stop()
    const again = api.writes.slice(before).map(({ headers }) => headers['idempotency-key'])
    expect(again.filter((sent) => sent === key)).toHaveLength(1)
    const earlier = new Set(api.writes.slice(0, before).map(({ headers }) => headers['idempotency-key']))
    for (const sent of again) expect(earlier).toContain(sent)
    expect(callWithKey(file, key)).toMatchObject({ state: 'confirmed', sends: 2 })
  })
}

function callWithKey(file: string, key: string | undefined): { state: string; sends: number } | undefined {
  const db = new Database(file, { readonly: true })
  try {
    return db
      .prepare<[unknown], { state: string; sends: number }>(
        'SELECT state, sends FROM tool_calls WHERE idempotency_key = ?',
      )
      .get(key)
  } finally {
    db.close()
  }
}

describe('a build that a power cut could hurt', () => {
  it.each([
    [
      'whose setting does not stick',
      withSettingThatDoesNotStick,
      'SQLite keeps synchronous at 1, rouse needs NORMAL',
    ],
    ['whose SQLite is too old', withNewerEngineNeeded, 'this build of better-sqlite3 has SQLite'],
  ])('%s ends at the start and says so', async (_, mutation, message) => {
    const build = mutatedDist([mutation])
    const directory = mkdtempSync(join(tmpdir(), 'rouse-power-'))
    const api = await RecordingApi.start()
    await writeChargeSetting(directory, api)
    const daemon = new DaemonProcess({ main: build.main, directory })
    await expect(daemon.start()).rejects.toThrow(message)
    expect(await daemon.ended()).toBe(1)
    await api.close()
    build.remove()
    rmSync(directory, { recursive: true, force: true })
  })
})

function settingsAreRead(): void {
  it('synchronous is FULL on every connection of a ledger that is opened again', async () => {
    const directory = temporaryDirectory()
    const file = join(directory.path, 'rouse.db')
    for (const exclusive of [true, true, false]) {
      const store = await openSqliteStore({ file, exclusive })
      const { settings } = await store.diagnose()
      const found = settings.filter(({ name }) => name === 'synchronous')
      expect(found.map(({ connection, value }) => [connection, value])).toEqual([
        ['writer', 'FULL'],
        ['reader', 'FULL'],
      ])
      await store.close()
    }
    directory.remove()
  })
}
