import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import Database from 'better-sqlite3'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Mailbox } from '../../src/domain/agent.js'
import type { Arrival } from '../../src/store/records.js'
import { openSqliteStore } from '../../src/store/sqlite/open.js'
import type { Store } from '../../src/store/store.js'
import { arrival, draft, idOf, intent, newCall, start, step, tryClaim } from '../contract/store-fixtures.js'
import { pruneAll } from '../contract/store-retention.js'
import { temporaryDirectory } from './ledger.js'
import { ended, inOtherProcess } from './other-process.js'

const faultModule = pathToFileURL(join(import.meta.dirname, '../../dist/util/fault-point.js')).href

const day = 86_400_000
const keeps: Readonly<Record<string, number>> = { ci: 30 * day, ops: 60 * day }
const longest = 60 * day + 35 * day
const sources = ['ci', 'ops', 'archive'] as const
const endings = ['complete', 'reject', 'hold', 'hold and die', 'wait', 'fail', 'leave'] as const

/** What a test may do, one after the other, each some days after the one before. */
const act = fc.record({
  days: fc.integer({ min: 0, max: 20 }),
  source: fc.constantFrom(...sources),
  subject: fc.constantFrom('a', 'b', 'c'),
  events: fc.integer({ min: 1, max: 3 }),
  agents: fc.subarray(['queue', 'coalesce'], { minLength: 0 }),
  isDispatched: fc.boolean(),
  work: fc.array(fc.constantFrom(...endings), { maxLength: 4 }),
  resolves: fc.boolean(),
  replays: fc.boolean(),
  repeats: fc.boolean(),
})
type Act = typeof act extends fc.Arbitrary<infer Value> ? Value : never

const mailboxes = new Map<string, Mailbox>([
  ['queue', { whenBusy: 'queue' }],
  ['coalesce', { whenBusy: 'coalesce', quietMs: 0, maxWaitMs: 60_000 }],
])

class Life {
  now = start
  readonly sent: { delivery: Arrival; ids: readonly string[] }[] = []
  readonly eventIds: string[] = []
  #serial = 0

  constructor(
    readonly store: Store,
    readonly db: Database.Database,
  ) {}

