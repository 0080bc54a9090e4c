import { z } from 'zod'
import type { Quota } from '../domain/agent.js'
import {
  formatDuration,
  parseCount,
  parseDuration,
  parseRate,
  parseSize,
  parseUsd,
} from '../util/duration.js'

/** Values with a unit, as a person writes them. Each names its form in the JSON Schema too. */

interface Bounds {
  readonly min: number
  readonly max: number
}

function within(
  { min, max }: Bounds,
  show: (value: number) => string,
): (value: number, context: Pick<z.RefinementCtx, 'addIssue'>) => void {
  return (value, context) => {
    if (value < min || value > max) {
      context.addIssue({ code: 'custom', message: `expected ${show(min)} to ${show(max)}` })
    }
  }
}

export function text(what: string, maxLength = 4000) {
  return z
    .string({ error: `expected ${what}` })
    .min(1, `expected ${what}`)
    .max(maxLength)
}

export function duration(bounds: Bounds) {
  const message = 'expected a duration with its unit, such as 30s, 5m, 23h or 7d'
  return z
    .string({ error: message })
    .regex(/^\d+(\.\d+)?\s*(ms|s|m|h|d)$/, message)
    .transform((written) => parseDuration(written) ?? Number.NaN)
    .superRefine(within(bounds, formatDuration))
}

/** A duration, or `forever`. */
export function durationOrForever(bounds: Bounds) {
  const message = 'expected a duration with its unit, such as 30d, or forever'
  const check = within(bounds, formatDuration)
  return z
    .string({ error: message })
    .regex(/^(forever|\d+(\.\d+)?\s*(ms|s|m|h|d))$/, message)
    .transform((written) => (written === 'forever' ? written : (parseDuration(written) ?? Number.NaN)))
    .superRefine((value, context) => {
      if (typeof value === 'number') check(value, context)
    })
}

export function size(bounds: Bounds) {
  const message = 'expected a size with its unit, such as 500B, 32KB or 1MB'
  return z
    .string({ error: message })
    .regex(/^\d+(\.\d+)?\s*([bB]|[kKmMgG][iI]?[bB])$/, message)
    .transform((written) => parseSize(written) ?? Number.NaN)
    .superRefine(within(bounds, formatSize))
}

function formatSize(bytes: number): string {
  if (bytes >= 1024 ** 2) return `${bytes / 1024 ** 2}MB`
  return bytes >= 1024 ? `${bytes / 1024}KB` : `${bytes}B`
}

/** A whole number, or `200k`, `1.5M`. */
export function count(bounds: Bounds) {
  const message = 'expected a whole number, or a short form such as 200k'
  return z
    .union([z.int(), z.string().regex(/^\d+(\.\d+)?\s*[kKM]?$/, message)], { error: message })
    .transform((written) => (typeof written === 'number' ? written : (parseCount(written) ?? Number.NaN)))
    .superRefine(within(bounds, String))
}

export function usd(bounds: Bounds) {
  const message = 'expected an amount in US dollars, such as 0.50 USD'
  return z
    .string({ error: message })
    .regex(/^\d+(\.\d+)?\s*USD$/, message)
    .transform((written) => parseUsd(written) ?? Number.NaN)
    .superRefine(within(bounds, (value) => `${value} USD`))
}

export function rate() {
  const message = 'expected a rate such as 10/s, 600/m or 5000/h'
  return z
    .string({ error: message })
    .regex(/^[1-9]\d{0,8}\s*\/\s*(s|m|min|h|hour|d|day)$/, message)
    .transform((written) => parseRate(written) ?? { count: 1, perMs: 1000 })
}

/** `200/day`. */
export function perDay() {
  const message = 'expected a number for each day, such as 200/day'
  return z
    .string({ error: message })
    .regex(/^[1-9]\d{0,8}\s*\/\s*day$/, message)
    .transform((written) => Number.parseInt(written, 10))
}

const quotaPattern = /^([1-9]\d{0,14})\s*\/\s*(run|subject|day)$/

/** `1/subject`, or a list of such. */
export function quotas() {
  const message = 'expected a quota such as 1/subject, 3/run or 20000/day, or a list of them'
  const one = z.string().regex(quotaPattern, message)
  return z
    .union([one, z.array(one).min(1)], { error: message })
    .transform((written): Quota[] => [written].flat().map(parseQuota))
}

function parseQuota(written: string): Quota {
  const found = quotaPattern.exec(written)
  const per = found?.[2]
  return { limit: Number(found?.[1]), per: per === 'run' || per === 'subject' ? per : 'day' }
}

/** One of them, or a list. */
export function oneOrList<Item extends z.ZodType>(item: Item, message: string) {
  return z.union([item, z.array(item).min(1)], { error: message })
}
