import type { JsonObject, JsonValue } from './json.js'
import { createPartFinder, type FindParts, type Form } from './part-finder.js'
import { joinedLines, spacesOfForm, type TextView, unescaped, viewOf } from './text-view.js'

/** Shorter values would blot out ordinary words, and are no secrets. */
const minSecretLength = 6
/** Parts of this length and more are as bad as the whole. */
const minPartLength = 8
const mark = '[redacted]'

export type Redactor = (text: string) => string

/**
 * A function that replaces what a text has of `secrets` by `[redacted]`, the smallest stretch that covers it: each whole
 * secret, and each part of 8 characters or more; as it is, in hex, in base64 or base64url (at any alignment, so a basic
 * credential too, also over several lines), and in URL, JSON and HTML escapes, two levels of them. Overlapping finds
 * become one.
 *
 * A part that may be ordinary prose (lower-case letters after an optional capital, with spaces, `.`, `_`, `-`, and at
 * most one `/`, `:` or `://`) does not count by itself: "password" and "sk_test_" stay. Of a secret that is nothing but
 * such prose 20 characters count, and the whole of it. Secrets shorter than 8 count whole only, shorter than 6 not at
 * all.
 */
export function createRedactor(secrets: readonly string[]): Redactor {
  const find = createSecretSearch(secrets)
  return (text) => {
    const spans = find(text)
    if (spans.length === 0) return text
    spans.sort(([left], [right]) => left - right)
    let shown = ''
    let at = 0
    for (const [start, end] of merged(spans)) {
      shown += text.slice(at, wholeFrom(text, start)) + mark
      at = wholeTo(text, end)
    }
    return shown + text.slice(at)
  }
}

/** Whether a text has anything that a redactor of the same secrets would replace. */
export function createSecretFinder(secrets: readonly string[]): (text: string) => boolean {
  const find = createSecretSearch(secrets)
  return (text) => find(text).length > 0
}

/**
 * The value with every text, key and number in it redacted; the value itself where there is nothing to redact. The shape
 * stays, but a number that is a secret becomes a text, and a key that would be there twice gets a count.
 */
export function redactJson<Value extends JsonValue>(value: Value, redact: Redactor): Value {
  return redactedValue(value, redact) as Value
}

function redactedValue(value: JsonValue, redact: Redactor): JsonValue {
  if (typeof value === 'string') return redact(value)
  if (typeof value === 'number' || typeof value === 'bigint') {
    const shown = redact(String(value))
    return shown === String(value) ? value : shown
  }
  if (value === null || typeof value !== 'object') return value
  if (Array.isArray(value)) {
    const items = value.map((item) => redactedValue(item, redact))
    return items.some((item, at) => item !== value[at]) ? items : value
  }
  let isChanged = false
  const shown: JsonObject = Object.create(null)
  for (const [key, item] of Object.entries(value)) {
    const name = freeKey(redact(key), shown)
    const shownItem = redactedValue(item, redact)
    shown[name] = shownItem
    isChanged ||= name !== key || shownItem !== item
  }
  return isChanged ? shown : value
}

function freeKey(key: string, taken: JsonObject): string {
  let name = key
  for (let count = 2; Object.hasOwn(taken, name); count++) name = `${key} ${count}`
  return name
}

type Span = readonly [start: number, end: number]

function createSecretSearch(secrets: readonly string[]): (text: string) => Span[] {
  const all = [...new Set(secrets)].filter((secret) => secret.length >= minSecretLength)
  if (all.length === 0) return () => []
  const long = all.filter((secret) => secret.length >= minPartLength)
  const findPlain = createPartFinder(long.map(plainForm), { width: minPartLength, proseWidth: 20 })
  const findHex = createPartFinder(long.map(hexForm), {
    width: 2 * minPartLength,
    proseWidth: 40,
    same: [...'ABCDEF'].map((digit) => [digit, digit.toLowerCase()] as const),
  })
  const findBase64 = createPartFinder(long.flatMap(base64Forms), {
    width: 10,
    proseWidth: 27,
    same: [
      ['-', '+'],
      ['_', '/'],
    ],
  })
  const findShort = shortFinder(all.filter((secret) => secret.length < minPartLength))
  const hasSpace = all.some((secret) => secret.includes(' '))
  return (text) => {
    const spans: Span[] = []
    const search = (view: TextView, finders: readonly FindParts[]) => {
      for (const find of finders) find(view.text, (start, end) => spans.push(view.originOf(start, end)))
    }
    for (const view of viewsOf(text, hasSpace)) {
      search(view, [findPlain, findShort])
      search(joinedLines(view) ?? view, [findHex, findBase64])
    }
    return spans
  }
}

