import { type EventState, eventTransitions } from '../../domain/event.js'
import type { StoredEvent } from '../../store/records.js'
import { plain } from '../../util/plain.js'
import { Live } from '../ui/live.js'
import { Card, Empty } from '../ui/parts.js'
import { type EventRow, EventsTable } from './events-table.js'
import { type EventsWanted, eventsWanted } from './events-wanted.js'
import { Choice, Filters, NotUnderstood, Older, spans } from './list-parts.js'
import type { Html, Page, PageOptions } from './page.js'
import { hrefOf } from './wanted.js'

const path = '/events'
const perPage = 50
/** What came since the page was opened is added to it, up to so many. */
const mostLive = 200

/** Everything that arrived, newest first, to be searched and looked through. */
const events: Page = {
  method: 'GET',
  path: /^\/events$/,
  role: 'read',
  place: 'events',
  async show({ query, isPart }, options) {
    const now = options.clock.now()
    const wanted = eventsWanted(query, now)
    const isFirst = wanted.search.before === undefined
    if (isPart && isFirst) return { kind: 'part', html: await freshened(wanted, query, options) }
    const list = await listOf(wanted, query, options)
    if (isPart) return { kind: 'part', html: list }
    const html = (
      <>
        <div class="head">
          <h1>Events</h1>
          {!isFirst && <a href={hrefOf(path, query, { before: undefined })}>To the newest</a>}
        </div>
        <EventFilters of={wanted} query={query} options={options} />
        <NotUnderstood of={wanted.problems} />
        {wanted.problems.length === 0 && list}
      </>
    )
    return { kind: 'page', title: 'Events', html }
  },
}

export const eventsPages: readonly Page[] = [events]

/** A page of the list; the first one keeps itself fresh. */
async function listOf(wanted: EventsWanted, query: URLSearchParams, options: PageOptions): Promise<Html> {
  if (wanted.problems.length > 0) return <NotUnderstood of={wanted.problems} />
  const { store, clock } = options
  const found = await store.findEvents({ ...wanted.search, limit: perPage })
  const rows = await rowsOf(found.events, options)
  const now = clock.now()
  const older = <Older path={path} query={query} next={found.next} isPartial={found.isPartial} />
  if (wanted.search.before !== undefined) {
    return (
      <>
        {rows.length > 0 && (
          <Card flush>
            <EventsTable of={rows} now={now} seen={undefined} />
          </Card>
        )}
        {rows.length === 0 && found.next === undefined && <p class="more soft">There are no older ones.</p>}
        {older}
      </>
    )
  }
  // What is shown now stays shown while newer ones are added above it.
  const from = found.next === undefined ? undefined : found.events.at(-1)?.recordedAt
  const part = hrefOf(path, query, {
    before: undefined,
    seen: found.events[0]?.id ?? 'evt_0',
    from: from === undefined ? undefined : String(from),
  })
  const isNothing = rows.length === 0 && found.next === undefined
  return (
    <>
      <Live part={part} on={['event', 'run']}>
        {rows.length > 0 && <Listed of={rows} now={now} seen={undefined} />}
        {isNothing && <Nothing isFiltered={wanted.isFiltered} options={options} />}
      </Live>
      {older}
    </>
  )
}

/** What the first page shows now: all that it showed, and what came since. */
async function freshened(
  { search, problems, isFiltered }: EventsWanted,
  query: URLSearchParams,
  options: PageOptions,
): Promise<Html> {
  if (problems.length > 0) return <NotUnderstood of={problems} />
  const from = Number(query.get('from') ?? 0)
  const since = Math.max(search.since ?? 0, Number.isFinite(from) ? from : 0)
  const found = await options.store.findEvents({ ...search, since, limit: mostLive })
  const rows = await rowsOf(found.events, options)
  if (rows.length === 0 && !found.isPartial) return <Nothing isFiltered={isFiltered} options={options} />
  return <Listed of={rows} now={options.clock.now()} seen={query.get('seen') ?? undefined} />
}

function Listed(props: Parameters<typeof EventsTable>[0]) {
  return (
    <Card flush>
      <EventsTable {...props} />
    </Card>
  )
}

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
