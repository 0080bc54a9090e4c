import type { Changed } from './bodies.js'

type RawHeaders = readonly string[]

/** What becomes of headers between the sender and here; `needed` are the names that the kind looks for. */
export function headerVariations(raw: RawHeaders, needed: readonly string[]): Changed<RawHeaders>[] {
  return [...families(raw), ...renamed(raw, needed), ...onlyOnce(raw), ...rewritten(raw)].filter(
    ({ value }) => value.join('\n') !== raw.join('\n'),
  )
}

function withNames(raw: RawHeaders, change: (name: string) => string): RawHeaders {
  return raw.map((text, at) => (at % 2 === 0 ? change(text.toLowerCase()) : text))
}

/** All headers at once. */
function families(raw: RawHeaders): Changed<RawHeaders>[] {
  const changes: [string, (name: string) => string][] = [
    ['svix-… headers under the names webhook-…', (name) => name.replace(/^svix-/, 'webhook-')],
    ['webhook-… headers under the names svix-…', (name) => name.replace(/^webhook-/, 'svix-')],
    [
      'headers under their own names, - for _ and without HTTP_: a log or framework renamed them',
      (name) => name.replace(/^http_/, '').replaceAll('_', '-'),
    ],
    ['headers without X- before their names', (name) => name.replace(/^x-/, '')],
    ['headers with X- before their names', (name) => (name.startsWith('x-') ? name : `x-${name}`)],
    [
      'headers without X-Forwarded- or X-Original- before their names: a proxy renamed them',
      (name) => name.replace(/^x-(forwarded|original)-/, ''),
    ],
  ]
  return changes.map(([what, change]) => ({ says: `with the ${what}`, value: withNames(raw, change) }))
}

/** One header under the name that the kind looks for. */
function renamed(raw: RawHeaders, needed: readonly string[]): Changed<RawHeaders>[] {
  const present = new Set(pairsOf(raw).map(([name]) => name.toLowerCase()))
  const candidates = pairsOf(raw)
    .filter(isProof)
    .map(([name]) => name.toLowerCase())
  return needed
    .filter((name) => !present.has(name))
    .flatMap((name) =>
      [...new Set(candidates)].map((other) => ({
        says: `with the header ${other} under the name ${name}: this kind of source reads that`,
        value: withNames(raw, (each) => (each === other ? name : each)),
      })),
    )
}

/** A header that comes twice, once. */
function onlyOnce(raw: RawHeaders): Changed<RawHeaders>[] {
  const pairs = pairsOf(raw)
  const counts = new Map<string, number>()
  for (const [name] of pairs) counts.set(name.toLowerCase(), (counts.get(name.toLowerCase()) ?? 0) + 1)
  const without = (name: string, keeps: 'first' | 'last') => {
    const own = pairs.filter(([each]) => each.toLowerCase() === name)
    const kept = keeps === 'first' ? own[0] : own.at(-1)
    return pairs.filter((pair) => pair[0].toLowerCase() !== name || pair === kept).flat()
  }
  return [...counts]
    .filter(([, count]) => count > 1)
    .flatMap(([name]) =>
      (['first', 'last'] as const).map((keeps) => ({
        says: `with only the ${keeps} of the ${name} headers: something on the way added the other`,
        value: without(name, keeps),
      })),
    )
}

const values: readonly [string, (value: string) => string][] = [
  ['in lower case: the hex was written in capitals', (value) => value.replace(/\b[0-9A-F]{32,}\b/g, lower)],
  ['without white space around it', (value) => value.trim()],
  ['without quotes around it', (value) => value.replace(/^"(.*)"$/, '$1')],
  ['without its prefix', (value) => value.replace(/^[A-Za-z0-9-]{1,12}[= ]/, '')],
  ['with sha256= before it', (value) => `sha256=${value}`],
  ['with sha1= before it', (value) => `sha1=${value}`],
  ['with v0= before it', (value) => `v0=${value}`],
  ['with v1= before it', (value) => `v1=${value}`],
  ['with v1, before it', (value) => `v1,${value}`],
  ['with Bearer before it', (value) => `Bearer ${value}`],
  ['with its % escapes decoded', unescaped],
  [
    'in base64 with + and /, which were - and _',
    (value) => padded(value.replaceAll('-', '+').replaceAll('_', '/')),
  ],
  ['in base64 with = at its end, which was lost', padded],
  ['in hex, which it is not: it came in base64', (value) => recoded(value, 'base64', 'hex')],
  ['in base64, which it is not: it came in hex', (value) => recoded(value, 'hex', 'base64')],
]

/** One header's value, written otherwise. */
function rewritten(raw: RawHeaders): Changed<RawHeaders>[] {
  const pairs = pairsOf(raw)
  return pairs.flatMap(([name, value], at) =>
    values.flatMap(([what, change]) => {
      const changed = change(value)
      if (!isProof([name, value]) || changed === value || changed === '') return []
      const others = pairs.map((pair, index) => (index === at ? ([name, changed] as const) : pair))
      return [{ says: `with the header ${name.toLowerCase()} ${what}`, value: others.flat() }]
    }),
  )
}

/** A header that may carry a proof: what no variation could make one of is not tried. */
function isProof([name, value]: readonly [string, string]): boolean {
  if (/^(user-agent|host|accept.*|content-.*|date|via|forwarded|x-forwarded-.*|traceparent)$/i.test(name))
    return false
  return /[A-Za-z0-9+/=_-]{16}/.test(value) || /sig|hmac|auth|token|secret|-mac|time/i.test(name)
}

function pairsOf(raw: RawHeaders): (readonly [string, string])[] {
  return raw.flatMap((name, at) => (at % 2 === 0 ? [[name, raw[at + 1] ?? ''] as const] : []))
}

function lower(text: string): string {
  return text.toLowerCase()
}

function unescaped(value: string): string {
  try {
    return decodeURIComponent(value)
  } catch {
    return value
  }
}

function padded(value: string): string {
  return /^[A-Za-z0-9+/]+$/.test(value) ? value.padEnd(Math.ceil(value.length / 4) * 4, '=') : value
}

function recoded(value: string, from: 'hex' | 'base64', to: 'hex' | 'base64'): string {
  const bytes = Buffer.from(value, from)
  return bytes.toString(from) === value && bytes.length >= 20 ? bytes.toString(to) : value
}
