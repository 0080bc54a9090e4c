import type { Tool } from '../domain/tool.js'
import type { FrozenRequest } from '../domain/tool-call.js'
import type { NetworkResponse } from '../util/fetch.js'

const followed: readonly number[] = [301, 302, 303, 307, 308]

export function isRedirect(status: number): boolean {
  return status >= 300 && status < 400 && status !== 304
}

const longestHost = 253

/** Where a redirect of a read leads, if it would be followed once the tool listed that host; else undefined. */
export function redirectTarget(
  tool: Tool,
  request: FrozenRequest,
  { status, headers }: NetworkResponse,
): URL | undefined {
  const location = headers['location']
  if (location === undefined || !followed.includes(status)) return undefined
  if (tool.method !== 'GET' || tool.effect !== 'read' || !URL.canParse(location, request.url))
    return undefined
  const url = new URL(location, request.url)
  const isProtected = url.protocol === 'https:' || (url.protocol === 'http:' && tool.isPrivate)
  if (!isProtected || url.username !== '' || url.password !== '') return undefined
  return url.host.length > longestHost ? undefined : url
}

/**
 * The request that a redirect of a read asks for, where the tool lists exactly that host; undefined where the redirect
 * is not followed. It has nothing of the first one but its method: no credential, no header of the tool, no body. What
 * it gets is the answer, also where that is another redirect.
 */
export function redirected(
  tool: Tool,
  request: FrozenRequest,
  response: NetworkResponse,
): FrozenRequest | undefined {
  const url = redirectTarget(tool, request, response)
  if (url === undefined || !tool.redirectHosts.includes(url.host)) return undefined
  return {
    ...request,
    method: 'GET',
    url: url.href,
    headers: { accept: '*/*', 'user-agent': 'rouse' },
    body: undefined,
    credential: undefined,
  }
}
