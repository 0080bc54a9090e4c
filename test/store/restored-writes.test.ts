import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openSqliteStore } from '../../src/store/sqlite/open.js'
import type { Store } from '../../src/store/store.js'
import {
  idOf,
  intent,
  minute,
  newCall,
  propose,
  proposeHeld,
  queueRun,
  recordEvent,
  start,
  startRun,
  step,
} from '../contract/store-fixtures.js'

let directory: string
let restored: Store
let runId: string
let callId: string

/** A ledger whose backup has a write that was prepared and not sent, opened as what goes on. */
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'rouse-restored-'))
  const store = await openSqliteStore({ file: join(directory, 'first.db'), exclusive: true })
  const lease = await startRun(store)
  const call = newCall()
  await store.beginRun(lease, 'digest', start)
  await store.appendStep(lease, step(), [call], start)
  await store.prepare(lease, call.id, intent(), start)
  const file = join(directory, 'backup.db')
  await store.backup(file, start)
  await store.close()
  restored = await openSqliteStore({ file, exclusive: true, isRestoreAccepted: true })
  await restored.recoverRuns({ node: 'next', alone: true, now: start, maxCrashes: 3 })
  runId = lease.runId
  callId = call.id
})

afterEach(async () => {
  await restored.close()
  await rm(directory, { recursive: true, force: true })
})

describe('a write that was prepared when the backup was taken', () => {
  it('keeps its run when a newer event takes its place: it may have gone out since', async () => {
    const subject = idOf((await restored.run(runId))?.subject)
    const eventId = await recordEvent(restored, { subject })
    const decisions = [{ agent: 'doctor', reason: 'matched' as const }]
    await restored.dispatch([{ eventId, decisions }], start, new Map([['doctor', { whenBusy: 'supersede' }]]))
    expect(await restored.run(runId)).toMatchObject({ state: 'queued', supersededBy: eventId })
    expect((await restored.toolCall(callId))?.state).toBe('prepared')
  })

  it('is held and not denied when its run is cancelled', async () => {
    await restored.cancelRun(runId, 'enough', start)
    expect((await restored.toolCall(callId))?.state).toBe('held')
  })
})

describe('in a backup that is started', () => {
  /** What `prepare` leaves in a ledger, as its backup has it when that goes on. */
  async function goOn(prepare: (store: Store) => Promise<void>): Promise<Store> {
    const store = await openSqliteStore({ file: join(directory, 'second.db'), exclusive: true })
    await prepare(store)
    const file = join(directory, 'second-backup.db')
    await store.backup(file, start)
    await store.close()
    return openSqliteStore({ file, exclusive: true, isRestoreAccepted: true })
  }

  it('a write that a person let go out again before it was taken is uncertain once more', async () => {
    let id = ''
    const store = await goOn(async (first) => {
      const { lease, callId } = await proposeHeld(first)
      await first.finish(lease, { state: 'parked', on: 'person' }, 1, start)
      await first.resolveHeld(callId, { state: 'send_again', by: 'ann', output: undefined }, start)
      id = callId
    })
    expect((await store.toolCall(id))?.state).toBe('unknown')
    await store.close()
  })

  it('what a probe did not find before it was taken is looked for anew', async () => {
    let id = ''
    const store = await goOn(async (first) => {
      const { lease, callId } = await propose(first)
      await first.prepare(lease, callId, intent(), start)
      await first.markSent(lease, callId, start)
      await first.settle(lease, callId, { state: 'unknown' }, start)
      for (let looks = 0; looks < 2; looks++) await first.countLook(lease, callId, start)
      id = callId
    })
    expect(await store.toolCall(id)).toMatchObject({ state: 'unknown', looks: 0, lookedAt: undefined })
    await store.close()
  })

  it('only what its own events wake is uncertain, also when all of them are deleted', async () => {
    let early = ''
    const store = await goOn(async (first) => {
      early = await recordEvent(first)
    })
    await store.dispatch([{ eventId: early, decisions: [] }], start)
    const future = start + 1000 * minute
    expect(await store.prune(new Map([['ci', future]]), 100)).toMatchObject({ events: 1 })
    const runId = await queueRun(store, 'doctor', 'later', future)
    expect((await store.run(runId))?.isRestored).toBe(false)
    await store.close()
  })
})
