/** Stands for each character of code. No text has it: the rule on what is hidden refuses it. */
export const codeMark = '\uFDD0'

/**
 * The text with its code overwritten, line breaks kept. Code is only what CommonMark, Slack and Discord all take for
 * code: blocks between lines of ``` and spans between single or triple backticks on one line. They disagree on much
 * else (a lone, escaped or doubled backtick, ~~~, longer fences, fences inside one another, backticks in HTML), and
 * whoever moves one reader's idea of where code begins can show a link where we saw code. So from the first doubtful
 * place on, nothing is code.
 */
export function withoutCode(text: string): string {
  if (!text.includes('`')) return text
  const lines = linesOf(text)
  const hasTable = lines.some((line) => delimiterRow.test(line) && line.includes('-'))
  let isHtml = false
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? ''
    if (line.trim() === '') isHtml = false
    else if (opensTag.test(line)) isHtml = true
    if (tildes.test(line) || (isHtml && line.includes('`'))) break
    const fence = fenceOpening.exec(line)
    if (fence) {
      const closing = closingOf(lines, at, fence[1] ?? '')
      if (closing === undefined) break
      if (!isDrawn(fence[2] ?? '')) {
        for (let inside = at + 1; inside < closing; inside += 1) lines[inside] = marked(lines[inside] ?? '')
      }
      at = closing
      continue
    }
    const spans = withoutSpans(line, hasTable)
    lines[at] = spans.line
    if (spans.isDoubtful) break
  }
  return lines.join('')
}

/** Each with its line break, which may be of any of three kinds. */
function linesOf(text: string): string[] {
  return text.match(/[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+/g) ?? []
}

const prefix = '[ \\t>]*(?:(?:[-*+]|\\d{1,9}[.)])[ \\t>]+)*'
/** HTML, in which Markdown is not read until a blank line. */
const opensTag = new RegExp(`^${prefix}</?[a-z!?]`, 'i')
const tildes = new RegExp(`^${prefix}~~~`)
const fenceOpening = /^( *)```([^`\r\n]*)(?:\r\n|\n|\r)?$/
const fenceClosing = /^```[ \t]*[\r\n]*$/
/** Together with a dash in it. */
const delimiterRow = /^[ \t>|:-]+[\r\n]*$/

/**
 * The line that closes the fence, or undefined. Lines less indented than the fence would end the list item that it
 * stands in, and the code with it; Slack closes at any three backticks; Discord knows no empty block.
 */
function closingOf(lines: readonly string[], opening: number, indent: string): number | undefined {
  let hasContent = false
  for (let at = opening + 1; at < lines.length; at += 1) {
    const line = lines[at] ?? ''
    if (line.trim() === '') continue
    if (!line.startsWith(indent)) return undefined
    if (line.includes('```')) {
      return hasContent && fenceClosing.test(line.slice(indent.length)) ? at : undefined
    }
    hasContent = true
  }
  return undefined
}

/** Languages that GitHub and GitLab draw, with the links and images in them. */
const drawn: ReadonlySet<string> = new Set(
  (
    'mermaid math geojson topojson stl plantuml puml uml kroki graphviz dot vega vega-lite vegalite svgbob ' +
    'nomnoml ditaa wavedrom excalidraw d2 bpmn blockdiag seqdiag actdiag nwdiag packetdiag rackdiag c4plantuml erd ' +
    'pikchr structurizr symbolator tikz umlet wireviz bytefield diagramsnet'
  ).split(' '),
)

function isDrawn(info: string): boolean {
  const language = /^[^\s:{,;]*/.exec(info.trim())?.[0] ?? ''
  return drawn.has(language.toLowerCase())
}

function marked(code: string): string {
  return code.replace(/[^\r\n]/g, codeMark)
}

/** A line without its spans of code, as far as it is beyond doubt which they are. */
function withoutSpans(line: string, hasTable: boolean): { line: string; isDoubtful: boolean } {
  const runs = [...line.matchAll(/`+/g)]
  let result = ''
  let done = 0
  const doubtful = () => ({ line: result + line.slice(done), isDoubtful: true })
  for (let at = 0; at < runs.length; at += 2) {
    const [opener, closer] = [runs[at], runs[at + 1]]
    if (!opener || !closer) return doubtful()
    const { 0: ticks, index } = opener
    const content = line.slice(index + ticks.length, closer.index)
    const end = closer.index + ticks.length
    const before = line.slice(done, index)
    if (ticks !== closer[0] || ticks.length === 2 || ticks.length > 3) return doubtful()
    if (before.endsWith('\\') || content.endsWith('\\')) return doubtful()
    // `<a`@b.co>` is an address to CommonMark; in a table each cell is read for itself.
    if (/<[^\s<>]*$/.test(tailOf(before)) || (hasTable && content.includes('|'))) return doubtful()
    const isCode = !/[\p{L}\p{N}_$\\]$/u.test(before) && !/^[\p{L}\p{N}_]/u.test(line.slice(end, end + 2))
    result +=
      before +
      (isCode && content.trim() === content ? marked(line.slice(index, end)) : line.slice(index, end))
    done = end
  }
  return { line: result + line.slice(done), isDoubtful: false }
}

/** From the last `<` on: a pattern that begins anywhere would try each. */
function tailOf(text: string): string {
  const at = text.lastIndexOf('<')
  return at < 0 ? '' : text.slice(at)
}
