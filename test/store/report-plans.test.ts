import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { budgets } from '../../src/store/sqlite/budgets.js'
import { changes } from '../../src/store/sqlite/changes.js'
import { finding } from '../../src/store/sqlite/finding.js'
import { hours } from '../../src/store/sqlite/hours.js'
import { latencies } from '../../src/store/sqlite/latencies.js'
import { malformed } from '../../src/store/sqlite/malformed.js'
import { migrate } from '../../src/store/sqlite/migrate.js'
import { Reader } from '../../src/store/sqlite/reader.js'
import { mostLookedAt } from '../../src/store/sqlite/search.js'
import { stuck } from '../../src/store/sqlite/stuck.js'
import { temporaryDirectory } from './ledger.js'

let directory = temporaryDirectory()
let db = new Database(':memory:')

beforeEach(() => {
  directory = temporaryDirectory()
  const file = join(directory.path, 'rouse.db')
  db = new Database(file)
  migrate(db, file)
})
afterEach(() => {
  db.close()
  directory.remove()
})

/** Everything that `ask` has the engine do, with the plan that the engine makes of it. */
async function plansOf(ask: (reader: Reader) => Promise<unknown>): Promise<Map<string, string[]>> {
  const prepare = Database.prototype.prepare.bind(db) as typeof db.prepare
  const plans = new Map<string, string[]>()
  Object.defineProperty(db, 'prepare', {
    configurable: true,
    value: (sql: string) => {
      const explained = prepare<[], { detail: string }>(`EXPLAIN QUERY PLAN ${sql.replace(/\?|@\w+/g, '1')}`)
      plans.set(
        sql,
        explained.all().map(({ detail }) => detail),
      )
      return prepare(sql)
    },
  })
  await ask(new Reader(db, 'rouse.db'))
  return plans
}

const big = /^SCAN (events|deliveries|runs|steps|tool_calls|approvals|reservations|t)$/
/** Read backwards from the newest, and a limited number of them. */
const newestFirst = /ORDER BY position DESC LIMIT \d+/

