import type { ArrivalMark, MalformedFound } from '../reports.js'
import type { Store } from '../store.js'
import type { Reader } from './reader.js'
import { type DeliveryRow, deliveryOf } from './rows.js'
import { mostLookedAt } from './search.js'
import { selectDeliveryOnly } from './selects.js'

interface Place {
  readonly position: number
  readonly at: number
}

const newest: Place = { position: Number.MAX_SAFE_INTEGER, at: Number.MAX_SAFE_INTEGER }

/**
 * Verified deliveries that could not be read, newest first. They lie among the duplicates of their source, and only
 * sources that ever had one are looked through.
 */
export function malformed(reader: Reader): Pick<Store, 'findMalformed'> {
  const { db } = reader
  const sources = db
    .prepare<[], string>('SELECT source FROM source_hours WHERE hour = 0 AND deliveries_malformed > 0')
    .pluck()
  const along = `FROM deliveries t INDEXED BY deliveries_apart
    WHERE t.source = ? AND t.state <> 'recorded' AND (t.received_at, t.position) < (?, ?)
    ORDER BY t.received_at DESC, t.position DESC`
  const found = db.prepare<[string, number, number, number], Place>(`
    SELECT t.position, t.received_at AS at FROM (SELECT t.* ${along} LIMIT ${mostLookedAt}) t
    WHERE t.state = 'malformed' LIMIT ?`)
  const last = db.prepare<[string, number, number], Place>(
    `SELECT t.position, t.received_at AS at ${along} LIMIT 1 OFFSET ${mostLookedAt - 1}`,
  )
  const row = db.prepare<[number], DeliveryRow>(`${selectDeliveryOnly} WHERE d.position = ?`)

  const all = db.transaction((before: ArrivalMark | undefined, limit: number): MalformedFound => {
    const { at, position } = before ?? newest
    const places: Place[] = []
    // Of what came before this, not every source was looked through.
    let end: Place | undefined
    for (const source of sources.all()) {
      const own = found.all(source, at, position, limit)
      places.push(...own)
      const stop = own.length < limit ? last.get(source, at, position) : undefined
      if (stop && (!end || compare(stop, end) > 0)) end = stop
    }
    const known = places.filter((place) => !end || compare(place, end) >= 0)
    const shown = known.sort((left, right) => compare(right, left)).slice(0, limit)
    const isFull = shown.length === limit
    return {
      deliveries: shown.flatMap((place) => row.get(place.position) ?? []).map(deliveryOf),
      next: isFull ? shown.at(-1) : end,
      isPartial: !isFull && end !== undefined,
    }
  })

  return { findMalformed: ({ before, limit }) => reader.read(() => all(before, limit)) }
}

function compare(left: Place, right: Place): number {
  return left.at - right.at || left.position - right.position
}
