import type { FrozenRequest } from '../domain/tool-call.js'
import type { JsonValue } from '../util/json.js'
import { spreadJson } from '../util/spread-json.js'
import { formatFields } from './table.js'
import { count, formatBytes, indentBy, plain, plainBlock } from './text.js'

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
  const size = (text: string) => `(${formatBytes(Buffer.byteLength(body))} of body${sayCodes(text)})`
  if (type === 'application/x-www-form-urlencoded') {
    const pairs = [...new URLSearchParams(body)]
    const fields = pairs.map(([name, value]) => [plain(name), `= ${plain(value)}`] as const)
    const values = pairs.map(([, value]) => value).join('')
    return [plainBlock(body), size(values), formatFields(fields, '  '), ...sayLengths(pairs)]
  }
  const value = parsed(body)
  const shown = value === undefined ? body : spreadJson(body)
  return [plainBlock(shown), size(body), ...sayLengths(value === undefined ? [] : textsIn(value, ''))]
}

/** Characters that are not seen are shown as codes; that they are there is said. */
function sayCodes(body: string): string {
  const hidden = [...body].filter(
    (character) => plain(character) !== character && !/[\r\n\t]/.test(character),
  ).length
  return hidden === 0 ? '' : `, ${count(hidden, 'character')} in it shown as \\u codes`
}

const longText = 80

/** How long the long texts are: what is far to the right, or below, is not overlooked. */
function sayLengths(texts: readonly (readonly [string, string])[]): string[] {
  const lines = texts.flatMap(([name, text]) => {
    const breaks = text.split('\n').length
    if (text.length < longText && breaks === 1) return []
    return [`(${plain(name)}: ${count([...text].length, 'character')} in ${count(breaks, 'line')})`]
  })
  return lines
}

/** The texts of a value, each with the way to it. */
export function textsIn(value: JsonValue, path: string): [string, string][] {
  if (typeof value === 'string') return [[path === '' ? 'the body' : path, value]]
  if (value === null || typeof value !== 'object') return []
  return Object.entries(value).flatMap(([name, inner]) =>
    textsIn(inner, path === '' ? name : `${path}.${name}`),
  )
}

function parsed(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
