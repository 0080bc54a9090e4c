import { z } from 'zod'
import { duration, size, text } from './scalars.js'

/** Who may see something. */
export const labelSchema = z.enum(['public', 'internal', 'private'])

export const argSchema = z
  .strictObject({
    type: z
      .enum(['integer', 'number', 'boolean', 'text', 'string', 'list'])
      .optional()
      .describe(
        'What the model gives. Left out where `enum` or `pattern` says it; `string` is another word for `text`.',
      ),
    enum: z
      .array(text('text; put numbers in quotes', 500))
      .min(1)
      .max(500)
      .optional()
      .describe('The choices. With `type: list`, any number of them.'),
    pattern: text('a pattern', 1000)
      .optional()
      .describe('RE2; the whole text must match. Takes `max_length`, by default 200.'),
    min: z.number().optional().describe('The smallest `integer` or `number`.'),
    max: z.number().optional().describe('The largest `integer` or `number`.'),
    min_length: z.int().min(0).optional().describe('The shortest `text`, in characters. Default: 1.'),
    max_length: z
      .int()
      .min(1)
      .max(100_000)
      .optional()
      .describe('The longest `text`, in UTF-16 units. Default: 2000.'),
    max_items: z
      .int()
      .min(1)
      .max(500)
      .optional()
      .describe('The longest `list`. Default: as many as choices.'),
    links: z
      .array(text('a host such as docs.example.com', 253))
      .max(100)
      .optional()
      .describe(
        'Hosts that links in a `text` may go to, beside the tool’s own; `*.example.com` is any below it. Default: no others.',
      ),
    mentions: z
      .boolean()
      .optional()
      .describe('Whether a `text` may mention people (`@name`, `@here`). Default: no.'),
    commands: z
      .boolean()
      .optional()
      .describe('Whether a `text` may have lines that begin with a slash command (`/close`). Default: no.'),
    qualifiers: z
      .boolean()
      .optional()
      .describe('Whether a `text` of a read may hold `word:value`, which many searches obey. Default: no.'),
    description: text('a sentence', 1000).optional().describe('Told to the model.'),
    optional: z.boolean().prefault(false).describe('Whether the model may leave it out.'),
  })
  .describe('What the model fills in: a choice (enum, bounded number, pattern) or text.')

const templates = (what: string) =>
  z
    .record(
      z.string().min(1).max(200),
      z.union([z.string(), z.number(), z.boolean(), z.null()], {
        error: 'expected text, a number, true or false',
      }),
    )
    .optional()
    .describe(`${what} Values may hold \`\${{ … }}\`.`)

const url = (method: string) =>
  text('a URL such as https://api.example.com/things/{thing}', 2000)
    .optional()
    .describe(`URL of a ${method} request. \`{id}\` in its path is an id of the event, bound by rouse.`)

export const methods = ['get', 'post', 'put', 'patch', 'delete'] as const

