import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** How the API keeps a write from happening twice. */
export const protections = ['key', 'probe', 'neither'] as const
export type Protection = (typeof protections)[number]

/** What becomes of the first request of a write; every later one is answered. */
export const fates = ['answered', 'refused', 'effect, no answer', 'no effect, no answer'] as const
export type Fate = (typeof fates)[number]

interface Thing {
  readonly issue: string
  readonly text: string
}

/**
 * The APIs that agents write to. They outlive every process of rouse, and their own list of effects is what a
 * campaign believes.
 */
export class World {
  readonly #server: Server
  /** Requests that would have changed something, by issue. */
  readonly requests = new Map<string, number>()
  /** Things that were done to the world, by issue. */
  readonly effects = new Map<string, number>()
  readonly #savedByKey = new Map<string, string>()
  readonly #things: Thing[] = []
  readonly #deals: { id: string; updated_at: string }[] = []
  #origin = ''

  private constructor(private readonly fateOf: (issue: string) => Fate) {
    this.#server = createServer((incoming, outgoing) => void this.#serve(incoming, outgoing))
  }

  static async start(fateOf: (issue: string) => Fate): Promise<World> {
    const world = new World(fateOf)
    await new Promise<void>((resolve) => world.#server.listen(0, '127.0.0.1', resolve))
    world.#origin = `http://127.0.0.1:${(world.#server.address() as AddressInfo).port}`
    return world
  }

  get origin(): string {
    return this.#origin
  }

  fate(issue: string): Fate {
    return this.fateOf(issue)
  }

  /** A new record in the list that is polled. */
  addDeal(id: string, at: number): void {
    this.#deals.push({ id, updated_at: new Date(at).toISOString() })
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  async #serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    try {
      for await (const chunk of incoming as AsyncIterable<Buffer>) chunks.push(chunk)
    } catch {
      return // The process was killed in the middle of its request: nothing of it counts.
    }
    const url = new URL(incoming.url ?? '/', this.#origin)
    if (incoming.method === 'GET') {
      const issue = url.searchParams.get('issue')
      const found =
        url.pathname === '/deals' ? this.#deals : this.#things.filter((thing) => thing.issue === issue)
      answer(outgoing, { data: found })
      return
    }
    const body = new URLSearchParams(Buffer.concat(chunks).toString('utf8'))
    const key = incoming.headers['idempotency-key']
    const fate = this.#write(
      body.get('issue') ?? '',
      body.get('text') ?? '',
      key === undefined ? undefined : String(key),
    )
    if (fate === 'answered') answer(outgoing, { id: 1 })
    else if (fate === 'refused') answer(outgoing, { error: 'not now' }, 404)
    else incoming.socket.destroy()
  }

  /** Does the write, or not, and says what is to become of the request. */
  #write(issue: string, text: string, key: string | undefined): Fate {
    const isFirst = !this.requests.has(issue)
    this.requests.set(issue, (this.requests.get(issue) ?? 0) + 1)
    const fate = isFirst ? this.fateOf(issue) : 'answered'
    const hasEffect = fate === 'answered' || fate === 'effect, no answer'
    if (hasEffect && !(key !== undefined && this.#savedByKey.has(key))) {
      this.effects.set(issue, (this.effects.get(issue) ?? 0) + 1)
      this.#things.push({ issue, text })
      if (key !== undefined) this.#savedByKey.set(key, issue)
    }
    return fate
  }
}

function answer(outgoing: ServerResponse, value: unknown, status = 200): void {
  outgoing.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
}
