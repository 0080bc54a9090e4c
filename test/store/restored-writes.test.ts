import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openSqliteStore } from '../../src/store/sqlite/open.js'
import type { Store } from '../../src/store/store.js'
import { idOf, intent, newCall, recordEvent, start, startRun, step } from '../contract/store-fixtures.js'

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
