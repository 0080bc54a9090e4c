import { z } from 'zod'
import type { JsonValue } from '../../util/json.js'
import type { Caller } from '../callers.js'
import type { PageOptions } from '../pages/page.js'

/** What the paths of endpoints have in braces, and how it is written. */
export const pathParts = {
  event: 'evt_[0-9a-f]{32}',
  run: 'run_[0-9a-f]{32}',
  approval: 'apr_[0-9a-f]{32}',
  call: 'tcl_[0-9a-f]{32}',
} as const
export type PathPart = keyof typeof pathParts

/** One entry of the API: what it is asked, what it does and what it answers. The OpenAPI document is made of these. */
export interface Endpoint {
  readonly method: 'GET' | 'POST'
  /** `/api/events/{event}`, with parts of `pathParts`. */
  readonly path: string
  readonly role: Caller['role']
  readonly summary: string
  readonly query: z.ZodObject
  readonly body: z.ZodObject | undefined
  readonly answer: z.ZodType
  does(asked: Asked<never, never>, options: PageOptions): Promise<JsonValue>
}

/** No parameters are taken. */
export const nothing = z.strictObject({})

export interface Asked<Query, Body> {
  /** What stands in the braces of the path, in order. */
  readonly id: string
  readonly query: Query
  readonly body: Body
  readonly caller: Caller
}

interface Reading<Query extends z.ZodObject> {
  readonly path: string
  readonly summary: string
  readonly query: Query
  readonly answer: z.ZodType
  does(asked: Asked<z.output<Query>, undefined>, options: PageOptions): Promise<JsonValue>
}

interface Deciding<Body extends z.ZodObject> {
  readonly path: string
  readonly summary: string
  readonly body: Body
  readonly answer: z.ZodType
  does(asked: Asked<unknown, z.output<Body>>, options: PageOptions): Promise<JsonValue>
}

/** What changes nothing. */
export function reading<Query extends z.ZodObject>(given: Reading<Query>): Endpoint {
  return { ...given, method: 'GET', role: 'read', body: undefined }
}

/** What takes the role `approve`. */
export function deciding<Body extends z.ZodObject>(given: Deciding<Body>): Endpoint {
  return { ...given, method: 'POST', role: 'approve', query: nothing }
}

/** Of the whole path. */
export function patternOf({ path }: Pick<Endpoint, 'path'>): RegExp {
  const pattern = path
    .replaceAll('.', '\\.')
    .replaceAll(/\{(\w+)\}/g, (_whole, part: PathPart) => `(${pathParts[part]})`)
  return new RegExp(`^${pattern}$`)
}
