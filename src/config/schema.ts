import { z } from 'zod'
import { parseRange } from '../util/address.js'
import type { SourceSchema } from './config.js'
import { count, duration, durationOrForever, rate, size, text } from './scalars.js'
import { agentSchema } from './schema-agent.js'
import { alertsSchema } from './schema-alerts.js'
import { labelSchema, toolSchema } from './schema-tool.js'
import { tracingSchema } from './schema-tracing.js'

/** The names of sources, tools, agents, models and credentials. */
export const nameSchema = z
  .string()
  .regex(
    /^[A-Za-z][A-Za-z0-9_-]{0,63}$/,
    'expected a name of at most 64 letters, digits, "-" and "_" that begins with a letter',
  )
  .refine(
    (name) => !(name in Object.prototype) && name !== 'prototype',
    'expected a name that is not reserved',
  )

const address = (example: string, form = /^([^\s:]+|\[[0-9a-fA-F:.]+\]):\d{1,5}$/) =>
  z
    .string({ error: `expected an address such as ${example}` })
    .regex(form, { error: `expected an address such as ${example}`, abort: true })
    .refine(
      (value) => value === 'off' || Number(value.split(':').at(-1)) <= 65_535,
      'expected a port of at most 65535',
    )

const rangeText = 'an address such as 127.0.0.1 or a range such as 10.0.0.0/8'

export const serverSchema = z
  .strictObject({
    hooks: address('127.0.0.1:8787')
      .prefault('127.0.0.1:8787')
      .describe('Address and port of the public listener: `/hooks/<source>` and `/healthz`, nothing else.'),
    admin: address('127.0.0.1:8788, or off', /^(off|[^\s:]+:\d{1,5}|\[[0-9a-fA-F:.]+\]:\d{1,5})$/)
      .prefault('127.0.0.1:8788')
      .describe(
        'Address and port of the admin listener: pages and API for people with a token (`rouse token`). `off`: none. Read at start.',
      ),
    admin_hosts: z
      .array(text('an origin such as https://rouse.example.com', 500))
      .max(20)
      .prefault([])
      .describe(
        'Other origins under which browsers reach the admin listener, through a proxy or another port: `https://rouse.example.com`. A request for any other host is refused. Read at start.',
      ),
    public_url: text('a URL such as https://hooks.example.com', 2000)
      .optional()
      .describe(
        'Where senders reach the public listener, as `rouse check` prints it. Default: `http://` and `hooks`.',
      ),
    proxies: z
      .array(
        z
          .string({ error: `expected ${rangeText}` })
          .refine((written) => parseRange(written) !== undefined, {
            error: `expected ${rangeText}`,
            abort: true,
          })
          .refine(
            (written) => parseRange(written)?.bits !== 0,
            'this is every address: anybody could say who they are',
          ),
      )
      .max(100)
      .prefault([])
      .describe(
        'Addresses and ranges of the proxies before us. Only of these `Forwarded` and `X-Forwarded-For` are believed, for `remote_address` and for the limit of refusals. Default: none.',
      ),
    concurrency: count({ min: 1, max: 1000 })
      .prefault(16)
      .describe('Most runs at once, of all agents together. Read at start.'),
    min_free: size({ min: 0, max: 1024 ** 5 })
      .prefault('256MB')
      .describe(
        'With less room on the disk of the ledger deliveries are answered 503 and runs wait, until there is a quarter more than this.',
      ),
  })
  .describe('The listeners.')

export const storeSchema = z
  .string({ error: 'expected "sqlite:" and a path' })
  .regex(/^sqlite:\S.*$/, 'expected "sqlite:" and a path, such as sqlite:./data/rouse.db')
  .describe('The ledger. A relative path is relative to config.yaml.')

export const logSchema = z
  .strictObject({
    level: z
      .enum(['debug', 'info', 'warn', 'error', 'silent'])
      .optional()
      .describe('The least that is told. Default: `info`. `--log-level` counts more.'),
    format: z
      .enum(['auto', 'json', 'pretty'])
      .prefault('auto')
      .describe(
        '`json`: one object a line. `pretty`: for people. `auto`: for people on a terminal, else JSON.',
      ),
  })
  .describe('The log, on standard error.')

const priceSchema = z
  .strictObject({
    input: z.number().min(0).describe('US dollars for a million input tokens.'),
    output: z.number().min(0).describe('US dollars for a million output tokens.'),
    cached_input: z
      .number()
      .min(0)
      .optional()
      .describe('US dollars for a million input tokens that the vendor had in its cache. Default: `input`.'),
  })
  .describe('What the model costs. Default: the built-in price table; a price that is in neither is unknown.')

