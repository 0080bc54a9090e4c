import type { Config } from '../config/config.js'
import type { Ids } from '../domain/event.js'
import { type JsonValue, stringifyJson } from '../util/json.js'
import { createRedactor, createSecretFinder, redactJson } from '../util/redact.js'

/** Our own secrets, known by every form that they could be written in. */
export interface Secrets {
  redact(text: string): string
  redactJson<Value extends JsonValue>(value: Value): Value
  /** Whether one of them, or a part of one, stands anywhere in the value. */
  isIn(value: JsonValue): boolean
}

/**
 * Of the configuration that a run began with and of the one in force, where they differ. It knows at any time what they
 * know then: senders hand secrets over while runs are under way, and another configuration may come into force.
 */
export function secretsFor(pinned: Config, current: Config | (() => Config)): Secrets {
  const all = () => {
    const now = typeof current === 'function' ? current() : current
    return (pinned === now ? [now] : [pinned, now]).map(secretsOf)
  }
  return {
    redact: (text) => all().reduce((shown, { redact }) => redact(shown), text),
    redactJson: (value) => all().reduce((shown, { redactJson }) => redactJson(shown), value),
    isIn: (value) => all().some(({ isIn }) => isIn(value)),
  }
}

/** Of the ids that an answer gave, those that hold none of our own secrets: an API may say back what it was sent. */
export function idsWithout({ isIn }: Secrets, ids: Ids): Ids {
  return Object.fromEntries(Object.entries(ids).filter(([, value]) => !isIn(value)))
}

const made = new WeakMap<readonly string[], Secrets>()

/** Of what a configuration knows now; made once for each list, because every text of a run is looked through. */
function secretsOf({ secretValues }: Config): Secrets {
  const known = made.get(secretValues)
  if (known) return known
  const redact = createRedactor(secretValues)
  const isFound = createSecretFinder(secretValues)
  const secrets: Secrets = {
    redact,
    redactJson: (value) => redactJson(value, redact),
    isIn: (value) => isFound(typeof value === 'string' ? value : stringifyJson(value)),
  }
  made.set(secretValues, secrets)
  return secrets
}
