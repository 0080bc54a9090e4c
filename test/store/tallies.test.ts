import { join } from 'node:path'
import { expect, it } from 'vitest'
import { openSqliteStore } from '../../src/store/sqlite/open.js'
import { start } from '../contract/store-fixtures.js'
import { writeOldLedger } from '../support/old-ledger.js'
import { temporaryDirectory } from './ledger.js'

it('counts what an older rouse left in the ledger as if it had been counted when it happened', async () => {
  const directory = temporaryDirectory()
  const file = join(directory.path, 'rouse.db')
  writeOldLedger(file, { now: start, origin: 'http://127.0.0.1:9' })
  const store = await openSqliteStore({ file, exclusive: true })
  const [{ deliveries, events, runs }, totals] = [await store.counts(), await store.totals()]
  const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0)
  for (const state of ['recorded', 'duplicate', 'malformed'] as const)
    expect(sum(totals.sources.map((source) => source.deliveries[state]))).toBe(deliveries[state])
  for (const state of ['dispatched', 'ignored'] as const)
    expect(sum(totals.sources.map((source) => source.events[state]))).toBe(events[state])
  for (const state of ['completed', 'dead', 'cancelled'] as const)
    expect(sum(totals.agents.map((agent) => agent[state]))).toBe(runs[state])
  const all = await store.listRuns({ limit: 1000 })
  expect(sum(totals.agents.map(({ begun }) => begun))).toBe(all.filter((run) => run.startedAt).length)
  expect(sum(totals.models.map(({ turns }) => turns))).toBe(sum(all.map(({ usage }) => usage.turns)))
  expect(totals.toolCalls.find(({ state }) => state === 'held')?.calls).toBe(1)
  const byHour = await store.activity(0, start * 2, 3_600_000)
  expect(sum(byHour.map(({ events: counted }) => counted.recorded))).toBe(
    sum(totals.sources.map(({ events: counted }) => counted.recorded)),
  )
  await store.close()
  directory.remove()
})
