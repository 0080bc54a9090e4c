import type { z } from 'zod'
import type { Delivery, Reply, VerifiedDelivery } from '../domain/delivery.js'
import type { EventDraft } from '../domain/event.js'
import type { JsonValue } from '../util/json.js'
import type { RemoteKeys } from './engine/keys.js'
import type { SecretFile } from './engine/secret-file.js'
import type { SignedRequest, SignRequest } from './engine/sign.js'
import type { Trace } from './engine/trace.js'

export type { SignedRequest, SignRequest } from './engine/sign.js'

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
  open?(options: unknown, context: SourceContext): WebhookSource
}

/** What a source is given beside its options. */
export interface SourceContext {
  /** Where senders reach it, as `server.public_url` says: `https://hooks.example.com/hooks/payments`. */
  readonly url: string
  readonly keys: RemoteKeys
  /** True where a request is only looked at, as by `rouse verify`: nothing that it asks for is done. */
  readonly isOnlyLooking?: boolean
  /** Opens a file of secrets; a relative path counts from the folder of `config.yaml`. */
  secretFile(path: string): SecretFile
}

/** A configured source that receives deliveries. */
export interface WebhookSource {
  /** Those of deliveries. */
  readonly methods: readonly string[]
  /** Further ones, of handshakes only. */
  readonly greetingMethods: readonly string[]
  /** Bytes. */
  readonly maxBodyBytes: number
  /**
   * The answer to a handshake that the sender does not sign; undefined for everything else. It is a stranger's until
   * proved otherwise: what it says is answered and forgotten. Throws VerificationError for one that is refused.
   */
  greet(delivery: Delivery, now: number): Reply | undefined
  /** Fetches what `verify` needs of the sender's published keys. See `Proof.prepare`. */
  prepare?(delivery: Delivery, now: number): Promise<void>
  /**
   * Throws VerificationError. Reads nothing of the body but its bytes (and what the scheme itself places
   * there). Tries every secret and every listed signature without an early exit.
   */
  verify(delivery: Delivery, now: number, trace?: Trace): VerifiedDelivery
  /** The answer to a signed handshake, after `verify`; undefined for an ordinary delivery. */
  handshake(verified: VerifiedDelivery): Reply | undefined
  /** At least one event. Throws AppError `delivery.malformed` when there is none to be made. */
  events(verified: VerifiedDelivery): EventDraft[]
  /** What this sender expects, for some by what was delivered; undefined for the default answer. */
  reply(state: 'recorded' | 'duplicate', verified?: VerifiedDelivery): Reply | undefined
  /** The status for what does not verify: 401, unless the sender wants another. */
  readonly refusalStatus: number
  /** What this sender would send of `body` at `now`, for `trigger`, tests and the demo. See `Proof.sign`. */
  sign(request: SignRequest, now: number): SignedRequest
  readonly samples: readonly Sample[]
  /** Keys of the configured secrets, the current one first, to tell them apart; none for secrets that stand in a file. */
  readonly secretKeys: readonly Uint8Array[]
}

/** A realistic delivery of a type, minimal, from the sender's published examples. */
export interface Sample {
  readonly type: string
  /** A text is sent as it is: a form, or XML. */
  readonly body: JsonValue
  /** Path in the body of the sender's event id, so that each triggered delivery is a new event. */
  readonly idPath?: string
  /** The sender's event id as it stands in a text. */
  readonly idText?: string
}
