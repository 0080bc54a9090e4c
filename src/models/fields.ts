import type { JsonObject, JsonValue } from '../util/json.js'

/** How an endpoint's answer is read: by shape, never by trust. Each gives undefined for what is not there. */

export function objectOf(value: JsonValue | undefined): JsonObject | undefined {
  return value !== null && typeof value === 'object' && !Array.isArray(value) ? value : undefined
}

export function listOf(value: JsonValue | undefined): readonly JsonValue[] | undefined {
  return Array.isArray(value) ? value : undefined
}

export function textOf(value: JsonValue | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined
}

/** A number that counts something: finite and not negative. */
export function countOf(value: JsonValue | undefined): number | undefined {
  const number = typeof value === 'bigint' ? Number(value) : value
  return typeof number === 'number' && Number.isFinite(number) && number >= 0 ? number : undefined
}

/** Own fields only, so that `__proto__` and `constructor` are ordinary names. */
export function fieldOf(value: JsonValue | undefined, name: string): JsonValue | undefined {
  const object = objectOf(value)
  return object !== undefined && Object.hasOwn(object, name) ? object[name] : undefined
}
