import type { z } from 'zod'
import type { Delivery, Reply, VerifiedDelivery } from '../../domain/delivery.js'
import { VerificationError } from '../../domain/errors.js'
import type { EventDraft, Ids } from '../../domain/event.js'
import { type JsonValue, stringifyJson } from '../../util/json.js'
import { sha256 } from '../../util/signature.js'
import type { Sample, SourceContext, SourceKind, WebhookSource } from '../source.js'
import { type IdRule, mergeIdRules, readIds, ruleNames } from './ids.js'
import type { Proof } from './proof.js'
import { type Reading, readingOf } from './reading.js'
import type { Secret } from './secret.js'
import type { SignRequest } from './sign.js'
import { parseAnyTime } from './time.js'
import { timely } from './validity.js'
import { malformed, verifiedDelivery } from './verified.js'

/**
 * A sender of webhooks, as its own page describes it. Everything is data or a small pure function of the options;
 * `defineSender` makes a kind of it. What is left out is what most senders do.
 */
export interface Sender<Options> {
  /** How a request shows that it is this sender's. There is no sender without one. */
  proof(options: Options, context: SourceContext): Proof
  /** Methods of deliveries; POST. */
  readonly methods?: Said<Options, readonly string[]>
  /** Methods of unsigned handshakes. POST need not be named. */
  readonly greetingMethods?: Said<Options, readonly string[]>
  /** Answers an unsigned handshake. See `WebhookSource.greet`. */
  greet?(delivery: Delivery, options: Options, context: SourceContext): Reply | undefined
  /** Answers a signed handshake, and a delivery in which there is nothing by design. */
  handshake?(verified: VerifiedDelivery, options: Options, context: SourceContext): Reply | undefined
  /** The part of the body that is JSON; all of it. */
  content?(body: Uint8Array, options: Options): Uint8Array
  /** The event's content where it is not the body's JSON: the fields of a form, a part of an envelope. */
  body?(verified: VerifiedDelivery, options: Options): JsonValue
  /**
   * The items of a delivery that brings several events; undefined where it is one. Each has an id of its own, or its
   * digest stands for one.
   */
  items?(body: JsonValue, options: Options): readonly JsonValue[] | undefined
  readonly ids: readonly IdRule[]
  /** The ids in the end, of those that `ids` found (`reading.ids`): for what a path and a pattern cannot say. */
  refineIds?(reading: Reading): Ids
  /** Names that only `refineIds` gives. */
  readonly moreIdNames?: readonly string[]
  readonly event: EventRules<Options>
  /** `verified` is what was delivered, where that decides. */
  reply?(state: 'recorded' | 'duplicate', options: Options, verified?: VerifiedDelivery): Reply | undefined
  readonly refusalStatus?: Said<Options, number>
  /** Headers beside the proof, as the sender has them: the type, an id, a user agent. For `trigger`. */
  headers?(request: SignRequest, options: Options): Record<string, string>
  readonly samples: Said<Options, readonly Sample[]>
}

/** The same for all, or by the options. */
export type Said<Options, Value> = Value | ((options: Options) => Value)

function saidBy<Options, Value extends readonly unknown[] | number>(
  said: Said<Options, Value>,
  options: Options,
): Value {
  return typeof said === 'function' ? said(options) : said
}

/** How the attributes of an event are read. */
export interface EventRules<Options> {
  /** The sender's own id of the occurrence, the same when it is sent again. */
  id?(reading: Reading, options: Options): string | undefined
  /** See `EventDraft.isIdAuthentic`. */
  readonly isIdAuthentic?: boolean | ((options: Options, reading: Reading) => boolean)
  /** See `EventDraft.semanticKey`. */
  semanticKey?(reading: Reading, options: Options): string | undefined
  /** `event` where it gives none. */
  type(reading: Reading, options: Options): string | undefined
  subject?(reading: Reading, options: Options): string | undefined
  /**
   * Who did it, by the name or id that the sender's system gave them, and undefined where it does not say: what people
   * type, as the From of an e-mail, is nobody's name. Who does much is bounded by it, and we know ourselves by it.
   */
  actor?(reading: Reading, options: Options): string | undefined
  /** Whether the sender's system says that everybody may see what the event is about. What it does not say is not so. */
  isPublic?(reading: Reading, options: Options): boolean
  /** A time in ISO 8601 or as a number since 1970; the time of receipt where it gives none. */
  time?(reading: Reading, options: Options): string | undefined
}

interface CommonOptions {
  readonly max_body: number
  readonly ids: readonly IdRule[]
}

const mostEvents = 1000

/** Makes a kind of a description. `options` has `webhookFields` and whatever `proof` needs. */
export function defineSender<Schema extends z.ZodObject>(
  sender: {
    readonly kind: string
    readonly title: string
    readonly link: string
    readonly options: Schema
  } & Sender<z.output<Schema>>,
): SourceKind {
  type Options = z.output<Schema>
  const { kind, title, link, options: schema } = sender
  return {
    kind,
    title,
    link,
    options: schema,
    idNames: (parsed) => [
      ...new Set([...ruleNames(sender.ids, common(parsed).ids), ...(sender.moreIdNames ?? [])]),
    ],
    open: (parsed, context) => openSender<Options>(sender, parsed as Options, common(parsed), context),
  }
}

function common(parsed: unknown): CommonOptions {
  return parsed as CommonOptions
}

