import { z } from 'zod'
import type { JsonObject, JsonValue } from '../../util/json.js'
import { refused } from './documents.js'
import { type Endpoint, type PathPart, pathParts } from './endpoint.js'

/** What is asked as an endpoint, and answered bit by bit. */
export interface Stream {
  readonly path: string
  readonly summary: string
  readonly query: z.ZodObject
}

/** The API as an OpenAPI 3.1 document, made of the table that answers: what it says is what happens. */
export function openApiDocument(
  endpoints: readonly Endpoint[],
  streams: readonly Stream[],
  version: string,
): JsonObject {
  const schemas: JsonObject = {}
  const paths: Record<string, JsonObject> = {}
  const schemaOf = (type: z.ZodType, io: 'input' | 'output') => hoisted(type, io, schemas)
  for (const { method, path, role, summary, query, body, answer } of endpoints) {
    const operation: JsonObject = {
      summary,
      description: role === 'approve' ? 'Takes a token of the role `approve`.' : 'Takes a token of any role.',
      parameters: [...pathParameters(path), ...queryParameters(schemaOf(query, 'input'))],
      responses: {
        '200': jsonOf('Done', schemaOf(answer, 'output')),
        ...refusals(schemaOf(refused, 'output')),
      },
    }
    if (body) operation['requestBody'] = { required: true, ...jsonOf('', schemaOf(body, 'input')) }
    paths[path] = { ...paths[path], [method.toLowerCase()]: operation }
  }
  for (const { path, summary, query } of streams) {
    const parameters = queryParameters(schemaOf(query, 'input'))
    const content = { 'text/event-stream': { schema: { type: 'string' } } }
    const responses = { '200': { description: 'Events', content }, ...refusals(schemaOf(refused, 'output')) }
    paths[path] = { get: { summary, parameters, responses } }
  }
  return {
    openapi: '3.1.0',
    info: { title: 'rouse', version, description: 'The admin API. Fields are added, never renamed.' },
    security: [{ bearer: [] }, { session: [] }],
    paths,
    components: {
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', description: 'A token of `rouse token`.' },
        session: { type: 'apiKey', in: 'cookie', name: 'rouse_<port>', description: 'Of a browser.' },
      },
      schemas,
    },
  }
}

const meanings: Readonly<Record<string, string>> = {
  '400': 'A field is not understood, and named',
  '401': 'No token, or one that opens nothing',
  '403': 'The token’s role does not allow it, or the request comes from a page elsewhere',
  '404': 'There is nothing with that id',
  '409': 'It is no longer in the state that this needs',
  '422': 'It cannot be done; the message says why',
  '503': 'The ledger cannot be read or written now',
}

function refusals(schema: JsonValue): JsonObject {
  const told = Object.entries(meanings).map(([status, meaning]) => [
    status,
    ['401', '403', '503'].includes(status) ? { description: meaning } : jsonOf(meaning, schema),
  ])
  return Object.fromEntries(told) as JsonObject
}

function jsonOf(description: string, schema: JsonValue): JsonObject {
  const content = { 'application/json': { schema } }
  return description === '' ? { content } : { description, content }
}

function pathParameters(path: string): JsonObject[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, part = '']) => ({
    name: part,
    in: 'path',
    required: true,
    schema: { type: 'string', pattern: `^${pathParts[part as PathPart]}$` },
  }))
}

function queryParameters(schema: JsonObject): JsonObject[] {
  const properties = (schema['properties'] ?? {}) as Record<string, JsonObject>
  return Object.entries(properties).map(([name, { description, ...type }]) => ({
    name,
    in: 'query',
    required: false,
    ...(description === undefined ? {} : { description }),
    schema: type,
  }))
}

/** The schema of `type`, with the named schemas in it moved to `schemas`. */
function hoisted(type: z.ZodType, io: 'input' | 'output', schemas: JsonObject): JsonObject {
  const whole = z.toJSONSchema(type, { io, unrepresentable: 'any' }) as unknown as JsonObject
  const { $schema: _dialect, $defs = {}, ...schema } = pointed(whole) as JsonObject
  for (const [name, definition] of Object.entries($defs as JsonObject)) schemas[name] = definition
  const id = schema['id']
  if (typeof id !== 'string') return schema
  const { id: _id, ...named } = schema
  schemas[id] = named
  return { $ref: `#/components/schemas/${id}` }
}

/** The same with its references where OpenAPI has the schemas. */
function pointed(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(pointed)
  if (value === null || typeof value !== 'object') return value
  const entries = Object.entries(value).map(([key, item]): [string, JsonValue] => {
    if (key === '$ref' && typeof item === 'string') {
      return [key, item.replace('#/$defs/', '#/components/schemas/')]
    }
    return [key, pointed(item)]
  })
  return Object.fromEntries(entries)
}
