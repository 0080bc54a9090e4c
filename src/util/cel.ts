import { type ASTNode, Environment } from '@marcbachmann/cel-js'
import type { JsonValue } from './json.js'
import { compilePattern } from './pattern.js'

/**
 * Common Expression Language behind one small door. `matches()` is refused because its regular
 * expressions backtrack (9.4 s on `(a+)+$`); `re(text, pattern)` is RE2 instead. Numbers of JSON are
 * doubles to CEL and literals are ints, so their arithmetic is registered both ways.
 */
export interface Expression {
  readonly source: string
  /** Throws when a value is missing or the types do not fit; the caller decides what that means. */
  evaluate(values: ExpressionValues): unknown
}

export type ExpressionValues = Readonly<Record<string, JsonValue | undefined>>

const environment = new Environment({
  unlistedVariablesAreDyn: true,
  limits: { maxAstNodes: 1000, maxDepth: 50 },
})
environment.registerFunction('re(string, string): bool', (text: string, pattern: string) =>
  compilePattern(pattern).matches(text),
)
const arithmetic: Record<string, (left: number, right: number) => number> = {
  '+': (left, right) => left + right,
  '-': (left, right) => left - right,
  '*': (left, right) => left * right,
  '/': (left, right) => left / right,
  '%': (left, right) => left % right,
}
for (const [operator, compute] of Object.entries(arithmetic)) {
  environment.registerOperator(`double ${operator} int`, (left: number, right: bigint) =>
    compute(left, Number(right)),
  )
  environment.registerOperator(`int ${operator} double`, (left: bigint, right: number) =>
    compute(Number(left), right),
  )
}

/** `type` is a built-in name of CEL; an event's `type` is read under this one. */
const typeAlias = 'event_type'

/**
 * Compiles `source`, which may use the variables `names`. Throws an Error with the reason (syntax, an
 * unknown variable, `matches`).
 */
export function compileExpression(source: string, names: readonly string[]): Expression {
  const renamed = renameType(source)
  const parsed = environment.parse(renamed)
  for (const name of freeNames(parsed.ast, new Set())) {
    const shown = name === typeAlias ? 'type' : name
    if (!names.includes(shown)) {
      throw new Error(`unknown name "${shown}" in "${source}"; it may use ${names.join(', ')}`)
    }
  }
  return {
    source,
    evaluate(values) {
      const context: Record<string, unknown> = { ...values }
      if ('type' in values) {
        delete context['type']
        context[typeAlias] = values['type']
      }
      return parsed(context)
    },
  }
}

/** Replaces the variable `type` outside of string literals, not after a dot and not before a bracket. */
function renameType(source: string): string {
  return source.replace(
    /("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?<![\w.])type(?!\w|\s*\()/g,
    (whole, literal: string | undefined) => literal ?? (whole === 'type' ? typeAlias : whole),
  )
}

const comprehensions = new Set(['all', 'exists', 'exists_one', 'map', 'filter'])

function freeNames(node: ASTNode, bound: ReadonlySet<string>): Set<string> {
  const found = new Set<string>()
  const visit = (value: unknown, inner: ReadonlySet<string>) => {
    if (Array.isArray(value)) for (const item of value) visit(item, inner)
    else if (isNode(value)) for (const name of freeNames(value, inner)) found.add(name)
  }
  if (node.op === 'id') {
    if (!bound.has(node.args)) found.add(node.args)
    return found
  }
  if (node.op === 'call' || node.op === 'rcall') {
    if (node.args[0] === 'matches')
      throw new Error('matches() can take exponential time; use re(text, pattern)')
  }
  if (node.op === 'rcall' && comprehensions.has(node.args[0])) {
    const [, receiver, args] = node.args
    visit(receiver, bound)
    const variable = args[0]
    const inner = variable?.op === 'id' ? new Set([...bound, variable.args]) : bound
    visit(args.slice(1), inner)
    return found
  }
  visit(node.args, bound)
  return found
}

function isNode(value: unknown): value is ASTNode {
  return typeof value === 'object' && value !== null && 'op' in value && 'args' in value
}
