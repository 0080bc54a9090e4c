import type { StoredDelivery, StoredEvent } from '../../store/records.js'
import { isoTime } from '../../util/clock.js'
import { Card, Empty, Facts, Pill, Text, When } from '../ui/parts.js'
import { count, formatBytes } from './amounts.js'
import { secretOf } from './event-story.js'
import { Excerpt } from './excerpt.js'

const mostShown = 30

/** Each request that brought the event: the first, and the redeliveries. */
export function Deliveries({
  of,
  event,
  now,
}: {
  readonly of: readonly StoredDelivery[]
  readonly event: StoredEvent
  readonly now: number
}) {
  const first = of.filter(({ id }) => id === event.deliveryId)
  const others = of.filter(({ id }) => id !== event.deliveryId)
  const shown = [...first, ...others.slice(-mostShown)]
  return (
    <Card
      title={
        of.length < 2
          ? 'Delivery'
          : `${count(of.length, 'delivery', 'deliveries')}: the first, and redeliveries`
      }
    >
      {of.length === 0 && (
        <Empty title={event.via === 'webhook' ? 'No longer in the ledger' : 'It came without a delivery'}>
          {event.via === 'webhook' ? undefined : <span>rouse asked for it by itself: {event.via}.</span>}
        </Empty>
      )}
      {others.length > mostShown && <p class="small faint">The first and the last {mostShown}.</p>}
      {shown.map((delivery) => (
        <Delivery of={delivery} isOpen={of.length === 1} now={now} />
      ))}
    </Card>
  )
}

function Delivery({
  of,
  isOpen,
  now,
}: {
  readonly of: StoredDelivery
  readonly isOpen: boolean
  readonly now: number
}) {
  const {
    id,
    state,
    receivedAt,
    bodyBytes,
    remoteAddress,
    url,
    headers,
    secretIndex,
    source,
    reason,
    eventIds,
  } = of
  return (
    <details id={id} open={isOpen}>
      <summary>
        <Pill tone={state === 'malformed' ? 'bad' : state === 'recorded' ? 'good' : 'none'}>{state}</Pill>{' '}
        <When at={receivedAt} now={now} />, {formatBytes(bodyBytes)}
        {remoteAddress !== undefined && (
          <>
            {' '}
            from <Text of={remoteAddress} />
          </>
        )}
      </summary>
      <div class="stack">
        <Facts
          of={[
            ['verified', `by ${secretOf(secretIndex)} of ${source}`],
            ['received', isoTime(receivedAt)],
            [
              'at',
              <code class="break">
                <Text of={url} />
              </code>,
            ],
            reason === undefined ? undefined : ['reason', <Text of={reason} />],
            eventIds.length < 2
              ? undefined
              : ['brought', `${count(eventIds.length, 'event')}, this among them`],
            ['delivery', <code class="break">{id}</code>],
          ]}
        />
        <Excerpt
          of={headers.map(([name, value]) => `${name}: ${value}`).join('\n') || '(none)'}
          label="Headers of the delivery"
        />
        <p class="small faint">
          Headers that carry secrets or signatures are never stored.
          {of.body === undefined && ' The body was the same; of a redelivery it is not kept.'}
        </p>
      </div>
    </details>
  )
}