/** The ways in which the text can be read: as it is, and with one and two levels of escapes undone. */
function viewsOf(text: string, hasSpace: boolean): TextView[] {
  const given = viewOf(text)
  const form = hasSpace ? spacesOfForm(given) : undefined
  return (form === undefined ? [given] : [given, form]).flatMap((view) => {
    const once = unescaped(view)
    const twice = once && unescaped(once)
    return [view, ...(once ? [once] : []), ...(twice ? [twice] : [])]
  })
}

const prose = /^[A-Z]?[a-z ._-]*:?\/{0,2}[a-z ._-]*$/

function plainForm(secret: string): Form {
  return { text: secret, isProse: (at) => prose.test(secret.slice(at, at + minPartLength)) }
}

function hexForm(secret: string): Form {
  const bytes = Buffer.from(secret, 'utf8')
  return {
    text: bytes.toString('hex'),
    isProse: (at) => prose.test(bytes.toString('latin1', Math.ceil(at / 2), at / 2 + minPartLength)),
  }
}

/** One for each number of bytes, modulo 3, that may stand before the secret. */
function base64Forms(secret: string): Form[] {
  const bytes = Buffer.from(secret, 'utf8')
  return [0, 1, 2].map((shift) => {
    const { text, firstBit } = base64Core(bytes, shift)
    return {
      text,
      // A byte of which the window has less than half is the same for many others.
      isProse: (at) => {
        const bit = firstBit + 6 * at
        return prose.test(
          bytes.toString('latin1', Math.ceil((bit - 4) / 8), Math.floor((bit + 60 - 4) / 8) + 1),
        )
      },
    }
  })
}

/** The part of the base64 text that depends on these bytes alone when `shift` other bytes stand before them. */
function base64Core(bytes: Buffer, shift: number): { text: string; firstBit: number } {
  const text = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64')
  const start = shift === 0 ? 0 : shift + 1
  const end = Math.floor(((shift + bytes.length) * 8) / 6)
  return { text: text.slice(start, end), firstBit: 6 * start - 8 * shift }
}

/** For the few that are too short to have parts. */
function shortFinder(secrets: readonly string[]): FindParts {
  const forms = new Set<string>()
  for (const secret of secrets) {
    const bytes = Buffer.from(secret, 'utf8')
    const hex = bytes.toString('hex')
    const cores = [0, 1, 2].map((shift) => base64Core(bytes, shift).text)
    const urlSafe = cores.map((core) => core.replaceAll('+', '-').replaceAll('/', '_'))
    for (const form of [secret, hex, hex.toUpperCase(), ...cores, ...urlSafe]) forms.add(form)
  }
  return (text, found) => {
    for (const form of forms) {
      for (let at = text.indexOf(form); at >= 0; at = text.indexOf(form, at + 1)) found(at, at + form.length)
    }
  }
}

/** Spans in the order of their starts, with those that overlap made one. */
function merged(spans: readonly Span[]): Span[] {
  const result: [number, number][] = []
  for (const [start, end] of spans) {
    const last = result.at(-1)
    if (last && start < last[1]) last[1] = Math.max(last[1], end)
    else result.push([start, end])
  }
  return result
}

/** No character is halved. */
function wholeFrom(text: string, at: number): number {
  return isHalved(text, at) ? at - 1 : at
}

function wholeTo(text: string, at: number): number {
  return isHalved(text, at) ? at + 1 : at
}

function isHalved(text: string, at: number): boolean {
  return /[\ud800-\udbff]/.test(text.charAt(at - 1)) && /[\udc00-\udfff]/.test(text.charAt(at))
}