/** Where the engine would read a large table from one end to the other, or sort it. */
function faultsOf(plans: ReadonlyMap<string, readonly string[]>): string[] {
  const faults: string[] = []
  for (const [sql, plan] of plans) {
    // What a co-routine hands on is bounded by the limit inside it; approvals are read by their position there.
    const handedOn = plan.includes('CO-ROUTINE t') ? 1 : 0
    const inOrder = sql.includes('FROM approvals t') || newestFirst.test(sql) ? 1 : 0
    const read = plan.filter((detail) => big.test(detail)).length
    if (read > handedOn + inOrder) faults.push(`reads all: ${sql}`)
    if (plan.some((detail) => /TEMP B-TREE FOR ORDER BY/.test(detail)) && !/ IN \(|UNION|GROUP BY/.test(sql))
      faults.push(`sorts: ${sql}`)
  }
  return faults
}

describe('what pages ask', () => {
  it.each([
    ['counts by the hour', hours],
    ['latencies', latencies],
    ['what is stuck', stuck],
    ['budgets', budgets],
    ['changes', changes],
  ] as const)('reads no large table from end to end: %s', async (_what, make) => {
    const plans = await plansOf(async (reader) => make(reader))
    expect(plans.size).toBeGreaterThan(0)
    expect(faultsOf(plans)).toEqual([])
  })

  it.each([
    {},
    { source: 'a', type: 'b', since: 1, until: 2 },
    { type: 'b' },
    { type: 'b*', text: 'c' },
    { subject: 'b' },
    { id: 'evt_0' },
    { id: 'dlv_0' },
    { before: 'evt_0' },
    { before: 'evt_0', agent: 'a' },
  ])('goes along an index for events: %j', async (search) => {
    const plans = await plansOf((reader) => finding(reader).findEvents({ limit: 3, ...search }))
    expect(faultsOf(plans)).toEqual([])
  })

  it.each([
    {},
    { agent: 'a', state: 'dead' },
    { isReplayed: false, errorCode: 'limit.turns', before: 'run_0' },
    { agent: 'a', state: 'completed', since: 1 },
    { parkedOn: 'budget' },
    { subject: 'b', before: 'run_0' },
    { id: 'run_0' },
    { eventId: 'evt_0' },
    { errorCode: 'limit.turns', before: 'run_0' },
  ] as const)('goes along an index for runs: %j', async (search) => {
    const plans = await plansOf((reader) => finding(reader).findRuns({ limit: 3, ...search }))
    expect(faultsOf(plans)).toEqual([])
  })

  it('goes along an index for approvals', async () => {
    const plans = await plansOf((reader) =>
      finding(reader).findApprovals({ limit: 3, agent: 'a', before: 'b' }),
    )
    expect(faultsOf(plans)).toEqual([])
  })

  it('goes along an index for what could not be read, and looks at a bounded number of rows', async () => {
    const plans = await plansOf((reader) => malformed(reader).findMalformed({ limit: 3 }))
    expect(faultsOf(plans)).toEqual([])
    const count = mostLookedAt + 9
    db.exec(`
      INSERT INTO source_hours (hour, source, deliveries_malformed) VALUES (0, 'ci', 2);
      WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ${count})
      INSERT INTO deliveries (id, source, state, received_at, url, headers, secret_index, body_bytes, body_digest)
      SELECT 'dlv_' || n, 'ci', iif(n IN (3, ${count}), 'malformed', 'duplicate'), n, '/', '[]', 0, 1, x'00' FROM numbers`)
    const { findMalformed } = malformed(new Reader(db, 'rouse.db'))
    const first = await findMalformed({ limit: 3 })
    expect([first.deliveries.map(({ id }) => id), first.isPartial]).toEqual([[`dlv_${count}`], true])
    const rest = await findMalformed({ limit: 3, ...(first.next && { before: first.next }) })
    expect(rest).toMatchObject({ deliveries: [{ id: 'dlv_3' }], next: undefined, isPartial: false })
  })

  it('would be found out', async () => {
    const plans = await plansOf(async ({ db: on }) => {
      on.prepare('SELECT * FROM events WHERE subject = ?')
      on.prepare('SELECT * FROM runs INDEXED BY runs_by_time WHERE created_at > ? ORDER BY subject LIMIT 5')
    })
    expect(faultsOf(plans)).toHaveLength(2)
  })
})

describe('a search for what is nowhere near', () => {
  const count = 2 * mostLookedAt + 500
  /** From the newest on, with one on each side of where the first look ends. */
  const needles = [40_100, count - mostLookedAt + 1, count - mostLookedAt, 7]

  beforeEach(() => {
    db.exec(`
      WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ${count})
      INSERT INTO events (id, source, type, subject, time_at, recorded_at, via, state, ids, data)
      SELECT 'evt_' || printf('%032x', n), 'ci', 'push', iif(n IN (${needles.join()}), 'needle', 'hay'), n, n / 3, 'poll', 'ignored',
        '{}', '1' FROM numbers`)
  })

  it.each([{ text: 'NEEDLE' }, { subject: 'needle', source: 'ci' }, { subject: 'needle', id: 'evt_' }])(
    'looks at a bounded number of rows, says so, and goes on from there: %j',
    async (search) => {
      const { findEvents } = finding(new Reader(db, 'rouse.db'))
      const found: number[] = []
      const told: boolean[] = []
      for (let before: string | undefined, page = 0; page < 9; page++) {
        const { events, next, isPartial } = await findEvents({
          ...search,
          limit: 9,
          ...(before && { before }),
        })
        found.push(...events.map(({ time }) => time))
        told.push(isPartial)
        if (next === undefined) break
        before = next
      }
      expect(told).toEqual([true, true, false])
      expect(found).toEqual(needles)
    },
  )
})
