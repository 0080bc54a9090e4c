import type { Delivery, Reply } from '../domain/delivery.js'
import { AppError, VerificationError } from '../domain/errors.js'
import type { Event, EventDraft } from '../domain/event.js'
import { arrivalSpan, redeliverySpan, traceOf } from '../domain/spans.js'
import type { WebhookSource } from '../sources/source.js'
import type { Store } from '../store/store.js'
import type { Clock } from '../util/clock.js'
import { faultPoint } from '../util/fault-point.js'
import type { Tracer } from '../util/trace.js'
import { type RecordedArrival, record, recordMalformed } from './record.js'

/** What became of a delivery. `http/` turns it into what the sender expects. */
export type Received =
  | {
      readonly state: 'recorded' | 'duplicate'
      readonly eventIds: readonly string[]
      readonly reply: Reply | undefined
    }
  /** A handshake, answered as the sender documents; nothing is recorded. */
  | { readonly state: 'handshake'; readonly reply: Reply }
  /** Not what the sender would send. Nothing is kept but a count. */
  | { readonly state: 'refused'; readonly error: VerificationError }
  /** From the sender, but unreadable. Its bytes are kept. */
  | { readonly state: 'malformed'; readonly error: AppError }

export interface Receiver {
  readonly store: Store
  readonly clock: Clock
  readonly tracer?: Tracer | undefined
  /** Called for each delivery that verified, with the secret that it was signed with. */
  readonly onVerified?: (source: string, secretIndex: number) => void
  /** Called after the commit, with the events that are new. */
  readonly onRecorded: (events: readonly Event[]) => void
}

/**
 * The story of an arrival: verify, make events, record. Rejects only when the ledger cannot be written;
 * then nothing may be acknowledged.
 */
export async function receive(
  delivery: Delivery,
  source: WebhookSource,
  receiver: Receiver,
): Promise<Received> {
  const { store, clock, onRecorded } = receiver
  try {
    const greeting = source.greet(delivery, clock.now())
    if (greeting) return { state: 'handshake', reply: greeting }
    if (source.prepare) await source.prepare(delivery, clock.now())
    const verified = source.verify(delivery, clock.now())
    receiver.onVerified?.(delivery.source, verified.secretIndex)
    const handshake = source.handshake(verified)
    if (handshake) return { state: 'handshake', reply: handshake }

    let drafts: EventDraft[]
    try {
      drafts = source.events(verified)
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'delivery.malformed') throw error
      await recordMalformed(store, delivery, verified.secretIndex, error.message)
      return { state: 'malformed', error }
    }

    faultPoint('K02')
    const recorded = await record(store, delivery, verified.secretIndex, drafts, () => verified.json())
    faultPoint('K03')
    if (receiver.tracer) trace(receiver.tracer, delivery, recorded)
    onRecorded(recorded.newEvents)
    const eventIds = recorded.events.flatMap(({ id }) => (id === undefined ? [] : [id]))
    return { state: recorded.state, eventIds, reply: source.reply(recorded.state, verified) }
  } catch (error) {
    if (error instanceof VerificationError) return { state: 'refused', error }
    throw error
  }
}

/** A delivery is part of the trace of each of its events. */
function trace(tracer: Tracer, { id, source, receivedAt }: Delivery, recorded: RecordedArrival): void {
  for (const event of recorded.newEvents) {
    tracer.begin(traceOf(event.id), arrivalSpan(event, id)).end()
  }
  for (const { id: eventId, isNew } of recorded.events) {
    if (isNew || eventId === undefined) continue
    tracer
      .under(traceOf(eventId))
      .child(redeliverySpan(eventId, source, id, receivedAt))
      .end()
  }
}
