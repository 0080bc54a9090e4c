import { codeMark } from './text-code.js'

/** Hosts as URLs name them; `*.example.com` is any host below it. */
export interface Hosts {
  readonly exact: ReadonlySet<string>
  readonly suffixes: readonly string[]
}

export function hostsOf(declared: readonly string[]): Hosts {
  const isWild = (host: string) => host.startsWith('*.')
  return {
    exact: new Set(declared.filter((host) => !isWild(host)).flatMap((host) => hostnameOf(host) ?? [])),
    suffixes: declared
      .filter(isWild)
      .flatMap((host) => hostnameOf(host.slice(2)) ?? [])
      .map((host) => `.${host}`),
  }
}

/** Whether a reader would make a link of anything in it that leads elsewhere than to these hosts. */
export function isLinking(plain: string, hosts: Hosts): boolean {
  return (
    hasOddScheme(plain) ||
    hasAddress(plain, hosts) ||
    hasBareHost(plain, hosts) ||
    hasDestination(plain, hosts) ||
    hasAutolink(plain)
  )
}

/** `<https://evil.example|your invoice>` and dates, which may hold a link: Slack makes links of them in code too. */
export function isSlackLinking(text: string, hosts: Hosts): boolean {
  if (/<!date\^/i.test(text)) return true
  const links = text.matchAll(/<([a-z][a-z\d+.-]{0,31}:[^\s<>|]*)\|/gi)
  return [...links].some(({ 1: address = '' }) => !isListed(address, hosts))
}

const webScheme = /https?$/i
/** `http://localhost:3000`, `redis://127.0.0.1:6379/0`: whoever follows it stays on their own machine, and sees it before. */
const ownMachine =
  /(?:https?|wss?|postgres(?:ql)?|mysql|mongodb|redis|amqp):\/\/(?:localhost(?::\d{1,5})?|(?:127\.0\.0\.1|0\.0\.0\.0|\[::1\]):\d{1,5})(?=\/|[)\]}>"',;:!?.*_]*(?:\s|$))/iy

/** `https:\\`, which browsers read as `https://`. */
function hasOddScheme(plain: string): boolean {
  return /https?:(?:\\[\\/]|\/\\)/i.test(plain)
}

/** `scheme://…`, wherever it stands. */
function hasAddress(plain: string, hosts: Hosts): boolean {
  for (let at = plain.indexOf('://'); at >= 0; at = plain.indexOf('://', at + 3)) {
    const scheme = /[a-z\d+.-]*$/i.exec(plain.slice(Math.max(0, at - 32), at))?.[0] ?? ''
    ownMachine.lastIndex = at - scheme.length
    if (ownMachine.test(plain)) continue
    if (!/[a-z]/i.test(scheme)) {
      // Textile: "text"://evil.example
      if (/^[\p{L}\p{N}]/u.test(plain.slice(at + 3, at + 5)) && !isListedAt(plain, at + 3, hosts, 443))
        return true
      continue
    }
    if (!webScheme.test(scheme) || !isListedAt(plain, at + 3, hosts, /https$/i.test(scheme) ? 443 : 80))
      return true
  }
  return false
}

/** Where the name of a host would go on, if it were longer. */
const maxAuthority = 512
const site =
  'com|net|org|info|biz|io|dev|xyz|site|online|top|shop|link|click|live|co|ru|cn|tk|ly|gg|page|cloud|zip|mov'
/** `evil.com/…`: Slack and mail readers make a link of it. A host alone is let be: nothing can be told by it but its name. */
const bareHost = new RegExp(`[.。．｡](?:${site})(?::\\d{1,5})?[/?#](?=[\\p{L}\\p{N}%_=?~-])`, 'giu')

function hasBareHost(plain: string, hosts: Hosts): boolean {
  for (const { index } of plain.matchAll(/(?<![\p{L}\p{N}.@-])www\.(?=\S*?[\p{L}\p{N}])/giu)) {
    if (!isListedAt(plain, index, hosts, 80)) return true
  }
  for (const { index } of plain.matchAll(/(?<![:/\p{L}\p{N}])\/\/(?=[^\s/]{1,63}\.)/gu)) {
    if (!isListedAt(plain, index + 2, hosts, 443)) return true
  }
  for (const { index } of plain.matchAll(bareHost)) {
    const start = Math.max(0, index - 253)
    const name = /[\p{L}\p{N}.-]*$/u.exec(plain.slice(start, index))?.[0] ?? ''
    const previous = plain[index - name.length - 1] ?? ''
    // A file's path, or an address that has been looked at.
    if (!/[\p{L}\p{N}]/u.test(name) || /[/@_\\]/.test(previous)) continue
    if (!isListedAt(plain, index - name.length, hosts, 80)) return true
  }
  return false
}

/**
 * Whether the authority that begins at this place is a listed host and nothing else: no user, no port, no escapes, and
 * nothing behind it that another reader could take for more of the name.
 */
