import type { Approval } from '../../src/domain/approval.js'
import { Workbench } from './workbench.js'
import { World } from './world.js'

/** A workbench and a world with tickets, whose ids are found by reads, and a person who decides. */
export class Desk {
  private constructor(
    readonly world: World,
    readonly bench: Workbench,
    /** What is left of each ticket. */
    readonly left: Record<string, number>,
    /** What the API says of every ticket. */
    readonly said: { note: string },
  ) {}

  static async open(): Promise<Desk> {
    const left: Record<string, number> = { '5': 100, '7': 100 }
    const said = { note: 'open' }
    const world = await World.start()
    const { respond } = world.api
    world.api.respond = (request) => {
      const { method, url } = request
      if (method !== 'GET' || url === '/objects') return respond(request)
      if (url === '/first') return { status: 200, body: { ticket: 7 } }
      if (url === '/second') return { status: 200, body: { ticket: 5 } }
      const [, id = '', part] = /^\/tickets\/(\d+)(\/replies)?$/.exec(url) ?? []
      if (part === undefined) return { status: 200, body: { left: left[id] ?? 0, ...said } }
      const replies = world.objects.filter(({ path }) => path === url)
      return { status: 200, body: replies.map(({ body }) => ({ text: body })) }
    }
    return new Desk(world, await Workbench.open(config(world.api.origin)), left, said)
  }

  async close(): Promise<void> {
    await this.bench.close()
    await this.world.api.close()
  }

  async waiting(): Promise<Approval> {
    const [approval] = await this.bench.store.listApprovals({ state: 'waiting', limit: 1 })
    if (!approval) throw new Error('nobody was asked')
    return approval
  }

  async approve(): Promise<void> {
    const { id, digest } = await this.waiting()
    const decision = { state: 'approved', by: 'ann', reason: undefined, digest } as const
    await this.bench.store.decide(id, decision, this.bench.clock.now())
  }

  async deny(reason: string): Promise<void> {
    const { id, digest } = await this.waiting()
    await this.bench.store.decide(id, { state: 'denied', by: 'ann', reason, digest }, this.bench.clock.now())
  }

  async edit(args: unknown, reason: string): Promise<void> {
    const { id, digest } = await this.waiting()
    const edited = { by: 'ann', argumentsText: JSON.stringify(args), reason, digest }
    await this.bench.store.editApproval(id, edited, this.bench.clock.now())
  }
}

const config = (origin: string) => `
credentials:
  tracker: { bearer: "trk_k7Gq2nV9xB4tLw8sRz3m", origins: ["${origin}"] }
  paced: { bearer: "pcd_m3zRs8wLt4Bx9Vn2qG7k", origins: ["${origin}"], limit: 1/s }
sources:
  ci: { kind: github, secret: "k7Gq2nV9xB4tLw8sRz3mYc6p" }
tools:
  list: { description: x, get: "${origin}/objects", label: private }
  first: { description: x, get: "${origin}/first", yields: { ticket: "ticket ~ ^[0-9]+$" } }
  second: { description: x, get: "${origin}/second", yields: { ticket: "ticket ~ ^[0-9]+$" } }
  ticket: { description: x, get: "${origin}/tickets/{ticket}", credential: tracker, yields: { note: "note ~ .+" } }
  replies: { description: x, get: "${origin}/tickets/{ticket}/replies" }
  say:
    description: x
    post: ${origin}/say
    args: { text: { type: text } }
    json: { text: "\${{ args.text }}" }
    on_unknown: probe
    timeout: 300ms
    probe: { tool: list, found: "answer.exists(a, a.text.contains(args.text))" }
  reply:
    description: x
    post: ${origin}/tickets/{ticket}/replies
    args: { text: { type: text } }
    json: { text: "\${{ args.text }}", ref: "\${{ marker }}" }
    on_unknown: probe
    timeout: 300ms
    probe: { tool: replies }
  tell:
    description: x
    post: ${origin}/tell
    args: { text: { type: text } }
    json: { text: "\${{ args.text }}" }
    audience: internal
  pay:
    description: x
    post: ${origin}/pay
    args: { amount: { type: integer, min: 1, max: 1000 } }
    json: { amount: "\${{ args.amount }}", ticket: "\${{ ids.ticket }}" }
    credential: paced
    facts: { ticket: ticket }
    idempotency: { header: Idempotency-Key, ttl: 1h }
    on_unknown: retry
    refusals: [429]
agents:
  helper:
    on: { source: ci, type: issues.opened }
    instructions: helper.md
    tools:
      - list
      - first: { gate: approve }
      - second
      - ticket
      - replies
      - say: { gate: approve }
      - reply: { gate: auto, max: 100/day }
      - tell: { gate: auto, max: 100/day }
      - pay: { gate: approve, if: "args.amount <= facts.ticket.left && facts.ticket.note != 'closed'", expires: 1h, sum: { amount: 1000/day } }
`
