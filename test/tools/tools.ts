import type { ArgSpec, Credential, Template, TextRules, Tool } from '../../src/domain/tool.js'
import type { Bindings } from '../../src/tools/tool.js'
import { compileExpression } from '../../src/util/cel.js'

/** `expression` alone, or text with `{{ … }}` in it; config.yaml has a dollar sign before it. */
export function template(text: string): Template {
  const parts = text.split(/\{\{\s*(.*?)\s*\}\}/)
  const compiled = parts.map((part, at) =>
    at % 2 === 0 ? part : compileExpression(part, ['args', 'facts', 'ids', 'event', 'marker']),
  )
  const [before, only, after] = compiled
  if (compiled.length === 1) return { kind: 'literal', value: text }
  if (compiled.length === 3 && before === '' && after === '' && typeof only === 'object') {
    return { kind: 'expression', expression: only }
  }
  return { kind: 'text', parts: compiled }
}

/** What a text may hold by default. */
export const plainText: TextRules = { links: [], mentions: false, commands: false, qualifiers: false }

export function aTool(changes: Partial<Tool> = {}): Tool {
  return {
    name: 'refund',
    description: 'Refund the disputed charge.',
    method: 'GET',
    origin: 'https://api.example.com',
    path: ['/v1/things'],
    query: [],
    headers: [],
    body: { kind: 'none' },
    credential: undefined,
    effect: 'read',
    args: {},
    boundIds: [],
    result: { pick: undefined, maxBytes: 32_768 },
    yields: {},
    creates: {},
    label: undefined,
    audience: undefined,
    redirectHosts: [],
    facts: {},
    idempotency: undefined,
    refusals: [],
    onUnknown: 'hold',
    probe: undefined,
    timeoutMs: 10_000,
    maxResponseBytes: 1_000_000,
    isPrivate: false,
    ...changes,
  }
}

type Specs = ArgSpec extends infer Each
  ? Each extends unknown
    ? Omit<Each, 'description' | 'optional'>
    : never
  : never

export function arg(spec: Specs, changes: { optional?: boolean; description?: string } = {}): ArgSpec {
  return { description: undefined, optional: false, ...changes, ...spec }
}

export function bindings(changes: Partial<Bindings> = {}): Bindings {
  const event = { id: 'evt_1', type: 'charge.dispute.created' }
  return { ids: {}, args: {}, facts: {}, event, marker: undefined, ...changes }
}

export function bearer(origin: string, changes: Partial<Credential> = {}): Credential {
  return {
    name: 'key',
    origins: [origin],
    auth: { kind: 'bearer', token: 'sk_test_CANARY' },
    rate: undefined,
    ...changes,
  }
}
