import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import Database from 'better-sqlite3'
import { openSqliteStore } from '../../../src/store/sqlite/open.js'
import { randomFrom } from '../random.js'
import { RecordingApi } from '../recording-api.js'
import { type PowerLoad, powerLoad } from './load.js'
import { isCommit, isLogBegun, type Operation } from './operations.js'
import { ramDirectory } from './shim.js'
import { SimulatedDisk } from './simulated-disk.js'

export interface PowerOptions {
  /** Moments at which the power is cut; each is looked at on two disks, one that writes early and one that does not. */
  readonly cuts: number
  readonly seed: number
  /** The program, such as a copy of the build with a guarantee taken out. */
  readonly main?: string
  /** Deliveries that are acknowledged in all. */
  readonly deliveries?: number
}

export interface PowerResult {
  readonly cuts: number
  readonly acked: number
  /** Events that were answered 2xx before a cut and are not in the ledger after it. */
  readonly lost: number
  /** Writes that had begun to leave before a cut and are not marked as sent after it. */
  readonly unmarked: number
  /** Ledgers that could not be opened after a cut, or are damaged, with the reason. */
  readonly unreadable: readonly string[]
  readonly commits: number
  readonly fsyncsPer100: number
  /** How often the write-ahead log was begun, which may be done when all of it is in the file. */
  readonly logsBegun: number
}

/**
 * Cuts the power of the real daemon: runs it under load with everything that it does to the disk and tells to others
 * written down in one order, then looks at what a disk would hold at many moments of that order. Whatever it had said
 * to a sender or begun to send to an API must be in the ledger that is opened from there.
 */
export async function powerCampaign({
  cuts,
  seed,
  main = resolve(import.meta.dirname, '../../../dist/main.js'),
  deliveries = 120,
}: PowerOptions): Promise<PowerResult> {
  const aside = mkdtempSync(join(tmpdir(), 'rouse-power-'))
  const api = await RecordingApi.start()
  try {
    return await cutPower(await powerLoad({ aside, main, deliveries, api }), { cuts, seed })
  } finally {
    await api.close()
    rmSync(aside, { recursive: true, force: true })
  }
}

/** Looks at what is left of a load after each of many power cuts. */
export async function cutPower(
  { operations, disk, acked }: PowerLoad,
  { cuts, seed }: { readonly cuts: number; readonly seed: number },
): Promise<PowerResult> {
  const told = operations.map(toldIn)
  const heard = new Set(told.flatMap(({ events }) => events))
  for (const id of acked) if (!heard.has(id)) throw new Error(`${id} was acknowledged and is not in the log`)
  const random = randomFrom(seed)
  const disks = [new SimulatedDisk(disk), new SimulatedDisk(disk, random)]
  const lost = new Set<string>()
  const unmarked = new Set<string>()
  const unreadable: string[] = []
  const before: Told = { events: [], keys: [] }
  let at = 0
  for (const cut of chooseCuts(told, cuts, random)) {
    for (; at < cut; at++) {
      const operation = operations[at]
      if (operation) for (const each of disks) each.apply(operation)
      before.events.push(...(told[at]?.events ?? []))
      before.keys.push(...(told[at]?.keys ?? []))
    }
    for (const each of disks) {
      const left = await ledgerAfter(each)
      if (left.fault !== undefined) unreadable.push(`cut ${cut}: ${left.fault}`)
      for (const id of before.events) if (!left.events.has(id)) lost.add(id)
      for (const key of before.keys) if (!left.sent.has(key)) unmarked.add(key)
    }
  }
  const commits = operations.filter(isCommit).length
  const fsyncs = operations.filter(({ kind, error }) => kind === 'sync' && error === 0).length
  return {
    cuts,
    acked: acked.length,
    lost: lost.size,
    unmarked: unmarked.size,
    unreadable,
    commits,
    fsyncsPer100: Math.round((fsyncs / commits) * 100),
    logsBegun: operations.filter(isLogBegun).length,
  }
}

export interface Told {
  /** Ids of events in answers 2xx. */
  readonly events: string[]
  /** Idempotency keys of requests that began to leave. */
  readonly keys: string[]
}

/** What the process said to a sender or to an API in this operation. */
export function toldIn({ kind, data }: Operation): Told {
  if (kind !== 'tell') return { events: [], keys: [] }
  const text = data.toString('latin1')
  const events = /^HTTP\/1\.1 2/.test(text) ? (text.match(/evt_[0-9a-f-]+/g) ?? []) : []
  const keys = text.startsWith('POST ') ? (/\nidempotency-key: (\S+)/i.exec(text)?.slice(1, 2) ?? []) : []
  return { events, keys }
}

/** Half of them anywhere, half just after something was said: when most is owed and least has had time to be written. */
function chooseCuts(told: readonly Told[], cuts: number, random: () => number): number[] {
  const moments = told.flatMap(({ events, keys }, index) =>
    events.length + keys.length > 0 ? index + 1 : [],
  )
  const chosen = Array.from({ length: cuts }, (_, index) => {
    const from = Math.floor(random() * (index % 2 === 0 ? told.length : moments.length))
    return index % 2 === 0 ? from : (moments[from] ?? told.length)
  })
  return chosen.sort((left, right) => left - right)
}

interface Left {
  readonly events: ReadonlySet<string>
  /** Keys of writes that are marked as sent, or more. */
  readonly sent: ReadonlySet<string>
  readonly fault?: string
}

/** Opens what a power cut left as the daemon would, which checks it, and reads it with SQLite alone. */
async function ledgerAfter(disk: SimulatedDisk): Promise<Left> {
  const target = mkdtempSync(join(ramDirectory, 'rouse-cut-'))
  disk.leaveIn(target)
  const file = join(target, 'data/rouse.db')
  try {
    const store = await openSqliteStore({ file, exclusive: true })
    await store.close()
    const db = new Database(file, { readonly: true })
    const integrity = db.pragma('integrity_check', { simple: true })
    const events = db.prepare<[], string>('SELECT id FROM events').pluck().all()
    const sent = db
      .prepare<[], string>(`SELECT idempotency_key FROM tool_calls WHERE sends > 0`)
      .pluck()
      .all()
    db.close()
    const left = { events: new Set(events), sent: new Set(sent) }
    return integrity === 'ok' ? left : { ...left, fault: String(integrity) }
  } catch (error) {
    return {
      events: new Set(),
      sent: new Set(),
      fault: error instanceof Error ? error.message : String(error),
    }
  }
}