export const toolSchema = z
  .strictObject({
    description: text('a sentence', 2000).describe('What it does, told to the model.'),
    get: url('GET'),
    post: url('POST'),
    put: url('PUT'),
    patch: url('PATCH'),
    delete: url('DELETE'),
    credential: text('the name of a credential', 64)
      .optional()
      .describe('Name of an entry under `credentials`. Default: none is sent.'),
    effect: z
      .enum(['read', 'write', 'destructive'])
      .optional()
      .describe(
        'What it does to the world. Default: `read` for GET, `destructive` for DELETE, else `write`. Only GET may be `read`.',
      ),
    args: z.record(z.string(), argSchema).optional().describe('What the model fills in, by name.'),
    query: templates('The query of the URL.'),
    headers: templates('More headers. Only `ids` may be used in them.'),
    json: z
      .unknown()
      .optional()
      .describe('The body as JSON. Values may be expressions; an entry that gives null is left out.'),
    form: templates('The body as a form.'),
    result: z
      .strictObject({
        pick: z
          .array(text('a path such as jobs[].name', 300))
          .min(1)
          .max(100)
          .optional()
          .describe('The paths of the answer that the model sees. Default: all of it.'),
        max: size({ min: 64, max: 1024 ** 2 })
          .prefault('32KB')
          .describe('The most that the model sees of it.'),
      })
      .prefault({})
      .describe('What the model sees of the answer.'),
    yields: z
      .record(z.string(), text('a path and a pattern, such as "customer ~ ^cus_[A-Za-z0-9]+$"', 500))
      .optional()
      .describe(
        'Ids that the answer adds to the scope: name to `path ~ pattern`. Not for a tool with `args`.',
      ),
    creates: z
      .record(z.string(), text('a path and a pattern, such as "id ~ ^[0-9]+$"', 500))
      .optional()
      .describe(
        'Ids of what a write makes, read from its answer: name to `path ~ pattern`. An event that names one of them was caused by us; see `echoes`.',
      ),
    label: labelSchema
      .optional()
      .describe(
        'Who may see what its answer tells: `public`, `internal` or `private`. Default: who may see the event’s object, for a tool that is bound to ids; else `internal`, or `public` without a credential.',
      ),
    audience: labelSchema
      .optional()
      .describe(
        'Who sees what it sends. What the run has read must be for them too. Declared, it holds for every call, and a call that breaks it is denied; by default it is as for `label`, holds for free text, and a person decides.',
      ),
    facts: z
      .record(z.string(), text('the name of a tool', 64))
      .optional()
      .describe('Facts for `if` and expressions: name to a read tool that rouse itself calls just before.'),
    idempotency: z
      .strictObject({
        header: text('the name of a header', 100).describe('The header that carries the key.'),
        ttl: duration({ min: 60_000, max: 90 * 86_400_000 }).describe('How long the API remembers a key.'),
      })
      .optional()
      .describe('How the API takes an idempotency key.'),
    on_unknown: z
      .enum(['retry', 'probe', 'hold'])
      .optional()
      .describe(
        'When a write was sent and its outcome is not known: `retry` the same bytes with the same key (needs `idempotency`), look for it with `probe` before they are sent again, or `hold` it for a person. Default: `hold`.',
      ),
    probe: z
      .strictObject({
        tool: text('the name of a tool', 64).describe(
          'The read tool that rouse asks. It takes no required `args`.',
        ),
        found: text('a CEL expression', 2000)
          .optional()
          .describe(
            'CEL over `answer marker args ids event`: whether the answer shows that the write happened. Default: the marker stands anywhere in the answer.',
          ),
        settle: duration({ min: 100, max: 600_000 })
          .prefault('5s')
          .describe('How long after it was sent the first look may be, and the second after the first.'),
      })
      .optional()
      .describe('How to find out whether a write of unknown outcome happened.'),
    refusals: z
      .array(z.int().min(400).max(499))
      .min(1)
      .max(100)
      .optional()
      .describe(
        'More statuses from 400 to 499 by which the API says that it did nothing. 400, 401, 403, 404 and 422 always say so.',
      ),
    redirect_hosts: z
      .array(text('a host such as downloads.example.com', 260))
      .min(1)
      .max(20)
      .optional()
      .describe(
        'Hosts to which a GET may be redirected, once and without its credential. Default: none; a redirect is an error.',
      ),
    timeout: duration({ min: 100, max: 600_000 })
      .prefault('30s')
      .describe('From the first byte out to the last byte in.'),
    max_response: size({ min: 1024, max: 64 * 1024 ** 2 })
      .prefault('1MB')
      .describe('The most bytes of an answer that are read, after decompression.'),
    private: z
      .boolean()
      .optional()
      .describe(
        'Whether it may connect to addresses that are not public, and use http. Default: only where the URL names one such address, or localhost.',
      ),
  })
  .describe('One API operation: exactly one of `get`, `post`, `put`, `patch`, `delete`.')

export type ToolEntry = z.output<typeof toolSchema>
export type ArgEntry = z.output<typeof argSchema>
