import ipaddr from 'ipaddr.js'

export interface ToolUrl {
  readonly origin: string
  /** Literal text and names of ids, in turn. */
  readonly path: readonly (string | { readonly id: string })[]
  readonly reach: Reach
  readonly isHttps: boolean
}

/** What a host names by itself: this machine or a private network, the public internet or a name, or a special range. */
export type Reach = 'private' | 'public' | 'special'

const idPattern = /\{([A-Za-z_][A-Za-z0-9_]*)\}/g

/** Reads a tool's URL template. Throws an Error that says what is wrong and what to write instead. */
export function parseToolUrl(text: string): ToolUrl {
  if (text.includes('${{')) {
    throw new Error(`a URL takes no \${{ … }}: write {id} in its path for an id of the event, or use query`)
  }
  const found = /^(https?:\/\/[^/?#\\]+)([^?#]*)([?#].*)?$/.exec(text)
  if (!found) throw new Error('expected a URL such as https://api.example.com/things/{thing}')
  const [, start = '', path = '', rest] = found
  if (rest?.startsWith('?')) throw new Error('a query stands under query, not in the URL')
  if (rest !== undefined) throw new Error('a URL for a request has no "#"')
  if (start.includes('{')) throw new Error('the host is literal: {id} may stand in the path only')
  const url = parseOrigin(start)
  return {
    origin: url.origin,
    path: parsePath(path === '' ? '/' : path),
    reach: reachOf(url.hostname),
    isHttps: url.protocol === 'https:',
  }
}

/** An origin as it is compared, `https://api.example.com`. Throws an Error that says what is wrong. */
export function parseOrigin(text: string): URL {
  const url = parseUrl(text)
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '') {
    throw new Error('expected an origin alone, such as https://api.example.com, without a path')
  }
  return url
}

/** An http or https URL without user, password, query and fragment. Throws an Error that says what is wrong. */
export function parseBaseUrl(text: string): URL {
  const url = parseUrl(text)
  if (url.search !== '' || url.hash !== '') throw new Error('expected a URL without "?" and "#"')
  return url
}

function parseUrl(text: string): URL {
  if (!/^https?:\/\/[^\s\\]+$/i.test(text) || !URL.canParse(text)) {
    throw new Error('expected a URL that begins with https://')
  }
  const url = new URL(text)
  if (url.username !== '' || url.password !== '' || /^https?:\/\/[^/?#]*@/i.test(text)) {
    throw new Error('a URL has no user or password in it: use credentials')
  }
  // 2130706433, 0x7f.1 and look-alike letters become another host than the one that a reader sees.
  const [, host = ''] = /^https?:\/\/(.*?)(?::\d*)?(?:[/?#]|$)/i.exec(text) ?? []
  if (host.toLowerCase() !== url.hostname) throw new Error(`write this host as ${url.hostname}`)
  return url
}

function parsePath(path: string): (string | { id: string })[] {
  const parts: (string | { id: string })[] = []
  let at = 0
  const literal = (text: string) => {
    if (text === '') return
    if (/[{}]/.test(text)) throw new Error('a path takes {id} only: letters, digits and "_" in braces')
    if (!/^(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/]|%[0-9A-Fa-f]{2})*$/.test(text)) {
      throw new Error("a path holds letters, digits and -._~!$&'()*+,;=:@/ only; write others as %XX")
    }
    parts.push(text)
  }
  for (const found of path.matchAll(idPattern)) {
    literal(path.slice(at, found.index))
    parts.push({ id: found[1] ?? '' })
    at = found.index + found[0].length
  }
  literal(path.slice(at))
  if (/(^|\/)(\.|%2e){1,2}(\/|$)/i.test(path)) throw new Error('a path has no "." or ".." segments')
  return parts
}

/** By the text of the host alone; what a name resolves to is checked when a connection is made. */
export function reachOf(hostname: string): Reach {
  const host = hostname.replace(/^\[|\]$/g, '').toLowerCase()
  if (host === 'localhost' || host.endsWith('.localhost')) return 'private'
  if (!ipaddr.isValid(host)) return 'public'
  const range = ipaddr.process(host).range()
  if (range === 'loopback' || range === 'private' || range === 'uniqueLocal') return 'private'
  return range === 'unicast' ? 'public' : 'special'
}

/** Whether `hostname` cannot be a public host: a private address, one label, or a name of a local zone. */
export function isLocalName(hostname: string): boolean {
  const host = hostname.toLowerCase()
  if (reachOf(host) === 'private') return true
  if (ipaddr.isValid(host.replace(/^\[|\]$/g, ''))) return false
  return !host.includes('.') || /\.(local|internal|lan|home\.arpa|svc)$/.test(host)
}
