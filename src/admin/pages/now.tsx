import { Legend } from '../ui/charts.js'
import { Live } from '../ui/live.js'
import { Card, Empty, Pill, sayUsd, Text, Tile, type Tone } from '../ui/parts.js'
import { LatestEvents } from './latest-events.js'
import { sayDay } from './limits-today.js'
import { FirstDelivery } from './now-fresh.js'
import { ParkedCard, RunningCard, WaitingCard } from './now-runs.js'
import { AlertCards, SourceRow } from './now-sources.js'
import { type NowView, viewNow } from './now-view.js'
import type { Html, Page } from './page.js'
import { arrivalLegend } from './source-charts.js'
import { lastHours, sumOf } from './source-health.js'
import { costOf, SpentToday } from './spent-today.js'

/** Is all well? What waits for a person, what runs, what arrives, what it costs. */
export const now: Page = {
  method: 'GET',
  path: /^\/$/,
  role: 'read',
  place: 'now',
  async show({ isPart }, options) {
    const view = await viewNow(options)
    const html = view.isFresh ? await fresh(view, options) : drawn(view)
    if (isPart) return { kind: 'part', html }
    return {
      kind: 'page',
      title: 'Now',
      html: (
        <Live part="/" on={['event', 'run', 'call', 'approval', 'alert']}>
          {html}
        </Live>
      ),
    }
  },
}

const words: Readonly<Record<Tone, string>> = {
  good: 'All is well',
  busy: 'Busy',
  wait: 'Look here',
  bad: 'Something is wrong',
  none: 'Nothing yet',
}

function Head({ of: { answer } }: { readonly of: NowView }) {
  return (
    <div class="stack tight" id="answer">
      <div>
        <Pill tone={answer.tone}>{words[answer.tone]}</Pill>
      </div>
      <h1>
        <Text of={answer.text} />
      </h1>
    </div>
  )
}

async function fresh(view: NowView, options: Parameters<Page['show']>[1]): Promise<Html> {
  return (
    <div class="stack">
      <Head of={view} />
      <AlertCards of={view.alerts} now={view.now} />
      <FirstDelivery config={options.config()} sources={options.sources()} />
    </div>
  )
}

function drawn(view: NowView): Html {
  const { today } = view
  return (
    <div class="stack">
      <Head of={view} />
      <Tiles of={view} />
      <AlertCards of={view.alerts} now={view.now} />
      <div class="grid">
        <div class="twothird stack">
          <WaitingCard of={view} />
          <Arrivals of={view} />
          <Card
            flush
            title="Latest events"
            aside={
              <a class="small" href="/events">
                All events
              </a>
            }
          >
            {view.events.length === 0 ? (
              <Empty title="No event is in the ledger" />
            ) : (
              <LatestEvents of={view.events} now={view.now} />
            )}
          </Card>
        </div>
        <div class="third stack">
          <RunningCard of={view} />
          <ParkedCard of={view} />
          <Card title="Spent today" aside={<span class="small faint">{sayDay(view.now)}</span>}>
            {today.length === 0 && <p class="soft">No agent is declared.</p>}
            {today.map((one) => (
              <div class="stack tight">
                <h3>
                  <a href={`/agents/${encodeURIComponent(one.agent.name)}`}>
                    <Text of={one.agent.name} />
                  </a>
                </h3>
                <SpentToday of={one} />
              </div>
            ))}
          </Card>
        </div>
      </div>
    </div>
  )
}

function Tiles({ of: { sources, counts, stuck, today, now: at } }: { readonly of: NowView }) {
  const events = sources.reduce((sum, { hours }) => sum + sumOf(lastHours(hours, 24, at)).events, 0)
  const usd = today.reduce((sum, one) => sum + costOf(one), 0)
  const [{ approvalsWaiting, held }, unpriced] = [
    counts,
    today.some(({ spent }) => (spent?.unpricedTurns ?? 0) > 0),
  ]
  const queued = stuck.queued.count + stuck.undispatched.count
  const dead = stuck.dead.reduce((sum, one) => sum + one.count, 0)
  return (
    <div class="tiles">
      <Tile
        href={held > 0 && approvalsWaiting === 0 ? '/parked' : '/approvals'}
        value={(approvalsWaiting + held).toLocaleString('en')}
        name="wait for you"
        {...(approvalsWaiting + held > 0 ? { tone: 'wait' as const } : {})}
      />
      <Tile
        href="/runs?state=running"
        value={counts.runs.running.toLocaleString('en')}
        name={queued === 0 ? 'running' : `running, ${queued.toLocaleString('en')} queued`}
      />
      <Tile href="/events" value={events.toLocaleString('en')} name="events in 24 h" />
      <Tile
        href="/agents"
        value={sayUsd(usd)}
        name={unpriced ? 'today, where the price is known' : 'for models today'}
      />
      <Tile
        href="/parked"
        value={dead.toLocaleString('en')}
        name="dead"
        {...(dead > 0 ? { tone: 'bad' as const } : {})}
      />
    </div>
  )
}

function Arrivals({ of: { sources, now: at } }: { readonly of: NowView }) {
  return (
    <Card
      title="Arrivals in the last 24 h"
      aside={
        <a class="small" href="/sources">
          All sources
        </a>
      }
    >
      {sources.length === 0 && (
        <p class="soft">
          No source is configured. One stands under <code>sources</code> in config.yaml.
        </p>
      )}
      {sources.map((source) => (
        <SourceRow of={source} now={at} />
      ))}
      {sources.length > 0 && <Legend of={arrivalLegend} />}
    </Card>
  )
}
