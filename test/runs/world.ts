import { type Answer, type RecordedRequest, RecordingApi } from '../support/recording-api.js'

/** What happens to a write at the API: whether it has its effect, and what comes back. */
export interface Fate {
  readonly effect: boolean
  readonly answer: Answer
}

export const done: Fate = { effect: true, answer: { status: 201, body: { id: 1 } } }
export const refusedWith = (status: number, headers: Record<string, string> = {}): Fate => ({
  effect: false,
  answer: { status, body: { message: 'no' }, headers },
})
export const lost = (effect: boolean, answer: Answer = 'cut'): Fate => ({ effect, answer })

/**
 * An API with objects. Every write adds one, unless its key is known: then it gives what it gave before, or 422 for
 * other bytes. `/objects` lists them. What stands in `objects` is what was done to the world.
 */
export class World {
  readonly objects: { readonly path: string; readonly body: string; readonly key: string | undefined }[] = []
  /** For the next writes, in order; afterwards everything succeeds. */
  readonly fates: Fate[] = []
  /** Whether an answer of this API that was a 5xx is given again for the same key. */
  savesFailures = false
  /** The answer to the next listings, in order; afterwards the true one. */
  readonly listings: Answer[] = []
  readonly #kept = new Map<string, { readonly body: string; readonly answer: Answer }>()

  private constructor(readonly api: RecordingApi) {
    api.respond = (request) => (request.method === 'GET' ? this.#list() : this.#write(request))
  }

  static async start(): Promise<World> {
    return new World(await RecordingApi.start())
  }

  get looks(): readonly RecordedRequest[] {
    return this.api.requests.filter(({ method }) => method === 'GET')
  }

  get writes(): readonly RecordedRequest[] {
    return this.api.writes
  }

  /** Keys are forgotten, as they are after a day. */
  forget(): void {
    this.#kept.clear()
  }

  #list(): Answer {
    return this.listings.shift() ?? { status: 200, body: this.objects.map(({ body }) => ({ text: body })) }
  }

  #write({ url, headers, body }: RecordedRequest): Answer {
    const key = headers['idempotency-key'] === undefined ? undefined : String(headers['idempotency-key'])
    const kept = key === undefined ? undefined : this.#kept.get(key)
    const fate = this.fates.shift() ?? done
    if (kept) {
      if (kept.body !== body) return { status: 422, body: { message: 'the key belongs to another request' } }
      return fate === done ? kept.answer : fate.answer
    }
    if (fate.effect) this.objects.push({ path: url, body, key })
    if (fate.effect && key !== undefined) {
      const isSaved = this.savesFailures && typeof fate.answer === 'object'
      this.#kept.set(key, { body, answer: isSaved ? fate.answer : { status: 201, body: { id: 1 } } })
    }
    return fate.answer
  }
}

/** Tools on one path each, named by what protects them. */
export function worldConfig({ api: { origin } }: World, extra = ''): string {
  const key = 'idempotency: { header: Idempotency-Key, ttl: 1h }'
  const text = 'args: { text: { type: text } }'
  const plain = `json: { text: "\${{ args.text }}" }`
  const marked = `json: { text: "\${{ args.text }}", ref: "\${{ marker }}" }`
  const tool = (name: string, rest: string) =>
    `  ${name}: { description: x, post: "${origin}/${name}", ${text}, timeout: 300ms, ${rest} }\n`
  return `
credentials:
  slow: { bearer: "trk_k7Gq2nV9xB4tLw8sRz3m", origins: ["${origin}"], limit: 1/h }
sources:
  ci: { kind: github, secret: "k7Gq2nV9xB4tLw8sRz3mYc6p" }
tools:
  list: { description: x, get: "${origin}/objects", max_response: 64KB }
  far: { description: x, get: "${origin}/objects/{deep}" }
  deepen: { description: x, get: "${origin}/deep", yields: { deep: "id ~ ^[0-9]+$" } }
${tool('keyed', `${plain}, ${key}, on_unknown: retry`)}\
${tool('probed', `${marked}, on_unknown: probe, probe: { tool: list }`)}\
${tool('shown', `${plain}, on_unknown: probe, probe: { tool: list, found: "answer.exists(a, a.text.contains(args.text))" }`)}\
${tool('odd', `${plain}, on_unknown: probe, probe: { tool: list, found: "answer.nowhere.found" }`)}\
${tool('deep', `${marked}, on_unknown: probe, probe: { tool: far }`)}\
${tool('both', `${marked}, ${key}, on_unknown: retry, probe: { tool: list }`)}\
${tool('neither', plain)}\
${tool('busy', `${plain}, refusals: [409, 429]`)}\
${tool('asked', `${marked}, ${key}, on_unknown: retry`)}\
${tool('slowly', `${plain}, credential: slow`)}\
agents:
  helper:
    on: { source: ci, type: issues.opened }
    instructions: helper.md
    tools:
      - list
      - far
      - deepen
${['keyed', 'probed', 'shown', 'odd', 'deep', 'both', 'neither', 'busy', 'slowly'].map((name) => `      - ${name}: { gate: auto, max: 100/day }`).join('\n')}
      - asked: { gate: approve }
${extra}`
}
