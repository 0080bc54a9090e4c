/** Longer texts are shown as they are: what is read of them is their beginning. */
const mostSpread = 400_000

/** JSON text with line breaks and indentation; any other text as it is. */
export function spreadText(text: string): string {
  if (text.length > mostSpread || !/^\s*[[{]/.test(text)) return text
  try {
    JSON.parse(text)
  } catch {
    return text
  }
  return spreadJson(text)
}

/** Line breaks and indentation for valid JSON text, without a change to any string, number or order. */
export function spreadJson(text: string): string {
  let spread = ''
  let last = ''
  let depth = 0
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/gs)) {
    const isEnd = token === '}' || token === ']'
    const isFirst = last === '{' || last === '['
    if (isEnd) depth--
    if (isEnd !== isFirst || last === ',') spread += `\n${'  '.repeat(depth)}`
    spread += token === ':' ? ': ' : token
    if (token === '{' || token === '[') depth++
    last = token
  }
  return spread
}
