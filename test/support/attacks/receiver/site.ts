import { createHmac, randomUUID } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openRaw, type RawAnswer, sendRaw } from '../../raw.js'
import { until } from '../../wait.js'
import { AdminDoor, adminPort } from '../admin-door.js'
import { Bench } from '../bench.js'
import { deliveryOf } from '../delivery.js'
import type { AttackCase, Scope, World } from '../format.js'
import { customSource, hookSecret } from '../setting.js'

export type Headers = Readonly<Record<string, string>> | readonly (readonly [string, string])[]

export interface Post {
  readonly method?: string
  readonly path?: string
  readonly headers: Headers
  readonly body: string | Buffer
}

const standardKey = 'MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
export const standardSecret = `whsec_${standardKey}`

const events: Readonly<Record<string, Scope>> = {
  pub: { event: 'github issues.opened, public repo', scope: { repo: 'acme/api', issue: 12 } },
  pay: { event: 'stripe charge.dispute.created evt_R1', scope: { charge: 'ch_R1' } },
  own: { event: 'warehouse order.created', scope: { order: 7 } },
}

const attack: AttackCase = { id: 'R', layer: 'receiver', name: '', agent: 'pub', model: [], expect: '' }

/** One daemon with both listeners, of which every source is known and an agent waits for a person. */
export class Site {
  #number = 0

  private constructor(
    readonly bench: Bench,
    readonly door: AdminDoor,
    readonly filedSecret: string,
  ) {}

  static async open({ secrets, tools }: World): Promise<Site> {
    const world: World = { secrets, tools, scopes: events }
    const port = await adminPort()
    const filed = 'whk_filed_9mQ2nV9xB4tLw8sR'
    const bench = await Bench.open(world, attack, {
      change: (setting, { directory }) => {
        setting.server['admin'] = `127.0.0.1:${port}`
        setting.sources['std'] = { kind: 'standard-webhooks', secret: standardSecret }
        setting.sources['own'] = customSource({ order: 'ids.order ~ ^[0-9]+$' })
        setting.sources['filed'] = { kind: 'github', secret: `\${file:${directory}/hook}` }
      },
    })
    // As an editor on Windows leaves it.
    await writeFile(join(bench.directory, 'hook'), `\ufeff${filed}\r\n`, { mode: 0o600 })
    await bench.start()
    return new Site(bench, await AdminDoor.open(bench, port), filed)
  }

  async close(): Promise<void> {
    await this.bench.close()
  }

  get url(): string {
    return this.bench.daemon?.url ?? ''
  }

  /** A delivery that is as it should be, another at each call. */
  signed(name: 'pub' | 'pay' | 'own', text = 'fine', more: Parameters<typeof deliveryOf>[1] = {}) {
    return deliveryOf(events[name] as Scope, { number: ++this.#number, text, ...more })
  }

  /** The headers of a GitHub delivery of these bytes. */
  github(body: string | Buffer, secret = hookSecret): Record<string, string> {
    const hash = createHmac('sha256', secret).update(body).digest('hex')
    return {
      'content-type': 'application/json',
      'x-github-event': 'issues',
      'x-github-delivery': randomUUID(),
      'x-hub-signature-256': `sha256=${hash}`,
    }
  }

  /** Headers of Standard Webhooks; the signature is what `around` makes of the right one. */
  standard(body: string, around = (right: string) => right): Record<string, string> {
    const id = `msg_${randomUUID()}`
    const seconds = Math.floor(Date.now() / 1000)
    const key = Buffer.from(standardKey, 'base64')
    const right = createHmac('sha256', key).update(`${id}.${seconds}.${body}`).digest('base64')
    return {
      'webhook-id': id,
      'webhook-timestamp': String(seconds),
      'webhook-signature': around(`v1,${right}`),
    }
  }

  async post(
    source: string,
    { method = 'POST', path = `/hooks/${source}`, headers, body }: Post,
  ): Promise<RawAnswer> {
    return sendRaw(this.url, [head(method, path, headers, Buffer.byteLength(body)), body])
  }

  /** The status, or 0 where the connection was closed without one. */
  async status(source: string, post: Post): Promise<number> {
    return this.post(source, post).then(
      ({ status }) => status,
      () => 0,
    )
  }

  /** Everything that comes back for these bytes until the connection is closed, or nothing came for a while. */
  async raw(
    bytes: string | Buffer,
    url = this.url,
    quietMs = 400,
  ): Promise<{ statuses: number[]; text: string; isClosed: boolean }> {
    const stream = openRaw(url, bytes)
    let last = ''
    let since = performance.now()
    await until('an end', () => {
      if (stream.text() !== last) {
        last = stream.text()
        since = performance.now()
      }
      return stream.isClosed() || performance.now() - since > quietMs
    })
    const found = { statuses: stream.statuses(), text: stream.text(), isClosed: stream.isClosed() }
    stream.socket.destroy()
    return found
  }

  /** How much is in the ledger. */
  count(): { events: number; runs: number } {
    const { events: all, runs } = this.bench.ledger
    return { events: all.length, runs: runs.length }
  }
}

export function head(method: string, path: string, headers: Headers, length: number): string {
  const lines = Array.isArray(headers) ? (headers as [string, string][]) : Object.entries(headers)
  const all = [['host', '127.0.0.1'], ['content-length', String(length)], ...lines]
  return `${method} ${path} HTTP/1.1\r\n${all.map(([name, value]) => `${name}: ${value}`).join('\r\n')}\r\n\r\n`
}

/** What a handler found wrong: none where it is as it should be. */
export type Handler = (site: Site) => Promise<string[]>

/** Each of these is answered with one of the statuses, and nothing of it is recorded. */
export async function refusedWith(
  site: Site,
  statuses: readonly number[],
  posts: Readonly<Record<string, readonly [source: string, post: Post]>>,
): Promise<string[]> {
  const before = site.count()
  const faults: string[] = []
  for (const [what, [source, post]] of Object.entries(posts)) {
    const status = await site.status(source, post)
    if (!statuses.includes(status))
      faults.push(`${what} was answered ${status}, not ${statuses.join(' or ')}`)
  }
  const after = site.count()
  if (after.events !== before.events) faults.push(`${after.events - before.events} events were recorded`)
  return faults
}
