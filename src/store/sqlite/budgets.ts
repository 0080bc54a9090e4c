import type { Store } from '../store.js'
import type { Reader } from './reader.js'
import { prepareStanding } from './reservations.js'

/** Most counters that are told of one prefix. */
const mostCounters = 100

/** What stands in budgets whose counters are not known one by one. */
export function budgets(reader: Reader): Pick<Store, 'budgets'> {
  const { db } = reader
  // Hops from counter to counter: a thousand reservations of one cost a hop.
  const counters = db
    .prepare<[{ prefix: string; end: string }], string>(`
      WITH RECURSIVE reserved (counter) AS (
        SELECT min(counter) FROM reservations WHERE released_at IS NULL AND counter >= @prefix AND counter < @end
        UNION ALL
        SELECT (SELECT min(r.counter) FROM reservations r
          WHERE r.released_at IS NULL AND r.counter > reserved.counter AND r.counter < @end)
        FROM reserved WHERE counter IS NOT NULL LIMIT ${mostCounters + 1}
      )
      SELECT counter FROM reserved WHERE counter IS NOT NULL
      UNION SELECT counter FROM (
        SELECT counter FROM spent WHERE counter >= @prefix AND counter < @end ORDER BY counter LIMIT ${mostCounters})
      ORDER BY counter LIMIT ${mostCounters}`)
    .pluck()
  const standing = prepareStanding(db)
  return {
    budgets: (prefixes) =>
      reader.read(() => {
        const found = prefixes.flatMap((prefix) => counters.all({ prefix, end: `${prefix}\u{10ffff}` }))
        return [...new Set(found)].map((counter) => ({
          counter,
          amount: standing.get({ counter })?.amount ?? 0,
        }))
      }),
  }
}
