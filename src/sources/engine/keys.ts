import { AppError, VerificationError } from '../../domain/errors.js'
import type { Clock } from '../../util/clock.js'
import { type Network, NetworkError } from '../../util/fetch.js'

/** A published key or certificate, and who may publish it. */
export interface KeyRequest {
  /** Absolute. What a request says of it is a stranger's word until it has passed `hosts`. */
  readonly url: string
  /** Exact names, or a pattern for the whole name. */
  readonly hosts: readonly string[] | RegExp
  /** For a key that is asked for and not simply read. */
  readonly ask?: { readonly headers: Readonly<Record<string, string>>; readonly body: string }
  /** For how long it is believed; an hour where it is left out. */
  readonly maxAgeMs?: number
}

/** Keys that senders publish, fetched when they are needed and kept for a time. */
export interface RemoteKeys {
  /**
   * Resolves once `get` has it. Rejects with VerificationError `verification.untrusted_key` for a URL that is not the
   * sender's, with AppError `verification.key_unavailable` where it cannot be had.
   */
  load(request: KeyRequest): Promise<void>
  /** What `load` fetched, while it may be believed. */
  get(request: KeyRequest): string | undefined
  close(): Promise<void>
}

const hourMs = 3_600_000
/** A failed fetch is not tried again for this long: who sends nonsense cannot make us fetch at its pace. */
const failureMs = 10_000
const mostKeys = 64
const maxBytes = 64 * 1024
const timeoutMs = 5000
/**
 * Most fetches in a minute from one host; a sender changes its key a few times a year. Each host has its own, so that
 * who makes us ask one sender for nonsense cannot keep us from the keys of another.
 */
const mostPerMinute = 30

interface Entry {
  readonly text: string | undefined
  readonly until: number
}

export function createRemoteKeys({ network, clock }: { network: Network; clock: Clock }): RemoteKeys {
  const known = new Map<string, Entry>()
  const underWay = new Map<string, Promise<void>>()
  const fetchedAt = new Map<string, number[]>()

  const fresh = (name: string): Entry | undefined => {
    const entry = known.get(name)
    return entry && entry.until > clock.monotonic() ? entry : undefined
  }
  const keep = (name: string, entry: Entry) => {
    known.delete(name)
    known.set(name, entry)
    // Keys that could not be had go first: who asks for many of them cannot push out those that are in use.
    const useless = [...known].filter(([, { text }]) => text === undefined)
    for (const [oldest] of [...useless, ...known]) {
      if (known.size <= mostKeys) break
      known.delete(oldest)
    }
  }
  const takeTurn = (host: string) => {
    const now = clock.monotonic()
    const turns = (fetchedAt.get(host) ?? []).filter((at) => at >= now - 60_000)
    if (turns.length >= mostPerMinute)
      throw unavailable(`${host} was asked for too many keys in the last minute`)
    fetchedAt.set(host, [...turns, now])
  }
  const fetchNow = async (request: KeyRequest, name: string) => {
    takeTurn(new URL(request.url).host)
    try {
      const { url, ask } = request
      const { status, body } = await network.request({
        method: ask ? 'POST' : 'GET',
        url,
        headers: { accept: '*/*', ...ask?.headers },
        body: ask?.body,
        timeoutMs,
        maxBytes,
      })
      if (status !== 200) throw unavailable(`${new URL(url).host} answered ${status}`)
      keep(name, { text: body.toString('utf8'), until: clock.monotonic() + (request.maxAgeMs ?? hourMs) })
    } catch (cause) {
      keep(name, { text: undefined, until: clock.monotonic() + failureMs })
      throw cause instanceof NetworkError ? unavailable(cause.message, cause) : cause
    }
  }

  return {
    async load(request) {
      checkKeyUrl(request)
      const name = nameOf(request)
      const entry = fresh(name)
      if (entry?.text !== undefined) return
      if (entry) throw unavailable('the last try failed a moment ago')
      const fetching = underWay.get(name) ?? fetchNow(request, name).finally(() => underWay.delete(name))
      underWay.set(name, fetching)
      await fetching
    },
    get: (request) => fresh(nameOf(request))?.text,
    close: () => network.close(),
  }
}

/** Throws VerificationError unless the URL is plain https at one of the sender's hosts. */
export function checkKeyUrl({ url, hosts }: Pick<KeyRequest, 'url' | 'hosts'>): void {
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  const isPlain =
    parsed?.protocol === 'https:' &&
    parsed.port === '' &&
    parsed.username === '' &&
    parsed.password === '' &&
    !url.includes('@') &&
    !url.includes('\\')
  const name = parsed?.hostname ?? ''
  const isOurs = hosts instanceof RegExp ? hosts.exec(name)?.[0] === name : hosts.includes(name)
  if (isPlain && isOurs && name !== '') return
  throw new VerificationError('verification.untrusted_key', 'the key’s URL is not one of the sender’s')
}

function nameOf({ url, ask }: KeyRequest): string {
  return ask ? `${url}\n${ask.body}` : url
}

function unavailable(reason: string, cause?: unknown): AppError {
  const message = `the sender’s key cannot be fetched: ${reason}`
  return new AppError('verification.key_unavailable', message, { retry: 'later', cause })
}