export const modelSchema = z
  .strictObject({
    base_url: text('a URL such as https://api.openai.com/v1', 2000)
      .prefault('https://api.openai.com/v1')
      .describe(
        'The endpoint: anything that speaks the Responses or the Chat Completions API. `scripted:` and the path of a script is a model for trying things out.',
      ),
    api_key: z
      .string({ error: 'expected text' })
      .max(4000)
      .optional()
      .describe('The key. Left out, or empty, for an endpoint that asks for none.'),
    model: text('the name of a model', 200).describe('The model’s name, as the endpoint knows it.'),
    api: z
      .enum(['auto', 'responses', 'chat'])
      .prefault('auto')
      .describe('Which API is spoken. `auto` tries Responses and remembers when there is only Chat.'),
    price: priceSchema.optional(),
    timeout: duration({ min: 1000, max: 3_600_000 })
      .prefault('2m')
      .describe('For one request, until its answer is complete.'),
    max_output_tokens: count({ min: 16, max: 1_000_000 })
      .optional()
      .describe('The longest answer that is asked for. Default: the endpoint’s own.'),
  })
  .describe('A model endpoint.')

const secretText = (what: string) => z.string({ error: `expected ${what}` }).max(8000)

export const credentialSchema = z
  .strictObject({
    bearer: secretText('a token').optional().describe('Sent as `Authorization: Bearer …`.'),
    basic: z
      .strictObject({
        user: secretText('a user name').describe('The user name.'),
        password: secretText('a password').describe('The password.'),
      })
      .optional()
      .describe('Sent as `Authorization: Basic …`.'),
    header: z
      .record(z.string(), secretText('the header’s value'))
      .optional()
      .describe('One header of another name, and its value.'),
    origins: z
      .array(text('an origin such as https://api.example.com', 500))
      .min(1)
      .max(50)
      .describe('The only origins that the secret is ever sent to.'),
    limit: rate().optional().describe('At most this many requests to each origin, by all tools together.'),
  })
  .describe('A secret: exactly one of `bearer`, `basic`, `header`.')

const section = (what: string) =>
  z.record(z.string(), z.unknown(), { error: `expected a mapping of ${what} by name` }).nullish()

/** The file's own keys; each entry is parsed by its own schema, so that one fault hides no other. */
export const shellSchema = z.strictObject({
  version: z.literal(1),
  server: z.unknown().optional(),
  store: z.unknown().optional(),
  models: section('models'),
  credentials: section('credentials'),
  sources: section('sources'),
  tools: section('tools'),
  agents: section('agents'),
  alerts: z.unknown().optional(),
  tracing: z.unknown().optional(),
  log: z.unknown().optional(),
})

const keepSchema = durationOrForever({ min: 86_400_000, max: 3660 * 86_400_000 })
  .prefault('90d')
  .describe('How long finished events are kept, with their runs: `30d`, or `forever`.')

const selfSchema = z
  .array(text('the name or id that the sender has for us', 200))
  .max(50)
  .prefault([])
  .describe(
    'Who we are at the sender: events that one of these actors caused are echoes of our own writes and wake nobody, but for agents that ask for echoes.',
  )

/** What may stand under `sources`: the kind's own keys and `kind`, nothing else. */
export function sourceSchema(kind: SourceSchema): z.ZodObject {
  return kind.options
    .safeExtend({
      kind: z.literal(kind.kind).describe('Which kind of source it is.'),
      keep: keepSchema,
      label: labelSchema
        .optional()
        .describe(
          'Who may see what its events tell. Default: who may see the object that an event is about; everybody, where the sender says so.',
        ),
      self: selfSchema,
    })
    .strict()
}

/** The whole file as one schema, for `config.schema.json`. */
export function configSchema(kinds: readonly SourceSchema[]) {
  const [first, ...others] = kinds.map(sourceSchema)
  const source = first === undefined ? z.never() : z.discriminatedUnion('kind', [first, ...others])
  return z.strictObject({
    version: z.literal(1).describe('The version of this format.'),
    server: serverSchema.optional(),
    store: storeSchema.prefault('sqlite:./data/rouse.db'),
    models: z.record(nameSchema, modelSchema).optional().describe('Model endpoints, by name.'),
    credentials: z.record(nameSchema, credentialSchema).optional().describe('Secrets for tools, by name.'),
    sources: z.record(nameSchema, source).optional().describe('Where events come from, by name.'),
    tools: z.record(nameSchema, toolSchema).optional().describe('Declared API operations, by name.'),
    agents: z.record(nameSchema, agentSchema).optional().describe('Agents, by name.'),
    alerts: alertsSchema.optional(),
    tracing: tracingSchema.optional(),
    log: logSchema.optional(),
  })
}
