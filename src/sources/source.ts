import type { z } from 'zod'
import type { Delivery, Reply, VerifiedDelivery } from '../domain/delivery.js'
import type { EventDraft } from '../domain/event.js'
import type { JsonValue } from '../util/json.js'

/**
 * A kind of source: what `kind:` in `config.yaml` names. One file each. A webhook kind verifies deliveries
 * and makes events of them; `poll` and `schedule` describe what comes by the clock.
 */
export interface SourceKind {
  readonly kind: string
  /** For people: `GitHub`. */
  readonly title: string
  /** The sender's own page on its signatures. */
  readonly link: string
  /** The keys beside `kind`. The loader makes `config.schema.json` of it. */
  readonly options: z.ZodObject
  /** Names of the ids that events of a source with these options may have. */
  idNames(options: unknown): readonly string[]
  /** Present when the kind receives deliveries. `options` is what the schema made of the file. */
  open?(options: unknown): WebhookSource
}

/** A configured source that receives deliveries. */
export interface WebhookSource {
  readonly methods: readonly string[]
  /** Bytes. */
  readonly maxBodyBytes: number
  /**
   * Throws VerificationError. Reads nothing of the body but its bytes (and what the scheme itself places
   * there). Tries every secret and every listed signature without an early exit.
   */
  verify(delivery: Delivery, now: number): VerifiedDelivery
  /** The answer to a handshake, after `verify`; undefined for an ordinary delivery. */
  handshake(verified: VerifiedDelivery): Reply | undefined
  /** At least one event. Throws AppError `delivery.malformed` when there is none to be made. */
  events(verified: VerifiedDelivery): EventDraft[]
  /** What this sender expects; undefined for the default answer. */
  reply(state: 'recorded' | 'duplicate'): Reply | undefined
  /** Headers that this sender would put on `body` at `now`, for `trigger`, tests and the demo. */
  sign(request: SignRequest, now: number): Record<string, string>
  readonly samples: readonly Sample[]
}

export interface SignRequest {
  readonly body: Uint8Array
  readonly type: string
  /** The sender's delivery or event id. */
  readonly id: string
  readonly secretIndex?: number
}

/** A realistic delivery of a type, minimal, from the sender's published examples. */
export interface Sample {
  readonly type: string
  readonly body: JsonValue
  /** Path in the body of the sender's event id, so that each triggered delivery is a new event. */
  readonly idPath?: string
}

export interface WebhookKindDefinition<Options extends z.ZodObject> {
  readonly kind: string
  readonly title: string
  readonly link: string
  readonly options: Options
  readonly methods?: readonly string[]
  idNames(options: z.output<Options>): readonly string[]
  maxBodyBytes(options: z.output<Options>): number
  verify(delivery: Delivery, options: z.output<Options>, now: number): VerifiedDelivery
  handshake?(verified: VerifiedDelivery, options: z.output<Options>): Reply | undefined
  events(verified: VerifiedDelivery, options: z.output<Options>): EventDraft[]
  reply?(state: 'recorded' | 'duplicate', options: z.output<Options>): Reply | undefined
  sign(request: SignRequest, options: z.output<Options>, now: number): Record<string, string>
  /** A function where they depend on what the file declares. */
  readonly samples: readonly Sample[] | ((options: z.output<Options>) => readonly Sample[])
}

/** Makes a kind out of plain functions that take the options they declared. */
export function defineWebhookKind<Options extends z.ZodObject>(
  definition: WebhookKindDefinition<Options>,
): SourceKind {
  const { kind, title, link, options: schema, methods = ['POST'], samples } = definition
  return {
    kind,
    title,
    link,
    options: schema,
    idNames: (parsed) => definition.idNames(parsed as z.output<Options>),
    open: (parsed) => {
      const options = parsed as z.output<Options>
      return {
        methods,
        samples: typeof samples === 'function' ? samples(options) : samples,
        maxBodyBytes: definition.maxBodyBytes(options),
        verify: (delivery, now) => definition.verify(delivery, options, now),
        handshake: (verified) => definition.handshake?.(verified, options),
        events: (verified) => definition.events(verified, options),
        reply: (state) => definition.reply?.(state, options),
        sign: (request, now) => definition.sign(request, options, now),
      }
    },
  }
}
