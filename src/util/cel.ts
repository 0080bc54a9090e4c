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
  environment.registerOperator(`double ${operator} int: double`, (left: number, right: bigint) =>
    compute(left, Number(right)),
  )
  environment.registerOperator(`int ${operator} double: double`, (left: bigint, right: number) =>
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

/**
 * The type that an expression has whatever its values are (`bool`, `string`, `int`, …), or `dyn` when that
 * depends on them. Throws an Error with the reason when no values could make it run.
 */
export function expressionType(source: string): string {
  const checked = environment.parse(renameType(source)).check()
  if (!checked.valid) throw new Error(checked.error?.summary ?? 'it does not fit together')
  return checked.type ?? 'dyn'
}

export interface MemberUse {
  /** Read as `root.name` or `root['name']`. */
  readonly names: readonly string[]
  /** Whether `root` is used in any other way, so that the names do not say everything. */
  readonly isOpen: boolean
}

/** Which members of the variable `root` an expression reads. Throws as `compileExpression` does on bad syntax. */
export function memberUse(source: string, root: string): MemberUse {
  const names = new Set<string>()
  let isOpen = false
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) for (const item of value) visit(item)
    if (!isNode(value)) return
    const name = memberOf(value, root)
    if (name !== undefined) names.add(name)
    else if (value.op === 'id') isOpen ||= value.args === root
    else visit(value.args)
  }
  visit(environment.parse(renameType(source)).ast)
  return { names: [...names], isOpen }
}

function memberOf(node: ASTNode, root: string): string | undefined {
  if (node.op !== '.' && node.op !== '[]') return undefined
  const [receiver, member] = node.args
  if (receiver.op !== 'id' || receiver.args !== root) return undefined
  if (typeof member === 'string') return member
  return member.op === 'value' && typeof member.args === 'string' ? member.args : undefined
}

/**
 * What an expression reads under the variable `root`, as far as names in it say: `facts.charge.amount` gives
 * `['charge', 'amount']`. A root that is read as a whole gives the empty path. Throws as `compileExpression` does.
 */
export function memberPaths(source: string, root: string): string[][] {
  const paths: string[][] = []
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) for (const item of value) visit(item)
    if (!isNode(value)) return
    const path = pathOf(value, root)
    if (path) paths.push(path)
    else visit(value.args)
  }
  visit(environment.parse(renameType(source)).ast)
  return paths
}

/** The names from `root` to this node; undefined where it is no such chain. */
function pathOf(node: ASTNode, root: string): string[] | undefined {
  if (node.op === 'id') return node.args === root ? [] : undefined
  if (node.op !== '.' && node.op !== '[]') return undefined
  const [receiver, member] = node.args
  const before = pathOf(receiver, root)
  if (typeof member === 'string') return before && [...before, member]
  const isLiteral = member.op === 'value' && ['string', 'bigint', 'number'].includes(typeof member.args)
  // Where it is computed, all of what stands before it counts.
  return before && (isLiteral ? [...before, String(member.args)] : before)
}

/** What of an expression is not code: comments and literals, the three-quoted before the plain. */
const notCode = [
  /\/\/[^\n\r]*/,
  /'''(?:[^\\]|\\[\s\S])*?'''|"""(?:[^\\]|\\[\s\S])*?"""/,
  /'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"/,
].map(({ source }) => source)
const typeOrNotCode = new RegExp(`(${notCode.join('|')})|(?<!\\w|\\.\\s*)type(?!\\w|\\s*\\()`, 'g')

/** Replaces the variable `type` in code, not after a dot and not before a bracket. */
function renameType(source: string): string {
  return source.replace(typeOrNotCode, (_whole, other: string | undefined) => other ?? typeAlias)
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
  if (node.op === 'call' && node.args[0] === 're') {
    const pattern = node.args[1][1]
    if (pattern?.op === 'value' && typeof pattern.args === 'string') compilePattern(pattern.args)
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
