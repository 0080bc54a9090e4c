import type { WebhookSource } from '../../sources/source.js'
import type { Clock } from '../../util/clock.js'
import type { Network } from '../../util/fetch.js'
import type { Letter } from './letters.js'

/** A delivery as its sender knows it: what was sent and what was answered, nothing from inside. */
export interface SentDelivery {
  readonly letter: Letter
  readonly bytes: number
  readonly status: number
  /** What the answer says became of it. */
  readonly answer: { readonly status?: string; readonly events?: readonly string[] }
  /** From the first byte out to the last byte of the answer in. */
  readonly ms: number
  readonly isForged: boolean
}

/** Stands for all senders of webhooks: signs as they do and keeps a record of its own. */
export class Sender {
  readonly deliveries: SentDelivery[] = []

  constructor(
    private readonly options: {
      readonly base: string
      readonly sources: ReadonlyMap<string, WebhookSource>
      readonly network: Network
      readonly clock: Clock
      readonly signal: AbortSignal
    },
  ) {}

  /** `forgedBody` goes out in the place of the body that was signed. */
  async deliver(letter: Letter, forgedBody?: Uint8Array): Promise<SentDelivery> {
    const { base, sources, network, clock, signal } = this.options
    const source = sources.get(letter.source)
    if (!source) throw new Error(`config.yaml has no source "${letter.source}" that takes deliveries`)
    const body = forgedBody ?? letter.body
    const { headers } = source.sign({ body: letter.body, type: letter.type, id: letter.id }, clock.now())
    const beganAt = clock.monotonic()
    const { status, body: answer } = await network.request({
      method: 'POST',
      url: `${base}/hooks/${letter.source}`,
      headers,
      body,
      timeoutMs: 10_000,
      maxBytes: 64 * 1024,
      allowPrivate: true,
      signal,
    })
    const sent: SentDelivery = {
      letter,
      bytes: body.length,
      status,
      answer: JSON.parse(answer.toString('utf8')) as SentDelivery['answer'],
      ms: clock.monotonic() - beganAt,
      isForged: forgedBody !== undefined,
    }
    this.deliveries.push(sent)
    return sent
  }
}
