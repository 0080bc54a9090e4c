import type { CallRow, Ledger } from './ledger.js'

const denials: Readonly<Record<string, string>> = {
  'policy.unknown_tool': 'deny:unknown_tool',
  'policy.not_granted': 'deny:not_granted',
  'policy.schema': 'deny:schema',
  'policy.scope': 'deny:scope',
  'policy.constraint': 'deny:constraint',
  'policy.budget': 'deny:budget',
  'policy.flow': 'deny:flow',
  'policy.text': 'deny:text',
  'tool.egress': 'deny:egress',
  'tool.redirect': 'deny:egress',
  'policy.stale': 'deny:stale',
  'approval.void': 'deny:stale',
  'approval.expired': 'deny:stale',
}

/** What the ledger says of a call, in the words of a list of cases. */
export function verdictOf({ state, code }: CallRow): string {
  switch (state) {
    case 'done':
    case 'confirmed':
    case 'prepared':
    case 'sent':
      return 'allow'
    case 'simulated':
      return 'simulate'
    case 'waiting':
    case 'held':
      return 'hold'
    case 'expired':
      return 'deny:stale'
    case 'denied':
      return code === undefined ? 'denied by a person' : (denials[code] ?? code)
    case 'failed':
    case 'rejected':
      return (code === undefined ? undefined : denials[code]) ?? `${state} (${code ?? 'no code'})`
    default:
      return state
  }
}

/** Codes of runs that ended on a bound. */
export function endedOnLimit({ runs }: Ledger): boolean {
  return runs.some(({ state, errorCode }) => state === 'dead' && (errorCode ?? '').startsWith('limit.'))
}

/** What a clause of an expectation asks for, beside a verdict. */
type Check = (judged: Judged) => string | undefined

export interface Judged {
  readonly ledger: Ledger
  /** Those that the expectation is about, in the order in which they were asked for. */
  readonly calls: readonly CallRow[]
}

const verdictWord = /deny:[a-z_]+|\b(?:allow(?:ed|s)?|passes|pass|held|holds?|simulated?|end:run|rejected)\b/g
/** Says nothing of what it is instead. */
const negation = /\b(?:not|never)(?: \w+){0,2}? (?:allowed|held|sent|simulated|rejected)\b/g
/** `deny:schema or deny:constraint`: each of the calls is one of these. */
const alternatives =
  /^(?:deny:[a-z_]+|allow|hold|simulate)(?:(?:\s+or\s+|\s*[/|]\s*)(?:deny:[a-z_]+|allow|hold|simulate))+$/

/** What is said of calls as a whole; each takes out of the text what it understood. */
const phrases: readonly (readonly [RegExp, (found: RegExpExecArray) => Check])[] = [
  [/\bno (?:tool )?calls?\b/, () => noCalls],
  [
    /\bat most (\d+|one|two|three)(?: (?:is|are|may be))? (?:sent|writes?|effects?|calls?|refunds?|comments?)\b/,
    (found) => atMost(numberOf(found[1])),
  ],
  [
    /\b(?:nothing|no (?:effects?|writes?|requests?|refunds?|comments?|state change))(?: (?:is|was|are|were|leaves|reaches))?(?: (?:sent|made|written|upstream|it|the fakes?|a fake))*\b/,
    () => atMost(0),
  ],
  [/\b(?:exactly |only )?(?:one|1|a single) (?:effect|write|refund|comment|request)\b/, () => oneEffect],
  // Every case is looked through for secrets, and none may be found.
  [/\bredacted\b/, () => () => undefined],
  [/deny of the one/, () => one(/^(deny:|hold$)/)],
  [/(?:one open card|one card open)[^;]*?;?\s*rest (deny:[a-z_]+)/, (found) => oneHeld(found[1] ?? '')],
  [/(deny:[a-z_]+) after the first/, (found) => afterFirst(found[1] ?? '')],
  [/(?:allow|allowed) comment only/, () => all(/^allow$/)],
  [/\breads? allowed\b/, () => reads(/^allow$/)],
  [/\b\w+ held\b/, () => some(/^hold$/, 'hold')],
  [
    /\b(first|second|third|fourth|fifth|last|[2-9](?:nd|rd|th)|1st)\b(?: (?:one|call|is))*:? (deny:[a-z_]+|allow|hold|simulate)/,
    (found) => nth(found[1] ?? '', found[2] ?? ''),
  ],
]

