import { dirname, resolve } from 'node:path'
import type { ModelSettings } from '../domain/agent.js'
import type { Credential } from '../domain/tool.js'
import type { LogSettings, ServerSettings, StoreSettings } from './config.js'
import { attempt, type LoadContext, loadSection, parseEntry, type Section } from './context.js'
import type { Path } from './document.js'
import { headerName, reservedHeaders } from './headers.js'
import type { Problems } from './problems.js'
import { credentialSchema, logSchema, modelSchema, serverSchema, storeSchema } from './schema.js'
import { secretFault } from './secrets.js'
import { isLocalName, parseBaseUrl, parseOrigin } from './urls.js'

export function loadServer(context: LoadContext): ServerSettings | undefined {
  const path = ['server']
  const entry = parseEntry(serverSchema.nullish(), path, context, [
    'hooks',
    'admin',
    'admin_hosts',
    'public_url',
    'concurrency',
    'min_free',
    'proxies.*',
  ])
  const server = entry ?? serverSchema.parse({})
  if (server.admin === server.hooks && !server.hooks.endsWith(':0')) {
    context.problems.add([...path, 'admin'], 'expected another address than that of server.hooks, or off')
  }
  const origins = server.admin_hosts.flatMap((text, index) => {
    const origin = attempt([...path, 'admin_hosts', index], context.problems, () => parseOrigin(text).origin)
    return origin === undefined ? [] : [origin]
  })
  const written = server.public_url
  const url =
    written === undefined
      ? `http://${server.hooks}`
      : attempt([...path, 'public_url'], context.problems, () => parseBaseUrl(written).href)
  if (url === undefined) return undefined
  return {
    hooks: addressOf(server.hooks),
    admin: server.admin === 'off' ? undefined : { ...addressOf(server.admin), origins },
    publicUrl: url.replace(/\/+$/, ''),
    proxies: server.proxies,
    concurrency: server.concurrency,
    minFreeBytes: server.min_free,
  }
}

function addressOf(written: string): { host: string; port: number } {
  const colon = written.lastIndexOf(':')
  return {
    host: written.slice(0, colon).replace(/^\[|\]$/g, ''),
    port: Number(written.slice(colon + 1)),
  }
}

export function loadStore(file: string, context: LoadContext): StoreSettings | undefined {
  const entry = parseEntry(storeSchema.nullish(), ['store'], context)
  const path = (entry ?? 'sqlite:./data/rouse.db').slice('sqlite:'.length)
  if (path.startsWith('//') || path.includes('?') || path === ':memory:') {
    context.problems.add(
      ['store'],
      'expected the path of a file after "sqlite:", such as sqlite:./data/rouse.db',
    )
    return undefined
  }
  return { engine: 'sqlite', file: resolve(dirname(file), path) }
}

export function loadLog(context: LoadContext): LogSettings {
  const entry = parseEntry(logSchema.nullish(), ['log'], context, ['level', 'format']) ?? logSchema.parse({})
  return { level: entry.level, format: entry.format }
}

export function loadModels(context: LoadContext): Section<ModelSettings> {
  const { problems } = context
  return loadSection('models', context, (name, path) => {
    const entry = parseEntry(modelSchema, path, context, [
      'base_url',
      'api_key',
      'api',
      'price',
      'timeout',
      'max_output_tokens',
    ])
    if (entry === undefined) return undefined
    const baseUrl = entry.base_url.startsWith('scripted:')
      ? entry.base_url
      : endpointOf(entry.base_url, [...path, 'base_url'], problems)
    if (baseUrl === undefined) return undefined
    const key = entry.api_key ?? ''
    const fault = isKeyless(baseUrl) || key === '' ? undefined : secretFault(key, { minBytes: 1 })
    if (fault !== undefined) problems.add([...path, 'api_key'], fault)
    const { price } = entry
    return {
      name,
      baseUrl,
      apiKey: key === '' ? undefined : key,
      model: entry.model,
      api: entry.api,
      timeoutMs: entry.timeout,
      maxOutputTokens: entry.max_output_tokens,
      price: price && { input: price.input, output: price.output, cachedInput: price.cached_input },
    }
  })
}

/** Without a trailing slash. */
function endpointOf(written: string, path: Path, problems: Problems): string | undefined {
  const url = attempt(path, problems, () => parseBaseUrl(written))
  if (url?.protocol === 'http:' && !isLocalName(url.hostname)) {
    problems.add(path, 'expected https: http is for this machine and private networks')
  }
  return url?.href.replace(/\/+$/, '')
}

/** Endpoints that take any key: people write "none" or "ollama" there. */
function isKeyless(baseUrl: string): boolean {
  return baseUrl.startsWith('scripted:') || isLocalName(new URL(baseUrl).hostname)
}

/** Tokens are at least this long; shorter ones are cut or made up. */
const minTokenBytes = 8

export function loadCredentials(context: LoadContext): Section<Credential> {
  const { problems } = context
  return loadSection('credentials', context, (name, path) => {
    const entry = parseEntry(credentialSchema, path, context, ['limit'])
    if (entry === undefined) return undefined
    const auth = authOf(entry, path, problems)
    const origins = entry.origins.flatMap((written, index) => {
      const origin = attempt([...path, 'origins', index], problems, () => parseOrigin(written).origin)
      return origin === undefined ? [] : [origin]
    })
    return auth && { name, origins, auth, rate: entry.limit }
  })
}

type CredentialEntry = ReturnType<typeof credentialSchema.parse>

function authOf(entry: CredentialEntry, path: Path, problems: Problems): Credential['auth'] | undefined {
  const kinds = ['bearer', 'basic', 'header'] as const
  const given = kinds.filter((key) => entry[key] !== undefined)
  if (given.length !== 1) {
    const found = given.length === 0 ? 'none' : given.join(' and ')
    const isUnread = kinds.some((key) => problems.hasAt([...path, key]))
    if (!isUnread) problems.add(path, `expected exactly one of bearer, basic, header, found ${found}`, 'key')
    return undefined
  }
  const check = (value: string, at: Path, minBytes: number) => {
    const fault = secretFault(value, { minBytes })
    if (fault !== undefined) problems.add(at, fault)
  }
  const { basic, bearer, header } = entry
  if (bearer !== undefined) {
    check(bearer, [...path, 'bearer'], minTokenBytes)
    return { kind: 'bearer', token: bearer }
  }
  if (basic !== undefined) {
    // Some APIs take the key as the user and a constant as the password, so only both together must be long.
    const isLong = Buffer.byteLength(basic.user + basic.password) >= minTokenBytes
    if (basic.password !== '' || !isLong) {
      check(basic.password, [...path, 'basic', 'password'], isLong ? 1 : minTokenBytes)
    }
    if (basic.user === '' || basic.user.includes(':')) {
      problems.add([...path, 'basic', 'user'], 'expected a user name without ":"')
    }
    return { kind: 'basic', ...basic }
  }
  const entries = Object.entries(header ?? {})
  const [first] = entries
  if (first === undefined || entries.length > 1) {
    problems.add([...path, 'header'], `expected exactly one header, found ${entries.length}`)
    return undefined
  }
  const [headerKey, value] = first
  if (
    !headerName.test(headerKey) ||
    (reservedHeaders.has(headerKey.toLowerCase()) && headerKey.toLowerCase() !== 'authorization')
  ) {
    problems.add(
      [...path, 'header', headerKey],
      `expected the name of a header that may carry a secret, found ${JSON.stringify(headerKey)}`,
      'key',
    )
  }
  check(value, [...path, 'header', headerKey], minTokenBytes)
  return { kind: 'header', header: headerKey, value }
}