  async live(plan: Act): Promise<void> {
    this.now += plan.days * day
    const { store, now } = this
    const events = Array.from({ length: plan.events }, () => {
      return draft({ subject: plan.subject, sourceEventId: `guid-${++this.#serial}` })
    })
    const delivery = arrival({ source: plan.source, receivedAt: now, events })
    const recorded = await store.record(delivery)
    const ids = recorded.events.map(({ id }) => idOf(id))
    this.sent.push({ delivery, ids })
    this.eventIds.push(...ids)
    const decisions = plan.agents.map((agent) => ({ agent, reason: 'matched' as const }))
    if (plan.isDispatched) {
      await store.dispatch(
        ids.map((eventId) => ({ eventId, decisions })),
        now,
        mailboxes,
      )
    }
    if (plan.repeats) {
      const earlier = this.sent[this.#serial % this.sent.length]
      const repeated = earlier?.delivery ?? delivery
      const again = await store.record({
        ...repeated,
        deliveryId: `dlv_again_${this.#serial}`,
        receivedAt: now,
      })
      // Sent again when it was forgotten already, it is new, and young from then on.
      if (earlier && again.events.some(({ isNew }) => isNew)) {
        earlier.ids = again.events.map(({ id }) => idOf(id))
        earlier.delivery = { ...repeated, receivedAt: now }
        this.eventIds.push(...earlier.ids)
      }
    }
    if (plan.replays) {
      const id = this.eventIds[this.#serial % this.eventIds.length] ?? ''
      if ((await store.event(id)) !== undefined) await store.replay(id, 'queue', now)
    }
    for (const ending of plan.work) await this.work(ending)
    if (plan.resolves) {
      const [held] = await store.listHeld()
      if (held) await store.resolveHeld(held.id, { state: 'confirmed', by: 'ann', output: undefined }, now)
    }
  }

  private async work(ending: (typeof endings)[number]): Promise<void> {
    const { store, now } = this
    const claimed = await tryClaim(store, { now, leaseMs: 1000 * day })
    if (!claimed) return
    const { lease, run } = claimed
    await store.beginRun(lease, `config-${run.agent}`, now)
    const journal = await store.journal(run.id)
    if (ending !== 'leave' && journal.calls.every(({ state }) => state !== 'held')) {
      const call = newCall()
      await store.appendStep(lease, step({ turn: run.usage.turns + 1 }), [call], now)
      const counters = [`refund|subject|${run.subject}`, `refund|day|${now}`]
      const reservations = counters.map((counter) => ({ counter, amount: 1, limit: 1e9 }))
      await store.prepare(lease, call.id, intent(reservations), now)
      await store.markSent(lease, call.id, now)
      const state = ending === 'reject' ? 'rejected' : ending.startsWith('hold') ? 'held' : 'confirmed'
      await store.settle(lease, call.id, { state }, now)
    }
    const error = { code: 'limit.turns', message: 'used up' } as const
    if (ending === 'hold') await store.finish(lease, { state: 'parked', on: 'person' }, 1, now)
    else if (ending === 'wait')
      await store.finish(lease, { state: 'parked', on: 'budget', until: now + 50 * day }, 1, now)
    else if (ending === 'fail')
      await store.finish(lease, { state: 'failed', nextAt: now + day, error }, 1, now)
    else if (ending === 'hold and die') await store.finish(lease, { state: 'dead', error }, 1, now)
    else if (ending !== 'leave') await store.finish(lease, { state: 'completed', summary: '' }, 1, now)
  }

  /** Old by its source and finished in every way, as the documentation says it; computed the slow way. */
  mayGo(eventId: string): boolean {
    const event = this.one<{ source: string; state: string; recorded_at: number }>('events', eventId)
    const isOld = (source: string, at: number) => {
      const keep = keeps[source]
      return keep !== undefined && at < this.now - keep
    }
    if (event.state === 'recorded' || !isOld(event.source, event.recorded_at)) return false
    for (const run of this.all<{ id: string; event_id: string; state: string; finished_at: number }>(
      'runs',
    )) {
      const seen = this.all<{ run_id: string; event_id: string }>('run_events').filter(
        ({ run_id: id }) => id === run.id,
      )
      if (run.event_id !== eventId && !seen.some(({ event_id: id }) => id === eventId)) continue
      if (!['completed', 'dead', 'cancelled'].includes(run.state)) return false
      if (!isOld(event.source, run.finished_at)) return false
      const calls = this.all<{ run_id: string; state: string }>('tool_calls')
      if (calls.some((call) => call.run_id === run.id && ['held', 'sent', 'unknown'].includes(call.state))) {
        return false
      }
      for (const { event_id: id } of seen) {
        const other = this.find<{ source: string; recorded_at: number }>('events', id)
        if (other && !isOld(other.source, other.recorded_at)) return false
      }
    }
    return true
  }

  all<Row>(table: string): Row[] {
    return this.db.prepare<[], Row>(`SELECT * FROM ${table}`).all()
  }

  find<Row>(table: string, id: string): Row | undefined {
    return this.db.prepare<[string], Row>(`SELECT * FROM ${table} WHERE id = ?`).get(id)
  }

  one<Row>(table: string, id: string): Row {
    const row = this.find<Row>(table, id)
    if (!row) throw new Error(`${id} is not in ${table}`)
    return row
  }

  ids(table: string, where = 'true'): string[] {
    return this.db.prepare<[], string>(`SELECT id FROM ${table} WHERE ${where} ORDER BY id`).pluck().all()
  }

  budgets() {
    return this.db
      .prepare(`
        SELECT counter, sum(amount) AS amount FROM (
          SELECT counter, amount FROM reservations WHERE released_at IS NULL UNION ALL SELECT counter, amount FROM spent)
        WHERE counter LIKE '%|subject|%' GROUP BY counter ORDER BY counter`)
      .all()
  }

  /** Counts that rouse keeps against rows that are there. */
  countFaults(): unknown[] {
    return this.db
      .prepare(`
        WITH real (name, count) AS (
          SELECT 'events.' || state, count(*) FROM events WHERE state <> 'recorded' GROUP BY state
          UNION ALL SELECT 'runs.' || state, count(*) FROM runs WHERE finished_at IS NOT NULL GROUP BY state
          UNION ALL SELECT 'deliveries.' || state, count(*) FROM deliveries GROUP BY state)
        SELECT t.name, t.count, coalesce(r.count, 0) AS real FROM totals t LEFT JOIN real r ON r.name = t.name
        WHERE t.count <> coalesce(r.count, 0)
        UNION ALL SELECT name, 0, count FROM real WHERE name NOT IN (SELECT name FROM totals)`)
      .all()
  }
}

async function prune(life: Life): Promise<void> {
  const { store, now, db } = life
  const expected = life.ids('events').filter((id) => !life.mayGo(id))
  const unfinished = life.ids('runs', 'finished_at IS NULL')
  const waiting = [
    ...life.ids('tool_calls', `state IN ('held', 'waiting', 'sent', 'unknown', 'prepared')`),
    ...life.ids('approvals', `state = 'waiting'`),
  ]
  const budgets = life.budgets()
  const before = new Map(Object.entries(keeps).map(([source, keep]) => [source, now - keep]))
  await pruneAll(store, before, 3)
  let after: Uint8Array | undefined
  do {
    after = (await store.pruneKeys(now - longest, 7, after)).next
  } while (after)
  await store.pruneConfigs([], now)

  expect(life.ids('events')).toEqual(expected)
  expect(life.ids('runs', 'finished_at IS NULL')).toEqual(unfinished)
  expect(life.ids('tool_calls').filter((id) => waiting.includes(id))).toEqual(
    waiting.filter((id) => id.startsWith('tcl_')),
  )
  expect(life.budgets()).toEqual(budgets)
  expect(life.countFaults()).toEqual([])
  expect(db.pragma('foreign_key_check')).toEqual([])
  expect(db.pragma('integrity_check', { simple: true })).toBe('ok')
  const hasEvent = `EXISTS (SELECT 1 FROM events e WHERE e.id = runs.event_id
    OR e.id IN (SELECT event_id FROM run_events WHERE run_id = runs.id))`
  expect(life.ids('runs', `NOT ${hasEvent}`)).toEqual([])
}

/** Everything that was ever sent comes again: what is there, or is young enough, is not an event a second time. */
async function sendAgain(life: Life): Promise<void> {
  const { store, now } = life
  const there = new Set(life.ids('events'))
  for (const [index, { delivery, ids }] of life.sent.entries()) {
    const again = await store.record({ ...delivery, deliveryId: `dlv_late_${index}`, receivedAt: now })
    const isYoung = now - delivery.receivedAt <= longest
    const known = ids.filter((id) => isYoung || there.has(id))
    expect(again.events.map(({ id }) => id)).toEqual(expect.arrayContaining(known))
    expect(again.events.filter(({ isNew }) => isNew)).toHaveLength(ids.length - known.length)
  }
}

describe('retention, whatever happened before', () => {
  it('deletes all that is old and over and nothing else, gives no budget back, and forgets no event that is there', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(act, { minLength: 1, maxLength: 14 }), async (acts) => {
        const directory = temporaryDirectory()
        const file = join(directory.path, 'rouse.db')
        const store = await openSqliteStore({ file, exclusive: true })
        const db = new Database(file, { readonly: true })
        try {
          const life = new Life(store, db)
          for (const [index, plan] of acts.entries()) {
            await life.live(plan)
            if (index % 3 === 2) await prune(life)
          }
          life.now += 45 * day
          await prune(life)
          await sendAgain(life)
        } finally {
          db.close()
          await store.close()
          directory.remove()
        }
      }),
      { numRuns: 30, seed: Number(process.env['FUZZ_SEED'] ?? 20261121) },
    )
  }, 120_000)
})

