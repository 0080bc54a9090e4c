import type { Database, Statement } from 'better-sqlite3'

/** Most rows that one search looks at: what is asked for may be nowhere, and nothing else happens meanwhile. */
export const mostLookedAt = 20_000

/** With a value for each of its `?`; left out where one is undefined. */
export type Condition = readonly [sql: string, ...values: (string | number | undefined)[]]

/** How the rows that are looked at are found: by an index that has them in the order in which they are shown. */
export interface Path {
  /** Table, its alias `t`, and the index. */
  readonly from: string
  /** Conditions that the index answers: no row is looked at that does not meet them. */
  readonly where: readonly Condition[]
  /** Expressions that order rows, newest first; the last is unique. */
  readonly order: readonly string[]
}

export interface Search {
  readonly path: Path
  /** Asked of each row that is looked at. */
  readonly filter: readonly Condition[]
  readonly before: string | undefined
  readonly limit: number
}

export interface Hits {
  /** Positions of the rows, in order. */
  readonly positions: readonly number[]
  /** The id of the row after which to go on. */
  readonly next: string | undefined
  readonly isPartial: boolean
}

interface Seen {
  readonly position: number
  readonly id: string
}

const noHits: Hits = { positions: [], next: undefined, isPartial: false }

/**
 * Looks at a bounded number of rows along an index for those that meet a filter. The SQL is made of literals of this
 * room only; there are as many texts as combinations of conditions.
 */
export function searcher(db: Database): (search: Search) => Hits {
  const prepared = new Map<string, Statement>()
  const prepare = (sql: string) => {
    const statement = prepared.get(sql) ?? db.prepare(sql)
    prepared.set(sql, statement)
    return statement
  }
  const whereOf = (conditions: readonly Condition[]) => {
    const given = conditions.filter((condition) => !condition.includes(undefined))
    return {
      sql: given.length > 0 ? `WHERE ${given.map(([sql]) => sql).join(' AND ')}` : '',
      values: given.flatMap(([, ...values]) => values),
    }
  }

  return ({ path, filter, before, limit }) => {
    const { from, order } = path
    const [table] = from.split(' ')
    const keys = order.map((key) => `t.${key}`).join(', ')
    const after: Condition = [`(${keys}) < (SELECT ${keys} FROM ${table} t WHERE t.id = ?)`, before]
    const along = whereOf([...path.where, after])
    const inOrder = `ORDER BY ${order.map((key) => `t.${key} DESC`).join(', ')} LIMIT ?`
    const looked = `SELECT t.* FROM ${from} ${along.sql} ${inOrder}`
    const meets = whereOf(filter)
    const found = prepare(`SELECT t.position, t.id FROM (${looked}) t ${meets.sql} LIMIT ?`).all(
      ...along.values,
      mostLookedAt,
      ...meets.values,
      limit,
    ) as Seen[]
    if (found.length === limit) {
      return { ...noHits, positions: found.map(({ position }) => position), next: found.at(-1)?.id }
    }
    const last = prepare(`SELECT t.position, t.id FROM ${from} ${along.sql} ${inOrder} OFFSET ?`).get(
      ...along.values,
      1,
      mostLookedAt - 1,
    ) as Seen | undefined
    return { positions: found.map(({ position }) => position), next: last?.id, isPartial: last !== undefined }
  }
}

/** Of ids that begin with `prefix`. */
export function idRange(column: string, prefix: string | undefined): Condition[] {
  if (prefix === undefined) return []
  // `~` comes after every character of an id.
  return [
    [`${column} >= ?`, prefix],
    [`${column} < ?`, `${prefix}~`],
  ]
}

/** As SQLite's GLOB writes a pattern in which only `*` is special. */
export function globOf(pattern: string): string {
  return pattern.replace(/\*+/g, '*').replace(/[?[]/g, '[$&]')
}
