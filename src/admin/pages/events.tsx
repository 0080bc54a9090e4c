import { type EventState, eventTransitions } from '../../domain/event.js'
import type { StoredEvent } from '../../store/records.js'
import { plain } from '../../util/plain.js'
import { Card, Empty } from '../ui/parts.js'
import { type EventRow, EventsTable } from './events-table.js'
import { type EventsWanted, eventsWanted } from './events-wanted.js'
import { listPage } from './list-page.js'
import { Choice, Filters, spans } from './list-parts.js'
import type { Page, PageOptions } from './page.js'

const path = '/events'

/** Everything that arrived. */
const events = listPage({
  title: 'Events',
  place: 'events',
  on: ['event', 'run'],
  oldest: 'evt_0',
  wanted: eventsWanted,
  async find(search: EventsWanted['search'], limit, { store }) {
    const { events: items, next, isPartial } = await store.findEvents({ ...search, limit })
    return { items, next, isPartial }
  },
  timeOf: ({ recordedAt }) => recordedAt,
  table: async (items, seen, options) => (
    <Card flush>
      <EventsTable of={await rowsOf(items, options)} now={options.clock.now()} seen={seen} />
    </Card>
  ),
  filters: (wanted, query, options) => <EventFilters of={wanted} query={query} options={options} />,
  nothing: (isFiltered, options) => <Nothing isFiltered={isFiltered} options={options} />,
})

export const eventsPages: readonly Page[] = [events]

async function rowsOf(found: readonly StoredEvent[], { store }: PageOptions): Promise<EventRow[]> {
  const rows: EventRow[] = []
  for (const event of found) {
    const isWoken = event.state !== 'recorded' && event.decisions.length > 0
    rows.push({ event, runs: isWoken ? await store.runsOf(event.id) : [] })
  }
  return rows
}

function EventFilters({
  of: { chosen, isFiltered },
  query,
  options,
}: {
  readonly of: EventsWanted
  readonly query: URLSearchParams
  readonly options: PageOptions
}) {
  const sources = [...options.config().sources.keys()]
  return (
    <Filters
      path={path}
      q={query.get('q') ?? ''}
      hint="type:issues.* subject:… actor:… or words"
      isFiltered={isFiltered}
    >
      <Choice name="source" label="Source" of={sources} chosen={chosen.source} />
      <Choice
        name="state"
        label="State"
        of={Object.keys(eventTransitions) as EventState[]}
        chosen={chosen.state}
      />
      <Choice name="since" label="Recorded in" of={spans} chosen={chosen.since} any="any time" />
    </Filters>
  )
}

function Nothing({ isFiltered, options }: { readonly isFiltered: boolean; readonly options: PageOptions }) {
  if (isFiltered) {
    return (
      <Card>
        <Empty title="No event is like that">
          <p>
            Words are looked for in types and subjects. Fields are{' '}
            <code>source type subject state actor</code> <code>agent via id echo since until</code>, as in{' '}
            <code>type:issues.*</code> or <code>since:2h</code>.
          </p>
          <a class="button" href={path}>
            Show all
          </a>
        </Empty>
      </Card>
    )
  }
  const [source = '<source>'] = options.config().sources.keys()
  return (
    <Card>
      <Empty title="No event has come yet">
        <p>
          Each verified delivery, and each thing that a poll finds, stands here with what became of it. To see
          one:
        </p>
        <code class="block">rouse trigger {plain(source)}</code>
        <p>
          Or register our address with the sender: <a href="/sources">Sources</a> says how.
        </p>
      </Empty>
    </Card>
  )
}
