import { isEcho } from '../../domain/echo.js'
import { wakes } from '../../domain/event.js'
import type { DeclaredLabel } from '../../domain/label.js'
import { isFinal } from '../../domain/run.js'
import type { StoredEvent } from '../../store/records.js'
import { isoTime } from '../../util/clock.js'
import { plain } from '../../util/plain.js'
import { Facts, Id, Pill, sayAgo, Text, type Tone, When } from '../ui/parts.js'
import { count, listed } from './amounts.js'
import type { EventView } from './event-view.js'
import { Short } from './events-table.js'

const tones: Readonly<Record<StoredEvent['state'], Tone>> = {
  recorded: 'busy',
  dispatched: 'good',
  ignored: 'none',
}

/** What it is, and what came of it. */
export function EventHead({ of: view }: { readonly of: EventView }) {
  const { event, now } = view
  return (
    <div class="stack">
      <p class="trail">
        <a href="/events">Events</a> /{' '}
        <a href={`/sources/${encodeURIComponent(event.source)}`}>
          <Text of={event.source} />
        </a>{' '}
        / <Id id={event.id} />
      </p>
      <div class="row">
        <h1 class="break">
          <Text of={event.type} />
        </h1>
        <Pill tone={tones[event.state]}>{event.state}</Pill>
        {isEcho(event) && <span class="tag">echo</span>}
      </div>
      <p class="break">
        {event.subject === undefined ? (
          'about nothing in particular'
        ) : (
          <>
            about{' '}
            <b>
              <Short of={event.subject} />
            </b>
          </>
        )}
        {event.actor !== undefined && (
          <>
            , by <Text of={event.actor} />
          </>
        )}
        , <When at={event.recordedAt} now={now} />
      </p>
      <p class="lead break">{answerOf(view)}</p>
    </div>
  )
}

/** One sentence: who was woken and how that stands. */
function answerOf({ event, runs, deliveries, now }: EventView): string {
  const again = deliveries.length - 1
  const twice = again > 0 ? ` It came ${count(again, 'more time')}, and nothing was done again.` : ''
  if (event.state === 'recorded') return `Recorded; which agents it wakes is not decided yet.${twice}`
  if (runs.length === 0) {
    const asleep = event.decisions.filter((one) => !wakes(one)).map(({ agent }) => plain(agent))
    const whom = asleep.length === 0 ? '; there was none' : `: not ${listed(asleep.slice(0, 6))}`
    return `It woke no agent${whom}. Below stands why.${twice}`
  }
  const open = runs.filter(({ state }) => !isFinal(state))
  const last = runs.at(-1)
  const names = listed([...new Set(runs.map(({ agent }) => plain(agent)))])
  const stands =
    open.length > 0
      ? `${count(open.length, 'run')} not at an end`
      : `${last?.state ?? ''}${last?.finishedAt === undefined ? '' : ` ${sayAgo(last.finishedAt, now)}`}`
  return `It woke ${names}: ${stands}.${twice}`
}

const ways = {
  webhook: 'a webhook, verified',
  poll: 'a poll of the sender',
  schedule: 'the schedule',
} as const

/** Its attributes, as they stand in the ledger. */
export function Attributes({
  of: { event, now },
  label,
}: {
  readonly of: EventView
  /** Of its source, where that is declared. */
  readonly label: DeclaredLabel | undefined
}) {
  const ids = Object.entries(event.ids)
  return (
    <Facts
      of={[
        [
          'happened',
          <>
            {isoTime(event.time)}{' '}
            <span class="faint">
              (<When at={event.time} now={now} />)
            </span>
          </>,
        ],
        ['recorded', isoTime(event.recordedAt)],
        ['came by', ways[event.via]],
        [
          'ids',
          ids.length === 0 ? (
            <span class="faint">none: no tool can be bound to it</span>
          ) : (
            ids.map(([name, value]) => (
              <div>
                <span class="faint">
                  <Text of={name} />
                </span>{' '}
                <code class="break">
                  <Text of={value} />
                </code>
              </div>
            ))
          ),
        ],
        [
          'actor',
          event.actor === undefined ? <span class="faint">not said</span> : <Text of={event.actor} />,
        ],
        ['may be seen by', seenBy(event, label)],
        isEcho(event) ? ['caused by', <Cause of={event} />] : undefined,
        ['known again by', <Known of={event} />],
        ['event', <code class="break">{event.id}</code>],
      ]}
    />
  )
}

const audiences: Readonly<Record<DeclaredLabel, string>> = {
  public: 'everybody',
  internal: 'the team',
  private: 'few',
}

function seenBy({ isPublic }: StoredEvent, label: DeclaredLabel | undefined): string {
  if (label !== undefined) return `${audiences[label]}, as config.yaml says now`
  return isPublic ? 'everybody, as the sender says' : 'those who may see the subject'
}

function Cause({ of: { echoOf, chain } }: { readonly of: StoredEvent }) {
  return (
    <>
      {echoOf === undefined ? (
        'one of our own actors'
      ) : (
        <>
          our own <Id id={echoOf} href={`/runs/${echoOf}`} />
        </>
      )}
      , {count(chain, 'write')} deep
    </>
  )
}

/** The dedupe keys, in words: by these another delivery would be this event again. */
function Known({ of: { sourceEventId, via } }: { readonly of: StoredEvent }) {
  return (
    <>
      {sourceEventId !== undefined && (
        <div>
          the sender’s id{' '}
          <code class="break">
            <Text of={sourceEventId} />
          </code>
        </div>
      )}
      <div class="soft">
        {via === 'webhook'
          ? 'the bytes of its body, where the id is not signed, and subject and version, where the source has them'
          : 'subject and version, where the source has them'}
      </div>
    </>
  )
}
