import { Legend } from '../ui/charts.js'
import { Live } from '../ui/live.js'
import { Card, Pill, Text } from '../ui/parts.js'
import { FirstDelivery } from './now-fresh.js'
import { LastSeen } from './now-sources.js'
import type { Html, Page, PageOptions } from './page.js'
import { Sentence } from './sentence.js'
import { sourcePages } from './source.js'
import { arrivalLegend, HourBars } from './source-charts.js'
import { lastHours, type SourceHealth, sourcesHealth, sumOf, usualDays } from './source-health.js'
import { kindOf } from './source-view.js'
import { explainCondition, isTrouble, sayCondition } from './source-words.js'

/** All sources: whether each brings what it should. */
const sources: Page = {
  method: 'GET',
  path: /^\/sources$/,
  role: 'read',
  place: 'sources',
  async show({ isPart }, options) {
    const html = drawn(await sourcesHealth(options), options)
    if (isPart) return { kind: 'part', html }
    return {
      kind: 'page',
      title: 'Sources',
      html: (
        <Live part="/sources" on={['event']}>
          {html}
        </Live>
      ),
    }
  },
}

export const sourcesPages: readonly Page[] = [sources, ...sourcePages]

function drawn(of: readonly SourceHealth[], options: PageOptions): Html {
  const { config, clock } = options
  const now = clock.now()
  if (of.length === 0) {
    return (
      <div class="stack">
        <h1>Sources</h1>
        <FirstDelivery config={config()} sources={options.sources()} />
      </div>
    )
  }
  return (
    <div class="stack">
      <h1>Sources</h1>
      {of.filter(isTrouble).map((one) => (
        <p class={`notice is-${sayCondition(one.condition).tone} break`}>
          <b>
            <Text of={one.settings.name} />
          </b>
          <span>
            <Sentence of={explainCondition(one, now) ?? ''} />
          </span>
        </p>
      ))}
      <Card flush>
        <table class="stacks">
          <thead>
            <tr>
              <th>Source</th>
              <th class="w-wide">Last 24 hours</th>
              <th class="num">Events</th>
              <th class="num">Duplicates</th>
              <th class="num">Refused, {usualDays} days</th>
            </tr>
          </thead>
          <tbody>
            {of.map((one) => (
              <Row of={one} now={now} title={kindOf(one.settings.kind, options).title} />
            ))}
          </tbody>
        </table>
      </Card>
      <Legend of={arrivalLegend} />
    </div>
  )
}

function Row({
  of,
  now,
  title,
}: {
  readonly of: SourceHealth
  readonly now: number
  readonly title: string
}) {
  const { settings, condition, hours, refusals } = of
  const { tone, word } = sayCondition(condition)
  const today = sumOf(lastHours(hours, 24, now))
  const refused = refusals.reduce((sum, { count }) => sum + count, 0)
  return (
    <tr id={settings.name}>
      <td class="wide">
        <div class="row">
          <a href={`/sources/${encodeURIComponent(settings.name)}`}>
            <b class="break">
              <Text of={settings.name} />
            </b>
          </a>
          <Pill tone={tone}>{word}</Pill>
        </div>
        <div class="small soft">
          {title}, <LastSeen of={of} now={now} />
        </div>
      </td>
      <td class="wide">
        <HourBars name={settings.name} of={hours} now={now} isLow />
      </td>
      <td class="num" data-label="events">
        {today.events.toLocaleString('en')}
      </td>
      <td class="num" data-label="duplicates">
        {today.duplicates.toLocaleString('en')}
      </td>
      <td class="num" data-label="refused">
        {refused.toLocaleString('en')}
      </td>
    </tr>
  )
}
