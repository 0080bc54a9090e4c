import type { Delivery, VerifiedDelivery } from '../../domain/delivery.js'
import { AppError } from '../../domain/errors.js'
import { JsonError, type JsonObject, type JsonValue, parseJson } from '../../util/json.js'

/**
 * The only place where a VerifiedDelivery is made: each `verify` ends here, after the proof. `content` finds
 * the JSON in the body where it is not the whole of it.
 */
export function verifiedDelivery(
  delivery: Delivery,
  secretIndex: number,
  content: (body: Uint8Array) => Uint8Array = (body) => body,
): VerifiedDelivery {
  let parsed: { readonly value: JsonValue } | undefined
  return {
    delivery,
    secretIndex,
    json() {
      parsed ??= { value: parse(content(delivery.body)) }
      return parsed.value
    },
  }
}

function parse(bytes: Uint8Array): JsonValue {
  try {
    return parseJson(bytes)
  } catch (cause) {
    if (!(cause instanceof JsonError)) throw cause
    throw malformed(`the body is not JSON that can be read: ${cause.message}`, cause)
  }
}

/** A verified delivery in which there is no event. */
export function malformed(message: string, cause?: unknown): AppError {
  return new AppError('delivery.malformed', message, { cause })
}

/** The delivery's JSON, which must be an object. */
export function jsonObject(verified: VerifiedDelivery): JsonObject {
  const value = verified.json()
  if (isObject(value)) return value
  throw malformed('the body is JSON, but not an object')
}

/** The delivery's JSON where it is an object, for handshakes: what cannot be read is none, and `events` says why. */
export function readableObject(verified: VerifiedDelivery): JsonObject | undefined {
  try {
    const value = verified.json()
    return isObject(value) ? value : undefined
  } catch (cause) {
    if (cause instanceof AppError) return undefined
    throw cause
  }
}

export function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
