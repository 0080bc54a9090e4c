import type { Delivery } from '../../domain/delivery.js'
import { AppError, VerificationError } from '../../domain/errors.js'
import { JsonError, parseJson } from '../../util/json.js'
import { type Path, scalarText, valueAt } from '../../util/path.js'
import { parseForm } from './form.js'
import { requiredHeader } from './headers.js'
import { queryValues } from './query.js'

/** Where a part of the proof stands. A sender that puts it into the body leaves us no choice but to look there. */
export type ProofPlace =
  | { readonly header: string }
  | { readonly query: string }
  | { readonly path: Path }
  | { readonly field: string }

type Proving = Pick<Delivery, 'url' | 'rawHeaders' | 'body'>

/** What stands there. Throws VerificationError unless it is there exactly once. */
export function proofText(delivery: Proving, place: ProofPlace): string {
  if ('header' in place) return requiredHeader(delivery, place.header)
  if ('query' in place) return onlyOne(queryValues(delivery.url, place.query), `the query has`, place.query)
  if ('field' in place) return fieldText(delivery, place.field)
  return pathText(delivery, place.path)
}

export function namePlace(place: ProofPlace): string {
  if ('header' in place) return place.header
  if ('query' in place) return `?${place.query}=`
  return 'field' in place ? `form field ${place.field}` : place.path.source
}

function onlyOne(values: readonly string[], where: string, name: string): string {
  const [value, second] = values
  if (value === undefined) throw new VerificationError('verification.missing_header', `${where} no "${name}"`)
  if (second === undefined) return value
  throw new VerificationError('verification.duplicate_header', `${where} "${name}" more than once`)
}

function fieldText(delivery: Proving, name: string): string {
  const value = readable(() => parseForm(delivery.body)).get(name)
  return onlyOne(value === undefined ? [] : [value.toString('latin1')], 'the form has', name)
}

function pathText(delivery: Proving, path: Path): string {
  const value = valueAt(
    readable(() => parseJson(delivery.body)),
    path,
  )
  const text = scalarText(value)
  return onlyOne(text === undefined ? [] : [text], 'the body has', path.source)
}

/** A body in which no proof can be found proves nothing. */
function readable<Value>(read: () => Value): Value {
  try {
    return read()
  } catch (cause) {
    if (!(cause instanceof JsonError || cause instanceof AppError)) throw cause
    throw new VerificationError(
      'verification.malformed_signature',
      `the proof stands in the body, which cannot be read: ${cause.message}`,
    )
  }
}
