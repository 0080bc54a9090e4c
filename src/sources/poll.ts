import { z } from 'zod'
import { compilePath, type Path } from '../util/path.js'
import { durationField, later, pathField } from './engine/fields.js'
import { idsField, ruleNames } from './engine/ids.js'
import { type BodyTree, substitutionFaults, usesSubstitution } from './poll-template.js'
import type { SourceKind } from './source.js'

/**
 * `kind: poll`: a service that sends no webhooks, described as data. What one page means is in
 * `poll-page.ts`, what is asked for in `poll-request.ts`, where it goes on in `poll-position.ts`, all pure;
 * the poller does the rest.
 */

const scalar = z.union([z.string(), z.number(), z.boolean()])

const bodyTree: z.ZodType<BodyTree> = z.lazy(() =>
  z.union([z.string(), z.number(), z.boolean(), z.null(), z.array(bodyTree), z.record(z.string(), bodyTree)]),
)
const urlField = z.string().superRefine((text, context) => {
  const fault = urlFault(text)
  if (fault !== undefined) context.addIssue({ code: 'custom', message: `"${text}" ${fault}` })
})

function urlFault(text: string): string | undefined {
  if (!URL.canParse(text)) return 'is not a URL'
  const url = new URL(text)
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return 'is not an http(s) URL'
  if (url.username !== '' || url.password !== '') return 'has a user in it; name a credential instead'
  if (url.hash !== '') return 'has a fragment, which is never sent'
  if (/[{}]/.test(text)) return 'has a substitution; only query, headers and body may have one'
  return undefined
}

const requestField = z
  .strictObject({
    get: urlField.optional(),
    post: urlField.optional(),
    query: z.record(z.string(), scalar).default({}),
    headers: z.record(z.string(), scalar).default({}),
    body: bodyTree.optional().describe('For post: the JSON body.'),
    credential: z.string().min(1).optional(),
    private: z
      .boolean()
      .default(false)
      .describe('Whether an address that is not public may be connected to.'),
  })
  .superRefine((request, context) => {
    if ((request.get === undefined) === (request.post === undefined)) {
      context.addIssue({ code: 'custom', message: 'needs exactly one of get and post' })
    }
    if (request.body !== undefined && request.post === undefined) {
      context.addIssue({ code: 'custom', path: ['body'], message: 'is for post only' })
    }
    const texts = [...Object.values(request.query), ...Object.values(request.headers)].map(String)
    for (const fault of substitutionFaults(texts)) context.addIssue({ code: 'custom', message: fault })
  })

const eventField = z.strictObject({
  id: pathField.describe('What the item is, for good.'),
  version: pathField
    .optional()
    .describe(
      'Each new value is an event of its own. Left out: an item is one event, when it is first seen.',
    ),
  type: z.union([z.string().min(1), z.strictObject({ path: pathField })]),
  subject: pathField.optional(),
  actor: pathField.optional().describe('Who did it, by the name or id that the service’s system gave them.'),
  time: pathField.optional(),
})

const maxOverlapMs = 7 * 86_400_000
const cursorField = z
  .strictObject({
    kind: z.enum(['time', 'token', 'id', 'none']),
    from: pathField.optional().describe('In the record for time and id, in the page for token.'),
    format: z.enum(['iso', 'epoch', 'epoch_ms', 'date']).default('iso'),
    precision: durationField(1, 86_400_000, 'from 1ms to 1d').optional(),
    overlap: durationField(0, maxOverlapMs, 'up to 7d')
      .optional()
      .describe('How far back every poll reads again. Default: 2m, or twice the precision if that is more.'),
    settle: later('settle (waiting until items are old enough)'),
    retention: later('retention (resync after a long gap)'),
    expired: later('expired (resync on a refused cursor)'),
  })
  .superRefine((cursor, context) => {
    if (cursor.kind !== 'none' && cursor.from === undefined) {
      context.addIssue({ code: 'custom', message: `a ${cursor.kind} cursor needs from` })
    }
  })

