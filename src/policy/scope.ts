import type { Ids } from '../domain/event.js'
import type { Tool } from '../domain/tool.js'
import type { JsonValue } from '../util/json.js'
import { scalarText, valueAt } from '../util/path.js'

/**
 * The ids that a run may touch: its event's, and those that earlier answers yielded, in order. What is there
 * stays: a later answer can add an id and never put another value in its place, so that an API whose answers
 * an outsider can shape moves nothing that the event has fixed.
 */
export function scopeOf(eventIds: Ids, yields: readonly Ids[]): Ids {
  const scope = new Map<string, string>()
  for (const ids of [eventIds, ...yields]) {
    for (const [name, value] of Object.entries(ids)) {
      if (!scope.has(name)) scope.set(name, value)
    }
  }
  return Object.fromEntries(scope)
}

/** The ids of a run: what came first in time stays, whichever call was asked for before. */
export function scopeOfRun(
  eventIds: Ids,
  calls: readonly { readonly yields: Ids; readonly settledAt: number | undefined }[],
): Ids {
  const answered = calls.toSorted((left, right) => (left.settledAt ?? 0) - (right.settledAt ?? 0))
  return scopeOf(
    eventIds,
    answered.map(({ yields }) => yields),
  )
}

/**
 * The ids that this answer yields. Only single values whose whole text matches the declared pattern count; a
 * list, an object or anything else yields nothing.
 */
export function readYields(tool: Tool, body: JsonValue | undefined): Ids {
  return readIds(tool.yields, body)
}

/** The ids of what a write made, by the same rule. */
export function readCreated(tool: Tool, body: JsonValue | undefined): Ids {
  return readIds(tool.creates, body)
}

function readIds(rules: Tool['yields'], body: JsonValue | undefined): Ids {
  const found: [string, string][] = []
  for (const [name, { path, pattern }] of Object.entries(rules)) {
    const text = scalarText(valueAt(body, path))
    if (text !== undefined && text !== '' && pattern.matches(text)) found.push([name, text])
  }
  return Object.fromEntries(found)
}

/** Those of the scope's ids that the tool's request is made of; what an idempotency key and a budget name. */
export function boundIdsOf(tool: Tool, scope: Ids): Ids {
  const bound: [string, string][] = []
  for (const name of [...tool.boundIds].sort()) {
    const value = Object.hasOwn(scope, name) ? scope[name] : undefined
    if (value !== undefined) bound.push([name, value])
  }
  return Object.fromEntries(bound)
}
