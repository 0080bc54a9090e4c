import { deliveryDocument } from '../runs/documents.js'
import type { StoredDelivery } from '../store/records.js'
import type { ArrivalMark } from '../store/reports.js'
import type { JsonObject } from '../util/json.js'

/** A verified delivery that could not be read. Lists of them leave its bytes out; the ledger has them as long as it. */
export function unreadableDocument(delivery: StoredDelivery): JsonObject {
  return { ...deliveryDocument(delivery), has_body: true }
}

/** Where the next page begins, as text. */
export function arrivalText({ at, position }: ArrivalMark): string {
  return `${at}.${position}`
}

/** Undefined for what is no such place. */
export function parseArrival(text: string): ArrivalMark | undefined {
  const [, at, position] = /^(\d{1,15})\.(\d{1,15})$/.exec(text) ?? []
  return at === undefined || position === undefined
    ? undefined
    : { at: Number(at), position: Number(position) }
}
