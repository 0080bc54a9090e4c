import { PolicyError } from '../domain/errors.js'
import type { Tool } from '../domain/tool.js'
import type { FrozenRequest } from '../domain/tool-call.js'
import { stringifyJson } from '../util/json.js'
import { sha256 } from '../util/signature.js'
import { type TemplateValues, templateValues } from './template.js'
import type { Bindings } from './tool.js'

/** The longest path and query that is sent; common servers refuse more. */
const maxUrlLength = 8000

/**
 * The exact request that a tool makes with these bindings, without its credential. Pure. Origin, method and
 * the shape of the path are the tool's own: no value can add a segment that is empty or goes up, a second
 * parameter, a header or a line. Throws PolicyError.
 */
export function freezeRequest(tool: Tool, bindings: Bindings): FrozenRequest {
  for (const name of tool.boundIds) idText(tool, bindings, name)
  const values = templateValues(tool, bindings)
  const url = requestUrl(tool, bindings, values)
  const { body, contentType } = requestBody(tool, values)
  const headers = requestHeaders(tool, values, contentType)
  const { method, credential } = tool
  // Lists of lists, so that no two requests have one text.
  const framed = stringifyJson([method, url, Object.entries(headers), body ?? null])
  return { method, url, headers, body, credential, digest: sha256(framed).toString('hex') }
}

function requestUrl(tool: Tool, bindings: Bindings, values: TemplateValues): string {
  const path =
    tool.path
      .map((part) => (typeof part === 'string' ? encodeLiteral(part) : encodeId(tool, bindings, part.id)))
      .join('') || '/'
  const query = encodePairs(tool.query, values, 'query')
  const text = `${tool.origin}${path}${query === '' ? '' : `?${query}`}`
  // The URL parser removes `.` and `..` segments and knows more spellings of them than a list here would.
  if (!URL.canParse(text) || new URL(text).origin !== tool.origin || new URL(text).pathname !== path) {
    throw refused(tool, 'policy.scope', 'an id would change the path of the request')
  }
  if (text.length > maxUrlLength + tool.origin.length) {
    throw refused(tool, 'policy.schema', `the URL is longer than ${maxUrlLength} characters`)
  }
  return text
}

function encodeLiteral(text: string): string {
  return text.replace(/[^A-Za-z0-9\-._~!$&'()*+,;=:@/%]/gu, encodeText)
}

/** An id of several segments (`acme/web`) keeps its slashes; each segment is a name and nothing else. */
function encodeId(tool: Tool, bindings: Bindings, name: string): string {
  const segments = idText(tool, bindings, name).split('/')
  if (segments.some((segment) => segment === '' || segment === '.' || segment === '..')) {
    throw refused(tool, 'policy.scope', `the id ${name} is not fit for a path`)
  }
  return segments.map(encodeText).join('/')
}

function idText(tool: Tool, { ids }: Bindings, name: string): string {
  const value = Object.hasOwn(ids, name) ? ids[name] : undefined
  if (value === undefined || value === '') {
    throw refused(
      tool,
      'policy.scope',
      `it needs the id ${name}, which neither the event nor an earlier answer gave`,
    )
  }
  if (hasLoneSurrogate(value)) throw refused(tool, 'policy.scope', `the id ${name} is not valid Unicode`)
  return value
}

function encodePairs(
  pairs: readonly (readonly [string, Parameters<TemplateValues['texts']>[0]])[],
  values: TemplateValues,
  place: string,
): string {
  return pairs
    .flatMap(([name, template]) =>
      values.texts(template, `${place}.${name}`).map((text) => `${encodeText(name)}=${encodeText(text)}`),
    )
    .join('&')
}

function requestBody(
  tool: Tool,
  values: TemplateValues,
): { body: string | undefined; contentType: string | undefined } {
  if (tool.body.kind === 'none') return { body: undefined, contentType: undefined }
  if (tool.body.kind === 'form') {
    return {
      body: encodePairs(tool.body.entries, values, 'form'),
      contentType: 'application/x-www-form-urlencoded',
    }
  }
  const value = values.tree(tool.body.tree, 'json')
  return { body: stringifyJson(value ?? null), contentType: 'application/json' }
}

function requestHeaders(
  tool: Tool,
  values: TemplateValues,
  contentType: string | undefined,
): Record<string, string> {
  const headers = new Map([
    ['accept', 'application/json'],
    ['user-agent', 'rouse'],
  ])
  if (contentType !== undefined) headers.set('content-type', contentType)
  for (const [name, template] of tool.headers) {
    const texts = values.texts(template, `headers.${name}`)
    if (texts.length === 0) continue
    const text = texts.join(', ')
    if (!/^[\t\x20-\x7e]*$/.test(text)) {
      throw refused(
        tool,
        'policy.schema',
        `the header ${name} would have a line break or a character outside ASCII`,
      )
    }
    headers.set(name.toLowerCase(), text)
  }
  return Object.fromEntries([...headers].sort(([left], [right]) => (left < right ? -1 : 1)))
}

/** Everything but unreserved characters as UTF-8 in percent signs. A lone surrogate becomes U+FFFD. */
function encodeText(text: string): string {
  const wellFormed = hasLoneSurrogate(text) ? Buffer.from(text, 'utf8').toString('utf8') : text
  return encodeURIComponent(wellFormed).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}

function hasLoneSurrogate(text: string): boolean {
  return /\p{Surrogate}/u.test(text)
}

function refused(tool: Tool, code: 'policy.scope' | 'policy.schema', reason: string): PolicyError {
  return new PolicyError(code, `${tool.name} cannot be called: ${reason}`, { details: { tool: tool.name } })
}
