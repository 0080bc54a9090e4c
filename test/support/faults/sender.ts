import { createHmac, randomUUID } from 'node:crypto'
import { Agent, request } from 'undici'
import { sleep } from '../../../src/util/clock.js'
import { issueOpened } from '../rouse.js'
import { agents, type Kind } from './setting.js'

/** What a sender knows of one occurrence. */
export interface Occurrence {
  readonly number: number
  readonly kind: Exclude<Kind, 'polled'>
  /** In which life it was first sent. */
  readonly life: number
  isAcked: boolean
  /** Part of its body, which is the same whenever it is sent. */
  readonly padding: string
  /** How often it was sent, but for the first time. */
  again: number
}

const workers = 6

/** Sends as a service does: again until it is acknowledged, and now and then once more. Its own list is an oracle. */
export class Sender {
  readonly occurrences: Occurrence[] = []
  sent = 0
  readonly #unacked = new Set<Occurrence>()
  #agent = new Agent({ connections: 16, pipelining: 1 })
  #url = ''
  #secret = ''
  #padding = ''
  #life = 0
  #isStopped = true
  #working: Promise<unknown> = Promise.resolve()

  constructor(
    private readonly random: () => number,
    private readonly setting: { readonly firstNumber: number; readonly twice: number },
  ) {}

  /** Begins to send to a process. `fresh` new occurrences at most; what was never acknowledged comes first. */
  start(options: {
    url: string
    secret: string
    life: number
    fresh: number
    paddingBytes: number
    /** As fast as they are taken when left out. */
    perSecond?: number | undefined
  }): void {
    const { url, secret, life, fresh, paddingBytes, perSecond } = options
    this.#url = url
    this.#secret = secret
    this.#life = life
    this.#padding = 'x'.repeat(paddingBytes)
    this.#isStopped = false
    this.#agent = new Agent({ connections: 16, pipelining: 1 })
    const pending = [...this.#unacked]
    let left = fresh
    const next = () => pending.shift() ?? (left-- > 0 ? this.#fresh() : undefined)
    const longestPauseMs = perSecond === undefined ? 6 : (2 * workers * 1000) / perSecond
    const pause = () => this.random() * longestPauseMs
    const work = async () => {
      for (let found = next(); found && !this.#isStopped; found = next()) {
        await Promise.all([this.#deliver(found), sleep(pause())])
      }
    }
    this.#working = Promise.all(Array.from({ length: workers }, work))
  }

  /** Resolves when everything that was to be sent to this process is acknowledged, or the sender was stopped. */
  async done(): Promise<void> {
    await this.#working
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    await this.#agent.destroy()
    await this.#working
  }

  #fresh(): Occurrence {
    const kinds = Object.keys(agents) as (keyof typeof agents)[]
    const kind = kinds[Math.floor(this.random() * kinds.length)] ?? 'key'
    const number = this.setting.firstNumber + this.occurrences.length
    const occurrence = { number, kind, life: this.#life, padding: this.#padding, isAcked: false, again: -1 }
    this.occurrences.push(occurrence)
    this.#unacked.add(occurrence)
    return occurrence
  }

  async #deliver(occurrence: Occurrence): Promise<void> {
    // At the same time, or afterwards.
    const isTwice = this.random() < this.setting.twice
    const isAtOnce = this.random() < 0.5
    if (isTwice && isAtOnce) {
      await Promise.all([this.#post(occurrence), this.#post(occurrence)])
      return
    }
    await this.#post(occurrence)
    if (isTwice) await this.#post(occurrence)
  }

  async #post(occurrence: Occurrence): Promise<void> {
    const { number, kind, padding } = occurrence
    const payload = { ...issueOpened(number, { body: padding }), action: agents[kind] }
    const body = JSON.stringify(payload)
    const signature = createHmac('sha256', this.#secret).update(body).digest('hex')
    this.sent++
    occurrence.again++
    try {
      const response = await request(`${this.#url}/hooks/ci`, {
        method: 'POST',
        dispatcher: this.#agent,
        headersTimeout: 10_000,
        headers: {
          'content-type': 'application/json',
          'x-github-event': 'issues',
          'x-github-delivery': randomUUID(),
          'x-hub-signature-256': `sha256=${signature}`,
        },
        body,
      })
      await response.body.dump()
      if (response.statusCode >= 200 && response.statusCode < 300) {
        occurrence.isAcked = true
        this.#unacked.delete(occurrence)
      }
    } catch {
      // Not acknowledged: it is sent again to the next process.
    }
  }
}
