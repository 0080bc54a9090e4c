import { isFinal } from '../../domain/run.js'
import type { Journal, StoredEvent } from '../../store/records.js'
import { stringifyJson } from '../../util/json.js'
import { plain } from '../../util/plain.js'
import { Live } from '../ui/live.js'
import { Card, RunState, sayUsd, Text, When } from '../ui/parts.js'
import { count, formatBytes, spanOf } from './amounts.js'
import { Deliveries } from './event-deliveries.js'
import { Attributes, EventHead } from './event-head.js'
import { Decisions } from './event-match.js'
import { eventDeeds, ReplayOf } from './event-replay.js'
import { storyOf } from './event-story.js'
import { type EventView, mostLater, viewOf } from './event-view.js'
import { Excerpt } from './excerpt.js'
import type { Html, Page, PageOptions } from './page.js'
import { sayDone } from './run-words.js'
import { Timeline } from './timeline.js'

/** The whole story of one event. */
const event: Page = {
  method: 'GET',
  path: /^\/events\/(evt_[0-9a-f]{32})$/,
  role: 'read',
  place: 'events',
  async show({ captured: [id = ''], caller, isPart }, options) {
    const view = await viewOf(id, caller, options)
    const story = drawn(view, options)
    if (isPart) return { kind: 'part', html: story }
    const isOver = view.event.state !== 'recorded' && view.runs.every(({ state }) => isFinal(state))
    const html = isOver ? (
      story
    ) : (
      <Live part={`/events/${id}`} on={['event', 'run', 'call', 'approval']}>
        {story}
      </Live>
    )
    return { kind: 'page', title: `${plain(view.event.type)} of ${plain(view.event.source)}`, html }
  },
}

const mostOfData = 500_000

const data: Page = {
  method: 'GET',
  path: /^\/events\/(evt_[0-9a-f]{32})\/data$/,
  role: 'read',
  place: 'events',
  async show({ captured: [id = ''], caller, isPart }, options) {
    const view = await viewOf(id, caller, options)
    const html = (
      <>
        <p class="trail">
          <a href="/events">Events</a> / <a href={`/events/${id}`}>{id}</a> / data
        </p>
        <h1 class="break">
          Data of <Text of={view.event.type} />
        </h1>
        <Excerpt of={stringifyJson(view.event.data, 2)} label="The event’s data" most={mostOfData} />
      </>
    )
    return isPart ? { kind: 'part', html } : { kind: 'page', title: 'Data of an event', html }
  },
}

export const eventPages: readonly Page[] = [event, data, ...eventDeeds]

function drawn(view: EventView, options: PageOptions): Html {
  const { event, journals, runs, deliveries, later, now } = view
  return (
    <div class="stack page">
      <EventHead of={view} />
      <div class="grid">
        <div class="twothird stack">
          {journals.length > 0 && <Runs of={journals} all={runs.length} now={now} />}
          <Card title="What happened" aside={<span class="small faint">times are UTC</span>}>
            <Timeline of={storyOf(view)} label="What happened to the event" />
          </Card>
          <Decisions of={event} config={options.config()} />
        </div>
        <div class="third stack">
          <Card title="Event">
            <Attributes of={view} label={options.config().sources.get(event.source)?.label} />
          </Card>
          <ReplayOf view={view} options={options} />
        </div>
      </div>
      <Data of={event} />
      <Deliveries of={deliveries} event={event} now={now} />
      {event.subject !== undefined && <LaterEvents of={later} hasMore={view.hasMoreLater} event={event} />}
    </div>
  )
}

/** What came of it, first: a line for each run. */
function Runs({
  of,
  all,
  now,
}: {
  readonly of: readonly Journal[]
  readonly all: number
  readonly now: number
}) {
  return (
    <Card
      title={all === 1 ? 'The run it woke' : `${count(all, 'run')}, newest first`}
      aside={all > of.length && <span class="small faint">the newest {of.length} shown</span>}
    >
      {[...of].reverse().map(({ run, calls }) => (
        <div class="stack tight">
          <div class="row">
            <a href={`/runs/${run.id}`}>
              <b>
                <Text of={run.agent} />
              </b>
            </a>
            <RunState run={run} />
            {run.replay > 0 && <span class="tag">replay {run.replay}</span>}
            <span class="small faint push">
              {sayUsd(run.usage.turns === 0 ? 0 : run.usage.costUsd)}, {spanOf(run.usage.activeMs)},{' '}
              <When at={run.finishedAt ?? run.createdAt} now={now} />
            </span>
          </div>
          <p class="soft break">{sayDone(calls)}</p>
          {run.error && run.state !== 'completed' && (
            <p class="break">
              <code>{run.error.code}</code> <Text of={run.error.message} />
            </p>
          )}
          {run.summary !== undefined && run.summary.trim() !== '' && <Summary of={run.summary.trim()} />}
        </div>
      ))}
    </Card>
  )
}

const shownSummary = 280

/** Words of a model, marked as such: the beginning. */
function Summary({ of }: { readonly of: string }) {
  return (
    <div class="stack tight">
      <span class="said-by">The model’s summary{of.length > shownSummary && ', its beginning'}</span>
      <div class="said">
        <Text of={of.length > shownSummary ? `${of.slice(0, shownSummary)}…` : of} />
      </div>
    </div>
  )
}

const mostShownData = 12_000
const mostOpenLines = 40

function Data({ of: event }: { readonly of: StoredEvent }) {
  const text = stringifyJson(event.data, 2)
  const lines = text.split('\n').length
  const size = formatBytes(Buffer.byteLength(text))
  return (
    <Card
      title="Data"
      aside={
        <span class="small faint">
          {size}, {count(lines, 'line')}; written by the sender
        </span>
      }
    >
      <details open={lines <= mostOpenLines && text.length <= mostShownData}>
        <summary>What the event says</summary>
        <Excerpt of={text} label="The event’s data" most={mostShownData} href={`/events/${event.id}/data`} />
      </details>
    </Card>
  )
}

function LaterEvents({
  of,
  hasMore,
  event,
}: {
  readonly of: readonly StoredEvent[]
  readonly hasMore: boolean
  readonly event: StoredEvent
}) {
  if (of.length === 0) {
    return (
      <Card title="Later events of the subject">
        <p class="soft">None has come since.</p>
      </Card>
    )
  }
  return (
    <Card
      title="Later events of the subject"
      aside={hasMore && <span class="small faint">the newest {mostLater}</span>}
      flush
    >
      <table class="stacks">
        <thead>
          <tr>
            <th>Type</th>
            <th>After</th>
            <th>By</th>
            <th>State</th>
          </tr>
        </thead>
        <tbody>
          {of.map((one) => (
            <tr>
              <td>
                <a href={`/events/${one.id}`}>
                  <Text of={one.type} />
                </a>
              </td>
              <td class="faint">{spanOf(Math.max(0, one.recordedAt - event.recordedAt))}</td>
              <td>
                {one.actor === undefined ? '' : <Text of={one.actor} />}
                {one.chain > 0 && ' (our own write)'}
              </td>
              <td class="soft">{one.state}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Card>
  )
}