function openSender<Options>(
  sender: Sender<Options>,
  options: Options,
  { max_body, ids: declared }: CommonOptions,
  context: SourceContext,
): WebhookSource {
  const { samples, refusalStatus = 401 } = sender
  const methods = saidBy(sender.methods ?? ['POST'], options)
  const greetingMethods = saidBy(sender.greetingMethods ?? [], options)
  const proofs = timely(options, secretsIn, (valid) => sender.proof(valid, context))
  const rules = mergeIdRules(sender.ids, declared)
  return {
    methods,
    greetingMethods: greetingMethods.filter((method) => !methods.includes(method)),
    maxBodyBytes: max_body,
    refusalStatus: saidBy(refusalStatus, options),
    samples: saidBy(samples, options),
    secretKeys: secretsIn(options).map(({ key }) => key),
    greet: (delivery, now) => sender.greet?.(delivery, proofs.optionsAt(now), context),
    ...(proofs.whole.prepare && {
      prepare: (delivery, now) => proofs.proofAt(now).prepare?.(delivery, now) ?? Promise.resolve(),
    }),
    verify(delivery, now, trace) {
      if (!methods.includes(delivery.method)) {
        throw new VerificationError(
          'verification.not_a_delivery',
          `a ${delivery.method} that is not one of this sender’s handshakes`,
        )
      }
      const { secretIndex } = proofs.prove(delivery, now, trace)
      return verifiedDelivery(delivery, secretIndex, (body) => sender.content?.(body, options) ?? body)
    },
    handshake: (verified) => sender.handshake?.(verified, options, context),
    events: (verified) => eventsOf(sender, options, verified, rules),
    reply: (state, verified) => sender.reply?.(state, options, verified),
    sign(request, now) {
      const signed = proofs.whole.sign({ secretIndex: proofs.signerAt(now), ...request }, now)
      return {
        ...signed,
        headers: {
          'content-type': 'application/json',
          'user-agent': 'rouse-trigger',
          ...sender.headers?.(request, options),
          ...signed.headers,
        },
      }
    },
  }
}

/** Every kind has its secrets under one of these keys; where it has two sorts, `secret` is the one that signs. */
function secretsIn(options: unknown): readonly Secret[] {
  const { secret, token, public_key, verify } = options as Partial<Record<string, unknown>>
  const inner = (verify as { secrets?: unknown } | undefined)?.secrets
  const found = [secret, public_key, token, inner].find((value): value is readonly Secret[] =>
    Array.isArray(value),
  )
  return found ?? []
}

function eventsOf<Options>(
  sender: Sender<Options>,
  options: Options,
  verified: VerifiedDelivery,
  rules: readonly IdRule[],
): EventDraft[] {
  const body = sender.body ? sender.body(verified, options) : verified.json()
  const items = sender.items?.(body, options)
  if (!items) {
    const draft = draftOf(sender, options, verified, rules, { data: body, body })
    return [isWhole(sender, options, verified, body) ? draft : { ...draft, data: body }]
  }
  if (items.length === 0) throw malformed('there is no event in the delivery')
  if (items.length > mostEvents)
    throw malformed(`the delivery has ${items.length} events; ${mostEvents} are read at most`)
  return items.map((item) => {
    const draft = draftOf(sender, options, verified, rules, { data: item, body })
    // The digest of the body cannot stand for one item of it, so the item's own does.
    const sourceEventId = draft.sourceEventId ?? `digest:${sha256(stringifyJson(item)).toString('hex')}`
    return { ...draft, sourceEventId, data: item }
  })
}

/** Whether the event's content is the body as it came, which is stored anyway. */
function isWhole<Options>(
  { content, body }: Sender<Options>,
  options: Options,
  verified: VerifiedDelivery,
  data: JsonValue,
): boolean {
  const bytes = verified.delivery.body
  if (content && content(bytes, options) !== bytes) return false
  return !body || (isJson(bytes) && verified.json() === data)
}

/** Begins as a JSON object or array does: a form or XML is not asked for its JSON. */
function isJson(bytes: Uint8Array): boolean {
  return /^[\t\n\r ]*[{[]/.test(Buffer.from(bytes.subarray(0, 64)).toString('latin1'))
}

const longestType = 200

function draftOf<Options>(
  { event, refineIds }: Sender<Options>,
  options: Options,
  verified: VerifiedDelivery,
  rules: readonly IdRule[],
  { data, body }: { readonly data: JsonValue; readonly body: JsonValue },
): EventDraft {
  const found = readingOf(verified, { data, body, ids: readIds(rules, data) })
  const reading = refineIds ? { ...found, ids: refineIds(found) } : found
  const type = event.type(reading, options)
  const { isIdAuthentic = false } = event
  const isAuthentic = typeof isIdAuthentic === 'function' ? isIdAuthentic(options, reading) : isIdAuthentic
  const semanticKey = event.semanticKey?.(reading, options)
  const actor = event.actor?.(reading, options)
  return {
    sourceEventId: event.id?.(reading, options),
    ...(isAuthentic ? { isIdAuthentic: true } : {}),
    ...(semanticKey === undefined ? {} : { semanticKey }),
    type: type === undefined || type === '' || type.length > longestType ? 'event' : type,
    subject: event.subject?.(reading, options),
    time: parseAnyTime(event.time?.(reading, options) ?? '') ?? verified.delivery.receivedAt,
    ids: reading.ids,
    ...(actor === undefined ? {} : { actor }),
    ...(event.isPublic?.(reading, options) === true ? { isPublic: true } : {}),
  }
}
