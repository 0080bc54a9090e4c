import { AppError, StoreError } from '../../domain/errors.js'
import { JsonError, type JsonValue, parseJson, stringifyJson } from '../../util/json.js'

/** What is in the ledger passed the limits of whoever let it in; here they only bound the stack. */
const storedLimits = { maxDepth: 2000, maxNodes: Number.MAX_SAFE_INTEGER }

/** Long integers come back digit for digit. Throws `store.invalid` when the text is no JSON. */
export function readJson(stored: string | Uint8Array): JsonValue {
  try {
    return parseJson(typeof stored === 'string' ? Buffer.from(stored, 'utf8') : stored, storedLimits)
  } catch (cause) {
    if (!(cause instanceof JsonError)) throw cause
    throw new StoreError('store.invalid', `the ledger holds a value that is not JSON: ${cause.message}`, {
      cause,
    })
  }
}

/** JSON that rouse itself shaped and wrote: no long integers in it, so the engine's own parser serves. */
export function readPlain<T>(stored: string): T {
  try {
    return JSON.parse(stored) as T
  } catch (cause) {
    throw new AppError('store.invalid', 'the ledger holds a value that is not JSON', { cause })
  }
}

/** For values whose type is an interface of plain JSON members; undefined members are left out. */
export function writePlain(value: object): string {
  return stringifyJson(value as JsonValue)
}
