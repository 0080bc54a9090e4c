/** A text that holds a secret or all of what is known of one, and which of its windows say something. */
export interface Form {
  readonly text: string
  /** Whether the window that begins at `at` may be a part of ordinary prose. */
  isProse(at: number): boolean
}

/** Calls `found` with where a part stands. Parts may overlap. */
export type FindParts = (text: string, found: (start: number, end: number) => void) => void

export interface PartRule {
  /** The shortest part that counts. */
  readonly width: number
  /** Of a form that is prose throughout, what counts although it is not the whole of it. */
  readonly proseWidth: number
  /** Characters that are the same: `-` and `+` in base64. Below 128 only. */
  readonly same?: readonly (readonly [char: string, as: string])[]
}

const telling = 1
const ofProseForm = 2

/**
 * Finds every part of the forms that has at least `width` characters and is no prose, every whole form, and long parts
 * of a form that is nothing but prose. One pass: a rolling hash of the last `width` characters is looked up in a bitmap
 * that has one bit of 64 set, and only where it is set in the table of windows. Forms are as `same` leaves them.
 */
export function createPartFinder(forms: readonly Form[], rule: PartRule): FindParts {
  const { width } = rule
  const fold = foldTable(rule.same ?? [])
  const windows = windowsOf(forms, width)
  if (windows.kinds.size === 0) return () => undefined
  const bits = Math.min(22, Math.max(11, Math.ceil(Math.log2(windows.kinds.size * 64))))
  const map = new Int32Array(1 << (bits - 5))
  for (const window of windows.kinds.keys()) {
    let hash = 0
    for (let at = 0; at < width; at++) hash = (Math.imul(hash, base) + window.charCodeAt(at)) | 0
    const slot = Math.imul(hash, spread) >>> (32 - bits)
    map[slot >>> 5] = (map[slot >>> 5] ?? 0) | (1 << (slot & 31))
  }
  let top = 1
  for (let at = 1; at < width; at++) top = Math.imul(top, base)

  return (text, found) => {
    if (text.length < width) return
    const starts: number[] = []
    let hash = 0
    for (let end = 0; end < text.length; end++) {
      const code = text.charCodeAt(end)
      hash = (Math.imul(hash, base) + (code < 128 ? (fold[code] ?? 0) : code)) | 0
      const start = end - width + 1
      if (start < 0) continue
      const slot = Math.imul(hash, spread) >>> (32 - bits)
      if (((map[slot >>> 5] ?? 0) & (1 << (slot & 31))) !== 0) starts.push(start)
      const first = text.charCodeAt(start)
      hash = (hash - Math.imul(first < 128 ? (fold[first] ?? 0) : first, top)) | 0
    }
    if (starts.length > 0) report(text, starts, windows, fold, rule, found)
  }
}

const base = 0x01000193
const spread = 0x9e3779b1

interface Windows {
  /** Of each window, `telling` and `ofProseForm`. */
  readonly kinds: ReadonlyMap<string, number>
  /** Forms that are prose throughout, by their first window: no other window tells of them. */
  readonly wholes: ReadonlyMap<string, readonly string[]>
}

function windowsOf(forms: readonly Form[], width: number): Windows {
  const kinds = new Map<string, number>()
  const wholes = new Map<string, string[]>()
  for (const { text, isProse } of forms) {
    let isTold = false
    for (let at = 0; at + width <= text.length; at++) {
      const window = text.slice(at, at + width)
      const isTelling = !isProse(at)
      isTold ||= isTelling
      kinds.set(window, (kinds.get(window) ?? 0) | (isTelling ? telling : 0))
    }
    if (isTold || text.length < width) continue
    for (let at = 0; at + width <= text.length; at++) {
      const window = text.slice(at, at + width)
      kinds.set(window, (kinds.get(window) ?? 0) | ofProseForm)
    }
    const first = text.slice(0, width)
    wholes.set(first, [...(wholes.get(first) ?? []), text])
  }
  return { kinds, wholes }
}

/** Windows that follow one another are one part, which counts whole when one of them tells. */
function report(
  text: string,
  candidates: readonly number[],
  { kinds, wholes }: Windows,
  fold: Uint8Array,
  { width, proseWidth }: PartRule,
  found: (start: number, end: number) => void,
): void {
  let from = -1
  let last = -2
  let any = 0
  let all = ofProseForm
  const end = () => {
    const isPart = (any & telling) !== 0 || ((all & ofProseForm) !== 0 && last + width - from >= proseWidth)
    if (from >= 0 && isPart) found(from, last + width)
  }
  for (const start of candidates) {
    const window = folded(text.slice(start, start + width), fold)
    const kind = kinds.get(window)
    if (kind === undefined) continue
    if (start !== last + 1) {
      end()
      from = start
      any = 0
      all = ofProseForm
    }
    last = start
    any |= kind
    all &= kind
    for (const whole of wholes.get(window) ?? []) {
      if (folded(text.slice(start, start + whole.length), fold) === whole) found(start, start + whole.length)
    }
  }
  end()
}

function foldTable(same: readonly (readonly [string, string])[]): Uint8Array {
  const table = Uint8Array.from({ length: 128 }, (_, code) => code)
  for (const [char, as] of same) table[char.charCodeAt(0)] = as.charCodeAt(0)
  return table
}

function folded(text: string, fold: Uint8Array): string {
  let result = ''
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    result += String.fromCharCode(code < 128 ? (fold[code] ?? 0) : code)
  }
  return result
}
