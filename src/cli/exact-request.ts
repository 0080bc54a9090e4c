import type { FrozenRequest } from '../domain/tool-call.js'
import { formatFields } from './table.js'
import { formatBytes, indentBy, plain, plainBlock } from './text.js'

/**
 * The request that would be sent, every character of it: method, URL, headers, body. A JSON body gets line breaks
 * and indentation outside of its strings and is otherwise as it is; a form is shown as it is and field by field.
 */
export function formatRequest(request: FrozenRequest, indent = ''): string {
  const { method, url, headers, body, credential } = request
  const lines = [`${plain(method)} ${plain(url)}`]
  const shown = Object.entries(headers).map(([name, value]) => [`${plain(name)}:`, plain(value)] as const)
  if (shown.length > 0) lines.push(formatFields(shown))
  if (credential !== undefined) lines.push(`(the credential "${plain(credential)}" is added when it is sent)`)
  if (body === undefined) lines.push('(no body)')
  else lines.push('', ...bodyLines(body, contentType(headers)))
  return indentBy(lines.join('\n'), indent)
}

function contentType(headers: Readonly<Record<string, string>>): string {
  const found = Object.entries(headers).find(([name]) => name.toLowerCase() === 'content-type')
  return found?.[1].split(';', 1)[0]?.trim().toLowerCase() ?? ''
}

function bodyLines(body: string, type: string): string[] {
  const size = `(${formatBytes(Buffer.byteLength(body))} of body)`
  if (type === 'application/x-www-form-urlencoded') {
    const fields = [...new URLSearchParams(body)].map(
      ([name, value]) => [plain(name), `= ${plain(value)}`] as const,
    )
    return [plainBlock(body), size, formatFields(fields, '  ')]
  }
  return [plainBlock(isJson(body) ? spreadJson(body) : body), size]
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
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
