import { z } from 'zod'
import { parseDuration, parseSize } from '../../util/duration.js'
import { compilePath, type Path } from '../../util/path.js'
import { idsField } from './ids.js'

/** The small things that the options of a source are made of. Each says in its message what to write instead. */

/** `5m` to milliseconds, between `minMs` and `maxMs`. */
export function durationField(minMs: number, maxMs: number, range: string) {
  return z
    .string()
    .describe(`A duration, ${range}: 30s, 5m, 1h.`)
    .transform((text, context) => {
      const ms = parseDuration(text)
      if (ms !== undefined && ms >= minMs && ms <= maxMs) return ms
      context.addIssue({
        code: 'custom',
        message: `"${text}" is not a duration ${range}; write 30s, 5m or 1h`,
      })
      return z.NEVER
    })
}

const largestBody = 100 * 1024 ** 2

/** `1MB` to bytes. */
export const sizeField = z
  .string()
  .describe('A size up to 100MB: 512KB, 1MB.')
  .transform((text, context) => {
    const bytes = parseSize(text)
    if (bytes !== undefined && bytes > 0 && bytes <= largestBody) return bytes
    context.addIssue({ code: 'custom', message: `"${text}" is not a size up to 100MB; write 512KB or 1MB` })
    return z.NEVER
  })

/** A dotted path, not empty. */
export const pathField = z
  .string()
  .min(1)
  .describe('A path: data.object.id, items[0].id.')
  .transform((text, context): Path => {
    try {
      return compilePath(text)
    } catch (cause) {
      context.addIssue({ code: 'custom', message: cause instanceof Error ? cause.message : String(cause) })
      return z.NEVER
    }
  })

/** The name of a header, kept in lower case. */
export const headerField = z
  .string()
  .regex(/^[A-Za-z0-9!#$%&'*+.^_|~-]{1,100}$/, 'is not the name of a header')
  .transform((name) => name.toLowerCase())

/** A key that is known but not built: refused with a sentence, so that nobody believes it works. */
export function later(what: string) {
  return z.never({ error: `${what} is not in this version; leave the key out` }).optional()
}

/** What every kind that receives deliveries takes beside its secret. */
export function webhookFields(maxBody: string) {
  return {
    max_body: sizeField.prefault(maxBody).describe('The largest body that is accepted.'),
    ids: idsField,
  }
}

/** `tolerance: 5m`: how far the signed time may be off, in either direction. */
export const toleranceField = durationField(1000, 86_400_000, 'from 1s to 1d').prefault('5m')

/** `url`, for senders that sign it: as it is registered there, where that is not what `server.public_url` makes. */
export const signedUrlField = z
  .string()
  .max(2000)
  .refine((text) => URL.canParse(text) && /^https?:\/\/[^\s#]+$/.test(text), {
    error: 'is not a URL such as https://hooks.example.com/hooks/name',
  })
  .optional()
  .describe('The URL as it is registered at the sender, if that is not public_url/hooks/<name>.')
