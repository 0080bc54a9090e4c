import { z } from 'zod'
import { parseMoment } from '../../util/duration.js'
import { type PathPart, pathParts } from './endpoint.js'

/** Fields that several requests have. */

export const name = z.string().min(1).max(200)

export const moment = z
  .string()
  .max(40)
  .refine((text) => parseMoment(text, 0) !== undefined, {
    error: 'expected a duration such as 2h or 7d, or a time such as 2026-11-21T07:00:00Z',
  })
  .describe('a duration before now (`2h`, `7d`) or a time in ISO 8601')

export const limit = z.coerce
  .number({ error: 'expected a whole number from 1 to 200' })
  .int()
  .min(1)
  .max(200)
  .default(20)

export const reason = z.string().trim().min(1).max(2000).describe('kept in the ledger')

export const digest = z
  .string()
  .regex(/^[0-9a-f]{64}$/, { error: 'expected the digest of the approval, 64 hexadecimal digits' })

export function idOf(part: PathPart) {
  const pattern = pathParts[part]
  return z.string().regex(new RegExp(`^${pattern}$`), { error: `expected a whole id, ${pattern}` })
}

/** For the next page, and where it begins. */
export const before = (part: PathPart) =>
  idOf(part).describe('the `next` of the page before: only older ones')
export const next = (part: PathPart) =>
  z.union([idOf(part), z.null()]).describe('for `before`; null: there are no more')
export const isPartial = z
  .boolean()
  .describe('as many rows as may be were looked at before the page was full: go on from `next`')