export type PageKind = 'none' | 'link' | 'next_url' | 'token' | 'page' | 'offset'

const pagesField = z
  .strictObject({
    kind: z.enum(['none', 'link', 'next_url', 'token', 'page', 'offset']),
    next: pathField.optional().describe('For next_url and token: the path of it in the page.'),
    param: z.string().min(1).optional().describe('For token, page and offset: the query parameter.'),
    more: pathField.optional().describe('Path of a boolean; anything but true ends the walk.'),
    first: z.number().int().min(0).max(1).default(1).describe('For page: the number of the first page.'),
    size: z.strictObject({ param: z.string().min(1), value: z.number().int().min(1).max(10_000) }).optional(),
    max: z.number().int().min(1).max(1000).default(50).describe('Pages per tick; the rest in the next tick.'),
  })
  .superRefine(({ kind, next }, context) => {
    if ((kind === 'next_url' || kind === 'token') && next === undefined) {
      context.addIssue({ code: 'custom', message: `pages of kind ${kind} need next` })
    }
  })

/** When the first poll begins to wake agents: from now on, from some time back, or with everything there is. */
export type FirstRun =
  | { readonly kind: 'now' }
  | { readonly kind: 'backfill'; readonly ms: number }
  | { readonly kind: 'all' }

const firstRunField = z
  .string()
  .default('now')
  .describe('now (wake nobody for what is there), backfill 24h, or all.')
  .transform((text, context): FirstRun => {
    if (text === 'now' || text === 'all') return { kind: text }
    const ms = text.startsWith('backfill ')
      ? durationField(1000, 366 * 86_400_000, 'up to 366d').safeParse(text.slice('backfill '.length))
      : undefined
    if (ms?.success) return { kind: 'backfill', ms: ms.data }
    context.addIssue({ code: 'custom', message: `"${text}" is not one of: now, backfill 24h, all` })
    return z.NEVER
  })

const oneDay = 86_400_000

export const pollOptions = z
  .strictObject({
    every: durationField(1000, oneDay, 'from 1s to 1d'),
    request: requestField,
    records: z
      .string()
      .default('')
      .describe('Path of the list in the page; empty when the page is the list.')
      .transform((text, context): Path => {
        try {
          return compilePath(text)
        } catch (cause) {
          context.addIssue({
            code: 'custom',
            message: cause instanceof Error ? cause.message : String(cause),
          })
          return z.NEVER
        }
      }),
    event: eventField,
    ids: idsField,
    cursor: cursorField.default({ kind: 'none', format: 'iso' }),
    order: z.enum(['asc', 'desc', 'none']).default('none').describe('As the API returns the records.'),
    pages: pagesField.default({ kind: 'none', first: 1, max: 50 }),
    conditional: z.enum(['auto', 'off']).default('auto'),
    first_run: firstRunField,
    dedupe: later('dedupe (a key shared with a webhook source)'),
    interval: later('interval (an adaptive interval)'),
    deletes: later('deletes'),
    each: later('each (child requests)'),
    reconciles: later('reconciles'),
  })
  .superRefine(({ request, pages, cursor }, context) => {
    const used = (name: string) => usesSubstitution(name, request.query, request.headers, request.body)
    const isNumbered = pages.kind === 'token' || pages.kind === 'page' || pages.kind === 'offset'
    if (isNumbered && pages.param === undefined && !used(pages.kind)) {
      const message = `pages of kind ${pages.kind} need param, or {${pages.kind}} in the request`
      context.addIssue({ code: 'custom', path: ['pages'], message })
    }
    if (cursor.kind === 'token' && !used('token')) {
      context.addIssue({
        code: 'custom',
        path: ['cursor'],
        message: 'a token cursor needs {token} in the request',
      })
    }
  })

export type PollOptions = z.output<typeof pollOptions>

export const poll: SourceKind = {
  kind: 'poll',
  title: 'Polled API',
  link: 'https://datatracker.ietf.org/doc/html/rfc9110#name-conditional-requests',
  options: pollOptions,
  idNames: (options) => ruleNames((options as PollOptions).ids),
}
