import { headerValues } from '../../domain/delivery.js'
import type { Changed } from './bodies.js'
import type { Captured } from './captured.js'

/** Other URLs under which the sender may know this source: what it signed is what is registered there. */
export function urlVariations(configured: string, captured: Captured): Changed<string>[] {
  const bases = [...new Set([configured, ...seenUrls(captured)])]
  const all = bases.flatMap((base) => [base, ...spellings(base, captured)])
  return [...new Set(all)]
    .filter((url) => url !== configured)
    .map((url) => ({
      says: `with the URL ${url}, where this source has ${configured}: set public_url, or the source’s url, to what is registered at the sender`,
      value: url,
    }))
}

/** As the request itself and the proxies before us name it. */
function seenUrls({ path, rawHeaders, absoluteUrl }: Captured): string[] {
  const hosts = [...headerValues(rawHeaders, 'host'), ...headerValues(rawHeaders, 'x-forwarded-host')]
  const named = hosts.flatMap((host) =>
    ['https', 'http'].map((scheme) => `${scheme}://${host.trim()}${path}`),
  )
  return [absoluteUrl, ...named].filter((url) => url !== undefined).filter((url) => URL.canParse(url))
}

function spellings(base: string, { path }: Captured): string[] {
  if (!URL.canParse(base)) return []
  const { protocol, hostname, port, search } = new URL(base)
  const [, rest = ''] = /^[a-z]+:\/\/[^/?#]*([^#]*)/i.exec(base) ?? []
  const [ownPath = '', ownQuery] = rest.split('?', 2)
  const query = ownQuery === undefined ? '' : `?${ownQuery}`
  const sent = path.includes('?') ? path.slice(path.indexOf('?')) : ''
  const slashed = ownPath.endsWith('/') ? ownPath.slice(0, -1) : `${ownPath}/`
  const authority = (withPort: string) => `${hostname}${withPort === '' ? '' : `:${withPort}`}`
  const schemes = protocol === 'https:' ? ['https', 'http'] : ['http', 'https']
  const ports = [...new Set([port, '', '443', '80'])]
  const paths = [
    ...new Set([
      `${ownPath}${query}`,
      `${slashed}${query}`,
      ownPath,
      `${ownPath}${sent}`,
      `${slashed}${sent}`,
    ]),
  ]
  const other = search === '' ? [] : [ownPath]
  return schemes.flatMap((scheme) =>
    ports.flatMap((each) => [...paths, ...other].map((one) => `${scheme}://${authority(each)}${one}`)),
  )
}
