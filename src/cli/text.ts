export { count, formatBytes } from '../util/amounts.js'
export { plain, plainBlock } from '../util/plain.js'

const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' })
const wide =
  /^(?:[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|[\u{1f1e6}-\u{1f1ff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}|.\ufe0f)/u
const joining = /^\p{M}/u
const ascii = /^[\x20-\x7e]*$/

/** How many columns of a terminal `text` takes. */
export function widthOf(text: string): number {
  if (ascii.test(text)) return text.length
  let width = 0
  for (const { segment } of segmenter.segment(text)) width += columnsOf(segment)
  return width
}

function columnsOf(grapheme: string): number {
  if (joining.test(grapheme)) return 0
  return wide.test(grapheme) ? 2 : 1
}

/** At most `width` columns of `text`; what was cut off shows as `…`. */
export function cutTo(text: string, width: number): string {
  if (widthOf(text) <= width) return text
  let kept = ''
  let used = 0
  for (const { segment } of segmenter.segment(text)) {
    const columns = columnsOf(segment)
    if (used + columns > width - 1) break
    kept += segment
    used += columns
  }
  return `${kept}…`
}

/** As `cutTo`, from the middle: of `acme/web@3f5a…` the end tells more than what is before it. */
export function cutMiddleTo(text: string, width: number): string {
  if (widthOf(text) <= width) return text
  const tail = Math.floor((width - 1) / 2)
  let kept = ''
  for (const { segment } of [...segmenter.segment(text)].reverse()) {
    if (widthOf(segment + kept) > tail) break
    kept = segment + kept
  }
  return cutTo(text, width - widthOf(kept)) + kept
}

export function padTo(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  const space = ' '.repeat(Math.max(0, width - widthOf(text)))
  return align === 'left' ? text + space : space + text
}

/** `text` in lines of at most `width` columns, broken at spaces, each after the first with `indent` before it. */
export function wrap(text: string, width: number, indent = ''): string {
  const lines: string[] = []
  for (const paragraph of text.split('\n')) {
    let line = ''
    for (const word of paragraph.split(' ')) {
      const next = line === '' ? word : `${line} ${word}`
      const room = width - (lines.length === 0 ? 0 : widthOf(indent))
      if (line !== '' && widthOf(next) > room) {
        lines.push(line)
        line = word
      } else line = next
    }
    lines.push(line)
  }
  return lines.map((line, at) => (at === 0 ? line : indent + line)).join('\n')
}

/**
 * Lines of at most `width` columns, broken anywhere, each after a break with `mark` before it: a terminal would go on at
 * its left edge, where a text from outside could pass for ours.
 */
export function fold(text: string, width: number, mark: string): string {
  const lines: string[] = []
  for (const whole of text.split('\n')) {
    let line = ''
    let used = 0
    const units =
      widthOf(whole) <= width ? [whole] : [...segmenter.segment(whole)].map(({ segment }) => segment)
    for (const unit of units) {
      const columns = widthOf(unit)
      if (line !== '' && used + columns > width) {
        lines.push(line)
        line = mark
        used = widthOf(mark)
      }
      line += unit
      used += columns
    }
    lines.push(line)
  }
  return lines.join('\n')
}

export function indentBy(text: string, indent: string): string {
  return text
    .split('\n')
    .map((line) => (line === '' ? line : indent + line))
    .join('\n')
}
