import type { Config } from '../config/config.js'
import { type JsonValue, stringifyJson } from '../util/json.js'
import { createRedactor, createSecretFinder, redactJson } from '../util/redact.js'

/** Our own secrets, known by every form that they could be written in. */
export interface Secrets {
  redact(text: string): string
  redactJson(value: JsonValue): JsonValue
  /** Whether one of them, or a part of one, stands anywhere in the value. */
  isIn(value: JsonValue): boolean
}

/** Of the configuration that a run began with and of the one in force, where they differ. */
export function secretsFor(pinned: Config, current: Config): Secrets {
  const [of, ofCurrent] = [secretsOf(pinned), secretsOf(current)]
  if (of === ofCurrent) return of
  return {
    redact: (text) => ofCurrent.redact(of.redact(text)),
    redactJson: (value) => ofCurrent.redactJson(of.redactJson(value)),
    isIn: (value) => of.isIn(value) || ofCurrent.isIn(value),
  }
}

const made = new WeakMap<Config, Secrets>()

/** Of a configuration; made once, because every text of a run is looked through. */
function secretsOf(config: Config): Secrets {
  const known = made.get(config)
  if (known) return known
  const redact = createRedactor(config.secretValues)
  const isFound = createSecretFinder(config.secretValues)
  const secrets: Secrets = {
    redact,
    redactJson: (value) => redactJson(value, redact),
    isIn: (value) => isFound(typeof value === 'string' ? value : stringifyJson(value)),
  }
  made.set(config, secrets)
  return secrets
}
