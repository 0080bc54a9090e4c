import { compileExpression, type Expression, expressionType, memberUse } from '../util/cel.js'
import type { Path } from './document.js'
import type { Problems } from './problems.js'
import { didYouMean, sentences } from './suggest.js'

export interface ExpressionRules {
  readonly names: readonly string[]
  /** Variables of which only these members exist. */
  readonly members: Readonly<Record<string, readonly string[]>>
  /** Variables that may be read by a literal member name only. */
  readonly closed?: readonly string[]
  /** Whether it must be true or false. */
  readonly isCondition: boolean
}

/** Compiles what stands at `path` and checks what can be known without running it. Undefined after a problem. */
export function checkExpression(
  source: string,
  path: Path,
  { closed = [], isCondition, members, names }: ExpressionRules,
  problems: Problems,
): Expression | undefined {
  if (source.startsWith('$')) {
    problems.add(path, `an expression stands here already: write it without \${{ }}`)
    return undefined
  }
  let expression: Expression
  let type: string
  try {
    expression = compileExpression(source, names)
    type = expressionType(source)
  } catch (cause) {
    problems.add(path, `not a CEL expression that can run: ${firstLine(cause)}`)
    return undefined
  }
  let isRight = true
  const fault = (message: string) => {
    problems.add(path, message)
    isRight = false
  }
  if (isCondition && type !== 'bool' && type !== 'dyn') {
    fault(`expected a condition that is true or false, found one of type ${type}`)
  }
  for (const [root, known] of Object.entries(members)) {
    const use = memberUse(source, root)
    for (const name of use.names) {
      if (known.includes(name)) continue
      const has = known.length === 0 ? 'nothing' : known.join(', ')
      fault(sentences(`${root}.${name} does not exist; ${root} has ${has}`, didYouMean(name, known)))
    }
    if (use.isOpen && closed.includes(root)) {
      fault(`${root} may be read by name only; write ${root}.<name>`)
    }
  }
  return isRight ? expression : undefined
}

function firstLine(cause: unknown): string {
  const message = cause instanceof Error ? cause.message : String(cause)
  const line = message.split('\n')[0] ?? ''
  return line === 'Unexpected character: =' ? 'one "=" says nothing; "==" compares' : line
}
