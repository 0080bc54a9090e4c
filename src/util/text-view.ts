/**
 * A text as it reads when escapes in it are undone, or its line breaks are left out, which still knows where each of
 * its characters stands in the text that it was made of.
 */
export interface TextView {
  readonly text: string
  /** Where the characters from `start` to before `end` stand in the first text; whole escapes. */
  originOf(start: number, end: number): readonly [start: number, end: number]
}

export function viewOf(text: string): TextView {
  return { text, originOf: (start, end) => [start, end] }
}

const escapes =
  /%[0-7][\da-f]|(?:%[89a-f][\da-f])+|\\u[\da-f]{4}|\\x[\da-f]{2}|\\[bfnrt"'\\/]|&(?:amp|lt|gt|quot|#39|#x27);/gi

/** Undoes one level of URL, JSON and HTML escapes. Undefined where there is none. */
export function unescaped(view: TextView): TextView | undefined {
  return /[%\\&]/.test(view.text) ? replaced(view, escapes, meaningOf) : undefined
}

const breaks = /[\r\n]+[ \t]*/g

/** Without line breaks and what indents the next line, as mail and PEM have them in base64. Undefined where there is none. */
export function joinedLines(view: TextView): TextView | undefined {
  return /[\r\n]/.test(view.text) ? replaced(view, breaks, () => '') : undefined
}

/** With `+` as the space that it stands for in forms. Undefined where there is none. */
export function spacesOfForm(view: TextView): TextView | undefined {
  return view.text.includes('+') ? { ...view, text: view.text.replaceAll('+', ' ') } : undefined
}

const letters: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' }
const entities: Readonly<Record<string, string>> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
  '&#x27;': "'",
}

function meaningOf(found: string): string {
  if (found.startsWith('%')) return Buffer.from(found.replaceAll('%', ''), 'hex').toString('utf8')
  if (found.startsWith('&')) return entities[found.toLowerCase()] ?? found
  if (found.length > 2) return String.fromCharCode(Number.parseInt(found.slice(2), 16))
  const letter = found.slice(1)
  return letters[letter] ?? letter
}

/** Pieces of a view, in order: where each begins in it, and what of the text before it became it. */
interface Pieces {
  readonly starts: number[]
  readonly origins: number[]
  readonly originEnds: number[]
}

function replaced(view: TextView, pattern: RegExp, meaning: (found: string) => string): TextView | undefined {
  const pieces: Pieces = { starts: [], origins: [], originEnds: [] }
  const texts: string[] = []
  let length = 0
  const add = (text: string, origin: number, originEnd: number) => {
    if (text === '') return
    pieces.starts.push(length)
    pieces.origins.push(origin)
    pieces.originEnds.push(originEnd)
    texts.push(text)
    length += text.length
  }
  let at = 0
  for (const { 0: found, index } of view.text.matchAll(pattern)) {
    const end = index + found.length
    add(view.text.slice(at, index), at, index)
    add(meaning(found), index, end)
    at = end
  }
  if (at === 0) return undefined
  add(view.text.slice(at), at, view.text.length)
  const originOf: TextView['originOf'] = (start, end) =>
    view.originOf(placeOf(pieces, length, start)[0], placeOf(pieces, length, end - 1)[1])
  return { text: texts.join(''), originOf }
}

/** Where one character of a view comes from. */
function placeOf(
  { starts, origins, originEnds }: Pieces,
  length: number,
  at: number,
): [start: number, end: number] {
  let low = 0
  let high = starts.length - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if ((starts[middle] ?? 0) <= at) low = middle
    else high = middle - 1
  }
  const start = starts[low] ?? 0
  const origin = origins[low] ?? 0
  const originEnd = originEnds[low] ?? 0
  // An escape is longer than what it means; only what stands as it is has the same length.
  const isLiteral = (starts[low + 1] ?? length) - start === originEnd - origin
  return isLiteral ? [origin + at - start, origin + at - start + 1] : [origin, originEnd]
}