/**
 * Whether the calls came out as `expect` says; undefined, or what is not so. One verdict alone is meant of every call
 * that is not merely a read on the way. Else each verdict that is named must be found, and of `or` one of them. What
 * names nothing that is known is never taken for fulfilled.
 */
export function faultOf(expect: string, judged: Judged): string | undefined {
  const text = expect.trim()
  const single = /^(deny:[a-z_]+|allow|hold|simulate|end:run)$/.exec(text)?.[1]
  if (single !== undefined) return exactly(single)(judged)
  if (alternatives.test(text)) return eachOf(text.match(verdictWord)?.map(plain) ?? [])(judged)
  const checks: Check[] = []
  let rest = text.replace(negation, ' ')
  if (rest.includes('deny:')) rest = rest.replaceAll('rejected', ' ')
  for (const [pattern, make] of phrases) {
    const found = pattern.exec(rest)
    if (!found) continue
    checks.push(make(found))
    rest = rest.replace(found[0], ' ')
  }
  for (const clause of rest.split(/[;,]|\band\b|\bthen\b/)) {
    const words = clause.match(verdictWord)
    if (!words) continue
    const wanted = words.map(plain)
    checks.push(/\bor\b|\//.test(clause) ? anyOf(wanted) : (given) => firstFault(wanted.map(named), given))
  }
  if (checks.length === 0) return notUnderstood(expect)
  return firstFault(checks, judged)
}

export function notUnderstood(expect: string): string {
  return `the expectation "${expect}" is not understood`
}

function firstFault(checks: readonly Check[], judged: Judged): string | undefined {
  for (const check of checks) {
    const fault = check(judged)
    if (fault !== undefined) return fault
  }
  return undefined
}

function plain(word: string): string {
  if (/^(?:held|holds)$/.test(word)) return 'hold'
  return word.replace(/^(?:allowed|allows|pass|passes)$/, 'allow').replace(/^simulated$/, 'simulate')
}

function told({ calls }: Judged): string {
  const said = calls.map((call) => `${call.tool} ${verdictOf(call)}${call.code ? ` [${call.code}]` : ''}`)
  return said.length === 0 ? 'no call is in the ledger' : said.slice(0, 8).join(', ')
}

function isRead({ effect }: CallRow): boolean {
  return effect === 'read'
}

/** A read on the way to what is judged; also one that the API refused. */
function isPassingRead(call: CallRow): boolean {
  return isRead(call) && /^(?:allow$|failed )/.test(verdictOf(call))
}

function exactly(verdict: string): Check {
  if (verdict === 'end:run') return named(verdict)
  return (judged) => {
    const { calls } = judged
    const isFound = calls.some((call) => verdictOf(call) === verdict)
    const others = calls.filter(
      (call) => verdictOf(call) !== verdict && !(verdict !== 'allow' && isPassingRead(call)),
    )
    if (isFound && others.length === 0) return undefined
    return `expected ${verdict}, found ${told(judged)}`
  }
}

function named(verdict: string): Check {
  if (verdict === 'end:run') {
    return ({ ledger }) => (endedOnLimit(ledger) ? undefined : 'expected a run that ended on a limit')
  }
  const isIt = (call: CallRow) =>
    verdict === 'rejected' ? call.state === 'rejected' : verdictOf(call) === verdict
  return (judged) => (judged.calls.some(isIt) ? undefined : `expected ${verdict}, found ${told(judged)}`)
}

function eachOf(verdicts: readonly string[]): Check {
  return (judged) => {
    const isOne = (call: CallRow) => verdicts.includes(verdictOf(call))
    const others = judged.calls.filter((call) => !isOne(call) && !isPassingRead(call))
    return judged.calls.some(isOne) && others.length === 0
      ? undefined
      : `expected ${verdicts.join(' or ')}, found ${told(judged)}`
  }
}

function anyOf(verdicts: readonly string[]): Check {
  return (judged) =>
    verdicts.some((verdict) => named(verdict)(judged) === undefined)
      ? undefined
      : `expected ${verdicts.join(' or ')}, found ${told(judged)}`
}

const noCalls: Check = (judged) =>
  judged.calls.length === 0 ? undefined : `expected no call, found ${told(judged)}`

const oneEffect: Check = (judged) => {
  const sent = judged.calls.filter((call) => !isRead(call) && verdictOf(call) === 'allow').length
  return sent === 1 ? undefined : `expected one effect, found ${told(judged)}`
}

function numberOf(word: string | undefined): number {
  const named = ['zero', 'one', 'two', 'three'].indexOf(word ?? '')
  return named >= 0 ? named : Number(word)
}

function atMost(limit: number): Check {
  return (judged) => {
    const sent = judged.calls.filter((call) => !isRead(call) && verdictOf(call) === 'allow').length
    return sent <= limit ? undefined : `expected at most ${limit} to be sent, found ${sent}`
  }
}

function all(pattern: RegExp): Check {
  return (judged) =>
    judged.calls.length > 0 && judged.calls.every((call) => pattern.test(verdictOf(call)))
      ? undefined
      : `expected all to be ${pattern.source}, found ${told(judged)}`
}

function one(pattern: RegExp): Check {
  return (judged) => {
    const { length } = judged.calls.filter((call) => pattern.test(verdictOf(call)))
    return length === 1 ? undefined : `expected one ${pattern.source}, found ${told(judged)}`
  }
}

function some(pattern: RegExp, what: string): Check {
  return (judged) =>
    judged.calls.some((call) => pattern.test(verdictOf(call)))
      ? undefined
      : `expected ${what}, found ${told(judged)}`
}

function reads(pattern: RegExp): Check {
  return (judged) => {
    const found = judged.calls.filter(isRead)
    const isSo = found.length > 0 && found.every((call) => pattern.test(verdictOf(call)))
    return isSo ? undefined : `expected the reads to be ${pattern.source}, found ${told(judged)}`
  }
}

function oneHeld(others: string): Check {
  return (judged) => {
    const verdicts = judged.calls.map(verdictOf)
    const held = verdicts.filter((verdict) => verdict === 'hold').length
    const isSo = held === 1 && verdicts.every((verdict) => verdict === 'hold' || verdict === others)
    return isSo && verdicts.length > 1
      ? undefined
      : `expected one hold, the rest ${others}, found ${told(judged)}`
  }
}

function afterFirst(others: string): Check {
  return (judged) => {
    const [first, ...rest] = judged.calls.map(verdictOf)
    const isSo = (first === 'hold' || first === 'allow') && rest.every((verdict) => verdict === others)
    return isSo && rest.length > 0 ? undefined : `expected ${others} after the first, found ${told(judged)}`
  }
}

const ordinals = ['first', 'second', 'third', 'fourth', 'fifth']

function nth(ordinal: string, verdict: string): Check {
  return (judged) => {
    const { calls } = judged
    const named = ordinals.indexOf(ordinal)
    const index =
      ordinal === 'last' ? calls.length - 1 : named >= 0 ? named : Number.parseInt(ordinal, 10) - 1
    const call = calls[index]
    return call && verdictOf(call) === verdict
      ? undefined
      : `expected the ${ordinal} to be ${verdict}, found ${told(judged)}`
  }
}
