import type { WorldTool } from './format.js'

/** What the words of a world's tools mean. Where something is said in words that nobody thought of, the strictest guess is made. */

export interface ArgWords {
  /** As an entry under `args` of a config.yaml. */
  readonly entry: Record<string, unknown>
  /** `int 1..facts.amount`: the fact that it may not be over, or under. */
  readonly most?: string
  readonly least?: string
}

const numberWords = /^(integer|int|number|decimal|float|money|amount)\b\s*(.*)$/i

/** `int 1..facts.amount`, `enum a|b`, `text<=100`, `bool`, `pattern ^x$`, each with `?` behind or `optional` before it. */
export function argOf(words: unknown): ArgWords {
  if (typeof words === 'object' && words !== null) return { entry: words as Record<string, unknown> }
  const text = String(words).trim()
  const bare = text.replace(/^optional\s+/i, '').replace(/(?<=[\w>])\?$|\s*\(optional\)$/i, '')
  const { entry, ...bounds } = requiredArg(bare)
  return { entry: { ...entry, ...(bare !== text && { optional: true }) }, ...bounds }
}

function requiredArg(text: string): ArgWords {
  const [, kind, range = ''] = numberWords.exec(text) ?? []
  if (kind !== undefined) return numberArg(/^int/i.test(kind) ? 'integer' : 'number', range)
  if (/^bool/i.test(text)) return { entry: { type: 'boolean' } }
  const pattern = /^(?:pattern|regexp?|match(?:es)?|string)\s*[:~]?\s*(\^.+)$/i.exec(text)?.[1]
  if (pattern !== undefined) return { entry: { pattern } }
  const choices = /^(?:enum|one of|choice)\s*[:(]?\s*(.+?)\)?$/i.exec(text)?.[1]
  if (choices !== undefined) return { entry: { enum: listOf(choices) } }
  const list = /^list(?:<=(\d+))?\s*(?:of|enum)?\s*(.+)$/i.exec(text)
  if (list) {
    const most = list[1] === undefined ? {} : { max_items: Number(list[1]) }
    return { entry: { type: 'list', enum: listOf(list[2] ?? ''), ...most } }
  }
  const length = /(\d+)\D*$/.exec(text)?.[1]
  return { entry: { type: 'text', max_length: Number(length ?? 200) } }
}

function listOf(words: string): string[] {
  return words.split(/\s*[|,]\s*/).filter((word) => word !== '')
}

function numberArg(type: string, range: string): ArgWords {
  const [, from = '', to = ''] = /^(\S*?)\s*\.\.\s*(\S*)$/.exec(range) ?? []
  const least = from || (/>=\s*(\S+)/.exec(range)?.[1] ?? '')
  const most = to || (/<=\s*(\S+)/.exec(range)?.[1] ?? '')
  const factIn = (word: string) => /^facts\.(\w+)$/.exec(word)?.[1]
  const bound = (name: string, word: string) =>
    word !== '' && Number.isFinite(Number(word)) ? { [name]: Number(word) } : {}
  const [leastFact, mostFact] = [factIn(least), factIn(most)]
  return {
    entry: { type, ...bound('min', least), ...bound('max', most) },
    ...(mostFact !== undefined && { most: mostFact }),
    ...(leastFact !== undefined && { least: leastFact }),
  }
}

export interface QuotaWords {
  readonly count: number
  readonly per: 'run' | 'subject' | 'day'
  /** What it is counted by: `run+attempt` is by `run` and `attempt`. */
  readonly by: readonly string[]
}

/** `1 per charge`, `2 per run`, `1 per run+attempt`, `20/day`, or several of them. */
export function quotasOf({ max }: Pick<WorldTool, 'max'>): QuotaWords[] {
  return partsOf(max).map((part) => {
    const found = /^(\d+|once|one)\b\s*(?:calls?\s+)?(?:per|\/|a|each)\s*(\S+)/i.exec(part)
    const count = Number(/\d+/.exec(part)?.[0] ?? 1)
    const per = found?.[2] ?? 'subject'
    return { count, per: periodOf(per), by: per.split('+').filter((word) => word !== '') }
  })
}

export interface SumWords {
  readonly arg: string
  readonly limit: number
  readonly per: QuotaWords['per']
}

/** `amount <= 20000 per day`. */
export function sumsOf({ sum, args = {} }: Pick<WorldTool, 'sum' | 'args'>): SumWords[] {
  return partsOf(sum).map((part) => {
    const [limit = '0'] = /\d[\d_]*(?:\.\d+)?/.exec(part.replace(/(?<=\d),(?=\d{3})/g, '')) ?? []
    const named = Object.keys(args).find((name) => new RegExp(`\\b${name}\\b`).test(part))
    const first = Object.keys(args).find((name) => numberWords.test(String(args[name])))
    const per = /(?:per|\/|a|each)\s*([a-z_+]+)\s*$/i.exec(part)?.[1] ?? 'day'
    return { arg: named ?? first ?? '', limit: Number(limit.replaceAll('_', '')), per: periodOf(per) }
  })
}

function partsOf(words: string | undefined): string[] {
  return (words ?? '')
    .split(/\s*(?:[;,](?!\d)|\band\b)\s*/)
    .map((part) => part.trim())
    .filter((part) => part !== '')
}

/** There is nothing between a run and a day; what is counted by an object is counted for good. */
function periodOf(word: string): QuotaWords['per'] {
  if (word === 'run') return 'run'
  return /^(?:second|minute|hour|day|week|month)s?$/i.test(word) ? 'day' : 'subject'
}

/** `1/subject`, as a grant of a config.yaml has it. */
export function quotaText({ count, per }: QuotaWords): string {
  return `${count}/${per}`
}
