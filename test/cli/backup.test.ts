import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { schemaVersion } from '../../src/store/sqlite/migrate.js'
import { arrival, draft, idOf } from '../contract/store-fixtures.js'
import { pruneAll } from '../contract/store-retention.js'
import { type FilledLedger, fillLedger, rouse } from './filled-ledger.js'
import { now } from './recorded.js'

let ledger: FilledLedger

beforeEach(async () => {
  ledger = await fillLedger()
})
afterEach(() => ledger.close())

describe('backup', () => {
  test('prints one document, with times and names as everywhere', async () => {
    const { code, out } = await rouse(ledger, ['backup', 'copies.db', '--json'])
    expect(code).toBe(0)
    expect(JSON.parse(out)).toEqual({
      file: join(ledger.directory, 'copies.db'),
      taken_at: '2026-11-21T07:00:00.000Z',
      size_bytes: expect.any(Number),
      schema_version: schemaVersion,
      events: expect.any(Number),
      unfinished_runs: expect.any(Number),
    })
  })

  test('ends with 1 and says why where it cannot be', async () => {
    const { code, err } = await rouse(ledger, ['backup', './nowhere/copy.db'])
    expect([code, err]).toEqual([1, expect.stringMatching(/nowhere\/copy\.db cannot be written \(ENOENT\)/)])
    const itself = await rouse(ledger, ['backup', './ledger/rouse.db'])
    expect([itself.code, itself.err]).toEqual([1, expect.stringContaining('belongs to the ledger itself')])
  })
})

test('doctor shows how large the ledger is, what of it is free, and since when it goes', async () => {
  const { out } = await rouse(ledger, ['doctor', '--json'])
  const { findings } = JSON.parse(out) as { findings: { area: string; text: string }[] }
  const texts = findings.filter(({ area }) => area === 'ledger').map(({ text }) => text)
  expect(texts).toContainEqual(expect.stringMatching(/^\d.* free to be used again; oldest event /))
})

describe('explain, where events are gone that were old', () => {
  test('says of a redelivery what it was about', async () => {
    const { store } = ledger
    const first = arrival({ receivedAt: now - 1000, events: [draft({ sourceEventId: 'guid' })] })
    const eventId = idOf((await store.record(first)).events[0]?.id)
    await store.dispatch([{ eventId, decisions: [] }], now)
    await pruneAll(store, new Map([['ci', now]]))
    await store.record({ ...first, deliveryId: 'dlv_0193b6f1e4c17d0a9c3f1b2c3d4e5fff', receivedAt: now })
    const { code, out } = await rouse(ledger, ['explain', 'dlv_0193b6f1e4c17d0a9c3f1b2c3d4e5fff'])
    expect(code).toBe(0)
    expect(out).toContain(`${eventId}, which is old and no longer in the ledger`)
    const gone = await rouse(ledger, ['explain', eventId])
    expect([gone.code, gone.err]).toEqual([1, expect.stringContaining('there is no event')])
  })

  test('tells the story of a run of several by those that are left', async () => {
    const { store } = ledger
    const ids: string[] = []
    for (const [index, time] of [now - 1000, now - 2000].entries()) {
      const events = [draft({ subject: 'acme/web#1', time })]
      const recorded = await store.record(arrival({ receivedAt: now - 1000 + index, events }))
      const eventId = idOf(recorded.events[0]?.id)
      ids.push(eventId)
      const mailboxes = new Map([['nurse', { whenBusy: 'coalesce', quietMs: 0, maxWaitMs: 1 } as const]])
      await store.dispatch([{ eventId, decisions: [{ agent: 'nurse', reason: 'matched' }] }], now, mailboxes)
    }
    const [run] = await store.runsOf(idOf(ids[0]))
    await store.cancelRun(idOf(run?.id), 'enough', now - 500)
    const other = await store.replay(idOf(ids[1]), 'nurse', now)
    await pruneAll(store, new Map([['ci', now]]))
    expect(await store.event(idOf(ids[0]))).toBeUndefined()
    const explained = await rouse(ledger, ['explain', idOf(run?.id)])
    expect([explained.code, explained.out]).toEqual([0, expect.stringContaining(idOf(ids[1]))])
    const shown = await rouse(ledger, ['run', idOf(run?.id)])
    expect([shown.code, shown.out]).toEqual([0, expect.stringContaining('old and no longer in the ledger')])
    expect((await rouse(ledger, ['explain', other.id])).code).toBe(0)
  })
})
