import { z } from 'zod'
import { headerValues } from '../../domain/delivery.js'
import { AppError, LimitError } from '../../domain/errors.js'
import { secretsFor } from '../../runs/secrets.js'
import { JsonError, type JsonObject, type JsonValue, parseJson } from '../../util/json.js'
import { packageVersion } from '../../util/version.js'
import { answerFault, answerJson, refuse } from '../answers.js'
import type { Caller } from '../callers.js'
import type { Ask, Door, DoorOptions } from '../door.js'
import type { PageOptions } from '../pages/page.js'
import { exactly, type Route } from '../routes.js'
import { parseMark, type Tail } from '../tail.js'
import { decidingEndpoints } from './deciding.js'
import { type Endpoint, patternOf } from './endpoint.js'
import { openApiDocument, type Stream } from './openapi.js'
import { readingEndpoints } from './reading.js'

export type ApiOptions = PageOptions & DoorOptions & { readonly tail: Tail }

export const endpoints: readonly Endpoint[] = [...readingEndpoints, ...decidingEndpoints]

const tailQuery = z.strictObject({
  after: z
    .string()
    .refine((text) => parseMark(text) !== undefined, { error: 'expected the id of a message, such as 17.4' })
    .optional()
    .describe(
      'goes on after this message, as the header `Last-Event-ID` does; else only what comes from now on',
    ),
  hints: z
    .enum(['true', 'false'])
    .optional()
    .describe('only that something happened, and not what; at most twice a second'),
})

const tailStream: Stream = {
  path: '/api/tail',
  summary: 'What happens, as it happens, as Server-Sent Events: event, run, call, approval, gap.',
  query: tailQuery,
}

export const streams: readonly Stream[] = [tailStream]

/** The API, for programs. */
export function apiRoutes(door: Door, options: ApiOptions): readonly Route[] {
  const document = openApiDocument(endpoints, streams, packageVersion())
  return [
    ...endpoints.map((endpoint) => routeOf(endpoint, door, options)),
    get('/api/openapi.json', (ask) => door.api(ask, 'read', () => answerJson(document))),
    get('/api/tail', (ask) => door.api(ask, 'read', (caller) => listen(ask, caller, door, options))),
  ]
}

function get(path: string, answer: Route['answer']): Route {
  return { method: 'GET', path: exactly(path), answer }
}

const maxBodyBytes = 16 * 1024
const bodyLimits = { maxDepth: 16, maxNodes: 2000 }

function routeOf(endpoint: Endpoint, door: Door, options: ApiOptions): Route {
  const { method, role } = endpoint
  const answer: Route['answer'] = (ask, [id = '']) =>
    door.api(ask, role, async (caller) => {
      const response = await done(endpoint, { ask, id, caller }, options).catch(refusal)
      if (method === 'POST') {
        const { status } = response
        options.log.info({ path: ask.target.path, by: caller.name, status }, 'admin: a decision')
      }
      return response
    })
  return { method, path: patternOf(endpoint), answer }
}

interface Given {
  readonly ask: Ask
  readonly id: string
  readonly caller: Caller
}

async function done(endpoint: Endpoint, { ask, id, caller }: Given, options: ApiOptions): Promise<Response> {
  const query = read(endpoint.query, fieldsOf(ask.target.query))
  const given = endpoint.body && jsonOf(await options.readBody(ask.incoming, maxBodyBytes))
  const body = endpoint.body && read(endpoint.body, given)
  const answer = await endpoint.does({ id, caller, query: query as never, body: body as never }, options)
  return answerJson(withoutSecrets(answer, options))
}

function withoutSecrets(value: JsonValue, { config }: ApiOptions): JsonValue {
  return secretsFor(config(), config()).redactJson(value)
}

/** What does not fit its schema, field by field. */
class Misunderstood extends AppError {
  constructor(readonly fields: readonly { readonly field: string; readonly message: string }[]) {
    const said = fields.map(({ field, message }) => (field === '' ? message : `${field}: ${message}`))
    super('request.invalid', said.join('; '))
  }
}

function read<Type extends z.ZodObject>(type: Type, given: JsonValue | undefined): z.output<Type> {
  const found = type.safeParse(given)
  if (found.success) return found.data
  const fields = found.error.issues.flatMap(({ path, message, ...issue }) => {
    if (issue.code !== 'unrecognized_keys') return [{ field: path.join('.'), message }]
    return issue.keys.map((key) => ({ field: [...path, key].join('.'), message: 'there is no such field' }))
  })
  throw new Misunderstood(fields)
}

/** Each name once; what came twice stays as a list, which fits no field. */
function fieldsOf(query: string): JsonObject {
  const fields: JsonObject = Object.create(null)
  const given = new URLSearchParams(query)
  for (const name of new Set(given.keys())) {
    const values = given.getAll(name)
    fields[name] = values.length === 1 ? (values[0] ?? '') : values
  }
  return { ...fields }
}

function jsonOf(bytes: Uint8Array): JsonValue | undefined {
  try {
    return parseJson(bytes, bodyLimits)
  } catch (cause) {
    if (cause instanceof JsonError) throw new Misunderstood([{ field: '', message: cause.message }])
    throw cause
  }
}

function refusal(cause: unknown): Response {
  if (cause instanceof LimitError) return refuse(413, { connection: 'close' })
  if (cause instanceof Misunderstood) {
    const { code, message, fields } = cause
    return answerJson({ error: { code, message, fields: fields.map((field) => ({ ...field })) } }, 400)
  }
  if (cause instanceof AppError && cause.code !== 'internal.unexpected') return answerFault(cause)
  throw cause
}

function listen(ask: Ask, caller: Caller, door: Door, options: ApiOptions): Response {
  const { incoming, target } = ask
  let query: z.output<typeof tailQuery>
  try {
    query = read(tailQuery, fieldsOf(target.query))
  } catch (cause) {
    return refusal(cause)
  }
  const [last] = headerValues(incoming.rawHeaders, 'last-event-id')
  const after = parseMark(last ?? query.after ?? '')
  if (last !== undefined && after === undefined) {
    return refusal(new Misunderstood([{ field: 'Last-Event-ID', message: 'expected the id of a message' }]))
  }
  // The connection ends with the stream: at a stop nothing is left to wait for.
  const headers = {
    'content-type': 'text/event-stream; charset=utf-8',
    'x-accel-buffering': 'no',
    connection: 'close',
  }
  if (incoming.method === 'HEAD') return new Response(null, { headers })
  const body = options.tail.listen({
    after,
    isHints: query.hints === 'true',
    isStillIn: async () => (await door.nameOf(incoming)) === caller.name,
    cut: () => incoming.socket.destroy(),
  })
  return body ? new Response(body, { headers }) : refuse(503, { 'retry-after': '10' })
}
