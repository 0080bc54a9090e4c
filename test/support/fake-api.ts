import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A record of the API. Times are the server's, epoch milliseconds, before its precision is applied. */
export interface FakeItem {
  readonly id: string
  /** What the record says of itself. */
  time: number
  /** When a request can first see this state of it: later than `time` for a late item. */
  visibleAt: number
  deletedAt: number | undefined
  /** Its place in the API's own log of changes. */
  sequence: number
}

export interface FakeApiKnobs {
  pages: 'none' | 'link' | 'next_url' | 'token' | 'page' | 'offset'
  order: 'asc' | 'desc'
  pageSize: number
  /** Stamps are rounded down to this many milliseconds, in answers and in the filter, as coarse APIs do. */
  precisionMs: number
  /** Whether `updated_since` takes the stamp itself. */
  inclusive: boolean
  etag: boolean
  /** What the server's clock shows more than the caller's. */
  skewMs: number
  /** Leaves `Date` out. */
  dateless: boolean
}

export interface FakeRequest {
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
  readonly status: number
}

/** What the next answer is instead of the list. */
export interface FakeAnswer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** A listable API on 127.0.0.1: `/items` with filters and pages, `/feed?cursor=` as a log with tokens. */
export class FakeApi {
  readonly knobs: FakeApiKnobs
  readonly items: FakeItem[] = []
  readonly requests: FakeRequest[] = []
  /** Answers that are given first, in order. */
  readonly answers: FakeAnswer[] = []
  /** Called before each answer to a list request: where inserts between two pages happen. */
  beforePage: (() => void) | undefined
  /** Changes each page's body before it is sent. */
  rewrite: ((body: Record<string, unknown>, request: URL) => Record<string, unknown>) | undefined
  readonly #now: () => number
  #server: Server | undefined
  #sequence = 0
  #origin = ''

  constructor(now: () => number, knobs: Partial<FakeApiKnobs> = {}) {
    this.#now = now
    this.knobs = {
      pages: 'next_url',
      order: 'asc',
      pageSize: 50,
      precisionMs: 1000,
      inclusive: true,
      etag: false,
      skewMs: 0,
      dateless: false,
      ...knobs,
    }
  }

  async start(): Promise<this> {
    const server = createServer((request, response) => this.#serve(request, response))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    this.#server = server
    this.#origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    return this
  }

  async close(): Promise<void> {
    this.#server?.closeAllConnections()
    await new Promise<void>((resolve) => this.#server?.close(() => resolve()) ?? resolve())
  }

  get origin(): string {
    return this.#origin
  }

  /** The server's own time. */
  now(): number {
    return this.#now() + this.knobs.skewMs
  }

  add(id: string, { time = this.now(), lateMs = 0 }: { time?: number; lateMs?: number } = {}): FakeItem {
    const item = { id, time, visibleAt: time + lateMs, deletedAt: undefined, sequence: ++this.#sequence }
    this.items.push(item)
    return item
  }

  update(item: FakeItem): void {
    item.time = this.now()
    item.visibleAt = item.time
    item.sequence = ++this.#sequence
  }

  remove(item: FakeItem): void {
    item.deletedAt = this.now()
  }

  stamp(time: number): string {
    return new Date(Math.floor(time / this.knobs.precisionMs) * this.knobs.precisionMs).toISOString()
  }

  /** The API's own list, as it is now: what a reader without any limit would see. */
  list(): { id: string; updated_at: string; seq: number }[] {
    const now = this.now()
    const sign = this.knobs.order === 'asc' ? 1 : -1
    return this.items
      .filter((item) => item.visibleAt <= now && (item.deletedAt === undefined || item.deletedAt > now))
      .map((item) => ({ id: item.id, updated_at: this.stamp(item.time), seq: item.sequence }))
      .sort((left, right) => sign * (compare(left.updated_at, right.updated_at) || left.seq - right.seq))
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const url = new URL(request.url ?? '/', this.#origin)
      const prepared = this.answers.shift()
      if (prepared === undefined) this.beforePage?.()
      const answer = prepared ?? this.#list(url, request)
      this.requests.push({
        method: request.method ?? '',
        url: request.url ?? '',
        headers: request.headers,
        body: Buffer.concat(chunks).toString(),
        status: answer.status,
      })
      response.sendDate = false
      if (!this.knobs.dateless) response.setHeader('date', new Date(this.now()).toUTCString())
      response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers })
      response.end(answer.body)
    })
  }

  #list(url: URL, request: IncomingMessage): FakeAnswer {
    const found = url.pathname === '/feed' ? this.#feed(url) : this.#page(url)
    const body = this.rewrite?.(found.body, url) ?? found.body
    const text = JSON.stringify(body)
    const headers: Record<string, string> = { ...found.headers }
    if (this.knobs.etag) {
      headers['etag'] = `"${createHash('sha256').update(text).digest('hex').slice(0, 16)}"`
      if (request.headers['if-none-match'] === headers['etag']) return { status: 304, headers }
    }
    return { status: 200, headers, body: text }
  }

  /** A log: everything after the token, in the order in which it became visible; the token is never empty. */
  #feed(url: URL): { body: Record<string, unknown>; headers: Record<string, string> } {
    const after = Number(url.searchParams.get('cursor') ?? '0')
    const all = this.list().sort((left, right) => left.seq - right.seq)
    const rest = all.filter((item) => item.seq > after)
    const page = rest.slice(0, this.knobs.pageSize)
    const token = String(page.at(-1)?.seq ?? after)
    return { body: { data: page, after: token, has_more: rest.length > page.length }, headers: {} }
  }

  #page(url: URL): { body: Record<string, unknown>; headers: Record<string, string> } {
    const { pages, pageSize, order, inclusive } = this.knobs
    const query = url.searchParams
    const since = query.get('updated_since')
    const floor = since === null || since === '' ? '' : this.stamp(Date.parse(since))
    const sinceId = Number(query.get('since_id') ?? '0')
    const all = this.list().filter(
      (item) =>
        item.seq > sinceId &&
        (inclusive ? item.updated_at >= floor : item.updated_at > floor || floor === ''),
    )
    if (pages === 'token') {
      const key = (item: { updated_at: string; seq: number }) =>
        `${item.updated_at}#${String(item.seq).padStart(9, '0')}`
      const after = Buffer.from(query.get('cursor') ?? '', 'base64url').toString()
      const rest = all.filter(
        (item) => after === '' || (order === 'asc' ? key(item) > after : key(item) < after),
      )
      const page = rest.slice(0, pageSize)
      const last = page.at(-1)
      const next = rest.length > page.length && last ? Buffer.from(key(last)).toString('base64url') : null
      return { body: { data: page, next_token: next }, headers: {} }
    }
    if (pages === 'none') return { body: { data: all }, headers: {} }
    const number = Number(query.get('page') ?? '1')
    const start = pages === 'offset' ? Number(query.get('offset') ?? '0') : (number - 1) * pageSize
    const page = all.slice(start, start + pageSize)
    const hasMore = all.length > start + page.length && page.length > 0
    const next = new URL(url)
    next.searchParams.set('page', String(number + 1))
    return {
      body: {
        data: page,
        links: { next: hasMore && pages === 'next_url' ? next.href : null },
        total: all.length,
      },
      headers: hasMore && pages === 'link' ? { link: `<${next.href}>; rel="next"` } : {},
    }
  }
}

function compare(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0
}
