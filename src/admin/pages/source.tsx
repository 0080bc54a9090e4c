import { AppError } from '../../domain/errors.js'
import { Legend } from '../ui/charts.js'
import { Live } from '../ui/live.js'
import { Card, Empty, formatMs, Pill, sayAgo, Text, Tile } from '../ui/parts.js'
import { sayShare } from './agents-view.js'
import { listed } from './amounts.js'
import { LatestEvents } from './latest-events.js'
import type { Html, Page, PageOptions } from './page.js'
import { Sentence } from './sentence.js'
import { arrivalLegend, DayBars, HourBars, saySums } from './source-charts.js'
import { Clocked, Refusals, Secrets, Setup } from './source-facts.js'
import { lastDays, lastHours, sumOf, usualDays } from './source-health.js'
import { Answered, sendTest, type TestAnswer, TestCard } from './source-test.js'
import { listenersOf, type SourceView, viewSource } from './source-view.js'
import { explainCondition, sayCondition } from './source-words.js'

const source: Page = {
  method: 'GET',
  path: /^\/sources\/([A-Za-z][A-Za-z0-9_-]{0,63})$/,
  role: 'read',
  place: 'sources',
  async show({ captured: [name = ''], caller, isPart }, options) {
    const view = await viewSource(name, options)
    if (isPart) return { kind: 'part', html: <Health of={view} /> }
    return { kind: 'page', title: name, html: drawn(view, caller.role === 'approve', undefined) }
  },
}

/** A signed sample, sent as a sender does. */
const test: Page = {
  method: 'POST',
  path: /^\/sources\/([A-Za-z][A-Za-z0-9_-]{0,63})\/test$/,
  role: 'approve',
  place: 'sources',
  async show({ captured: [name = ''], form }, options: PageOptions) {
    const { opened } = await viewSource(name, options)
    if (!opened) throw new AppError('command.usage', `${name} goes by the clock: nothing is sent to it`)
    const wanted = { name, type: form.get('type') ?? '', now: options.clock.now() }
    const answer = await sendTest(wanted, opened, options.config())
    const view = await viewSource(name, options)
    return { kind: 'page', title: name, html: drawn(view, true, answer) }
  },
}

export const sourcePages: readonly Page[] = [source, test]

function drawn(view: SourceView, mayDecide: boolean, answer: TestAnswer | undefined): Html {
  const { health } = view
  const { name } = health.settings
  return (
    <div class="stack page">
      {answer && <Answered of={answer} />}
      <Live part={`/sources/${encodeURIComponent(name)}`} on={['event']}>
        <Health of={view} />
      </Live>
      {health.isPushed && (
        <div class="grid">
          <div class="half stack">
            <Setup of={view} />
          </div>
          <div class="half stack">
            <TestCard of={view} mayDecide={mayDecide} />
            <Secrets of={view} />
          </div>
        </div>
      )}
    </div>
  )
}

/** How it does, then what it brought. */
function Health({ of: view }: { readonly of: SourceView }) {
  const { health, now, kind } = view
  const { settings, condition } = health
  const { tone, word } = sayCondition(condition)
  const explained = explainCondition(health, now)
  const listeners = listenersOf(view.config, settings.name)
  return (
    <div class="stack">
      <div class="stack tight">
        <p class="trail">
          <a href="/sources">Sources</a> / <Text of={settings.name} />
        </p>
        <div class="row">
          <h1>
            <Text of={settings.name} />
          </h1>
          <Pill tone={tone}>{word}</Pill>
        </div>
        <p class="lead break">
          {kind.title}
          {listeners.length === 0
            ? '. No agent listens to it: its events are recorded and wake nobody.'
            : `. Wakes ${listed(listeners.map(({ agent, types }) => `${agent} on ${types.includes('*') ? 'everything' : listed(types)}`))}.`}
        </p>
      </div>
      {explained !== undefined && (
        <p class={`notice is-${tone} break`}>
          <span>
            <Sentence of={explained} />
          </span>
        </p>
      )}
      {health.isPushed ? health.lastSeenAt !== undefined && <PushedTiles of={view} /> : <Clocked of={view} />}
      {health.lastSeenAt !== undefined && <Brought of={view} />}
      <Refusals of={view} />
    </div>
  )
}

function PushedTiles({ of: view }: { readonly of: SourceView }) {
  const { health, now, lag } = view
  const { hours, condition, lastSeenAt } = health
  const sums = sumOf(hours)
  const hasLag = lag !== undefined && lag.of > 0
  return (
    <div class="tiles">
      <Tile value={lastSeenAt === undefined ? 'never' : sayAgo(lastSeenAt, now)} name="last seen" />
      <Tile value={sumOf(lastHours(hours, 24, now)).events.toLocaleString('en')} name="events in 24 h" />
      <Tile
        value={sums.deliveries === 0 ? 'none' : sayShare(sums.duplicates / sums.deliveries)}
        name={`of the deliveries in ${usualDays} days were sent again`}
      />
      <Tile
        value={refusedIn(view).toLocaleString('en')}
        name={`refused in ${usualDays} days`}
        {...(condition.is === 'refused' ? { tone: 'bad' as const } : {})}
      />
      <Tile
        value={hasLag ? formatMs(Math.max(0, lag.medianMs)) : 'none yet'}
        name="usual time from the happening to the ledger"
      />
    </div>
  )
}

/** What it brought, by hour and day, and the last of it. */
function Brought({ of: { health, now, events } }: { readonly of: SourceView }) {
  const { settings, hours } = health
  const today = sumOf(lastHours(hours, 24, now))
  const days = lastDays(hours, usualDays, now)
  return (
    <>
      <div class="grid">
        <div class="half">
          <Card title="The last 24 hours" aside={<span class="small faint">{saySums(today)}</span>}>
            <HourBars name={settings.name} of={hours} now={now} />
          </Card>
        </div>
        <div class="half">
          <Card title={`${usualDays} days`} aside={<span class="small faint">{saySums(sumOf(hours))}</span>}>
            <DayBars name={settings.name} of={days} now={now} />
          </Card>
        </div>
      </div>
      <Legend of={arrivalLegend} />
      <Card
        flush
        title="Latest events"
        aside={
          <a class="small" href={`/events?source=${encodeURIComponent(settings.name)}`}>
            All of its events
          </a>
        }
      >
        {events.length === 0 ? (
          <Empty title="None of its events is in the ledger any more" />
        ) : (
          <LatestEvents of={events} now={now} hasSource={false} />
        )}
      </Card>
    </>
  )
}

function refusedIn({ health }: SourceView): number {
  return health.refusals.reduce((sum, { count: times }) => sum + times, 0)
}