describe('a process that is killed while it deletes', () => {
  it('leaves everything there or nothing of it, and the next pass goes on', async () => {
    const directory = temporaryDirectory()
    const file = join(directory.path, 'rouse.db')
    const killed = await inOtherProcess(`
      const { armFaultPoints } = await import(${JSON.stringify(faultModule)})
      const store = await openSqliteStore({ file: ${JSON.stringify(file)}, exclusive: true })
      for (let serial = 0; serial < 30; serial++) {
        const { events } = await store.record({ deliveryId: 'dlv_' + serial, source: 'ci', receivedAt: serial, url: '/',
          headers: [], secretIndex: 0, body: Buffer.from(String(serial)), bodyDigest: Buffer.from(String(serial)),
          events: [{ sourceEventId: 'e' + serial, type: 't', time: serial, ids: {} }] })
        if (serial % 3) await store.dispatch([{ eventId: events[0].id, decisions: [] }], serial)
      }
      let transactions = 0
      armFaultPoints((point) => { if (point === 'K22' && ++transactions === 2) process.kill(process.pid, 'SIGKILL') })
      say('deleting')
      let after
      do after = (await store.prune(new Map([['ci', 1000]]), 10, after)).next
      while (after)`)
    await ended(killed.child)
    expect([killed.said, killed.child.signalCode]).toEqual(['deleting', 'SIGKILL'])
    const store = await openSqliteStore({ file, exclusive: true })
    const db = new Database(file, { readonly: true })
    const life = new Life(store, db)
    const check = async () => {
      expect(db.pragma('integrity_check', { simple: true })).toBe('ok')
      expect(db.pragma('foreign_key_check')).toEqual([])
      expect(life.countFaults()).toEqual([])
      expect((await store.counts()).events.recorded).toBe(10)
    }
    await check()
    // Of the first slice six were over; of the second none is gone.
    expect((await store.counts()).events.ignored).toBe(14)
    await pruneAll(store, new Map([['ci', 1000]]))
    await check()
    expect((await store.counts()).events.ignored).toBe(0)
    db.close()
    await store.close()
    directory.remove()
  })
})