function isListedAt(plain: string, start: number, hosts: Hosts, port: number): boolean {
  const text = plain.slice(start, start + maxAuthority)
  const authority = /^[^\s/?#<>|[\]^]*/.exec(text)?.[0] ?? ''
  if (authority.length === maxAuthority) return false
  const name = /^[\p{L}\p{N}\p{M}.-]*/u.exec(authority)?.[0] ?? ''
  const rest = authority.slice(name.length).replace(new RegExp(`^:${port}(?!\\d)`), '')
  // Where it holds a dot or an escape, another reader may take more of the word for the host.
  const tail = withoutPunctuation(rest).normalize('NFKC')
  if (/[.@:%&\\/?#。]/.test(tail) || rest.includes(codeMark) || rest.includes('\\')) return false
  const written = name.replace(/[.-]{1,3}$/, '')
  const host = hostnameOf(written)
  // `2130706433`, `0x7f.1`: nobody who means well writes an address like that.
  const isDisguised = host !== undefined && /^[\d.]+$/.test(host) && host !== written
  return host !== undefined && !isDisguised && covers(hosts, host)
}

const punctuation = /[.,:;!?'"*_~(){}…，。、；：！？（）「」『』《》〉】”’»]/

function withoutPunctuation(text: string): string {
  let end = text.length
  while (end > 0 && punctuation.test(text[end - 1] ?? '')) end -= 1
  return text.slice(0, end)
}

function covers({ exact, suffixes }: Hosts, host: string): boolean {
  return exact.has(host) || suffixes.some((suffix) => host.endsWith(suffix) && host.length > suffix.length)
}

/** As a browser would have it: in lower case, in Punycode. */
function hostnameOf(host: string): string | undefined {
  if (!/^[^\s/?#@:\\%]+$/.test(host)) return undefined
  const address = URL.canParse(`https://${host}/`) ? new URL(`https://${host}/`) : undefined
  return address?.hostname.replace(/\.$/, '')
}

const maxDestination = 1024

/** `](…)` and `[…]: …`. */
function hasDestination(plain: string, hosts: Hosts): boolean {
  for (const { index } of plain.matchAll(/\]\(/g)) {
    if (!isFineDestination(plain, index + 2, hosts)) return true
  }
  let seen = 0
  for (const { index } of plain.matchAll(/\]:/g)) {
    if (index < seen) continue
    const text = plain.slice(index + 2, index + 2 + maxDestination)
    const [whole = '', gap = '', address = ''] = /^([\s>]*)(\S+)/.exec(text) ?? []
    // A definition within a destination is none; one that begins on the next line may be one.
    if (!/[\r\n]/.test(gap)) seen = index + 2 + whole.length
    // Words behind it make it a line of a log or of prose.
    const isDefinition = /^[ \t]*(?:[\r\n"'(]|$)/.test(text.slice(whole.length))
    if (isDefinition && !isListed(address.replace(/^<|>$/g, ''), hosts)) return true
  }
  return false
}

/** Also true of what is no link: brackets with two words in them. */
function isFineDestination(plain: string, start: number, hosts: Hosts): boolean {
  const text = plain.slice(start, start + maxDestination).replace(/^[\s>]+/, '')
  const angled = /^<([^<>\r\n]*)>/.exec(text)
  if (text.startsWith('<') && !angled) return false
  const address = angled?.[1] ?? addressOf(text)
  const rest = text.slice(angled?.[0].length ?? address.length)
  if (address.includes(codeMark) || address.length > maxDestination / 2) return false
  if (/^[\s>]*\)/.test(rest)) return isListed(address, hosts)
  // A title may hold a backtick, and what we took for code is none.
  if (/^\s[\s>]*["'(]/.test(rest)) {
    const hasTitle = /^[\s>]+(?:"[^"\uFDD0`]*"|'[^'\uFDD0`]*'|\([^()\uFDD0`]*\))[\s>]*\)/.test(rest)
    return hasTitle && isListed(address, hosts)
  }
  return rest !== '' || isListed(address, hosts)
}

/** Up to white space or the bracket that closes. */
function addressOf(text: string): string {
  const word = /^\S*/.exec(text)?.[0] ?? ''
  let depth = 0
  for (const { 0: bracket, index } of word.matchAll(/(?<!\\)[()]/g)) {
    depth += bracket === '(' ? 1 : -1
    if (depth < 0) return word.slice(0, index)
  }
  return word
}

const elsewhere = 'relative.invalid'

/** A destination: an address at a listed host, or one within the site. */
function isListed(written: string, hosts: Hosts): boolean {
  const address = written.replace(/\\(?=[_()*~-])/g, '')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: browsers leave them out of addresses.
  if (/[\\\u0000-\u001F]|&#|&(?!amp;)[a-z]+;/i.test(address)) return false
  const scheme = /^([a-z][a-z\d+.-]*):/i.exec(address.trim())?.[1]?.toLowerCase()
  if (scheme !== undefined) {
    const isWeb = scheme === 'https' || scheme === 'http'
    return (
      isWeb &&
      isListedAfterSlashes(address.trim().slice(scheme.length + 1), hosts, scheme === 'https' ? 443 : 80)
    )
  }
  if (address.trim().startsWith('//')) return isListedAfterSlashes(address.trim(), hosts, 443)
  const base = `https://${elsewhere}/`
  return URL.canParse(address, base) && new URL(address, base).hostname === elsewhere
}

function isListedAfterSlashes(text: string, hosts: Hosts, port: number): boolean {
  return /^\/\/[^/]/.test(text) && isListedAt(text, 2, hosts, port)
}

/** `<tel:…>`. Web addresses are looked at above; `<std::string>` goes nowhere. */
function hasAutolink(plain: string): boolean {
  for (const { 0: found, index } of plain.matchAll(/<[a-z][a-z\d+.-]{1,31}:/gi)) {
    const end = plain.slice(index + found.length, index + found.length + 2)
    if (/^(?:$|[\s<>])/.test(end) || (end === '//' && /<https?:$/i.test(found))) continue
    if (/^:[a-z_]/i.test(end) && !/^<(?:javascript|vbscript|data|file|.*[+.-].*):$/i.test(found)) continue
    return true
  }
  return false
}
