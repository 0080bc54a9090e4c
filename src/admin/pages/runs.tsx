import type { Run } from '../../domain/run.js'
import { parkedOns } from '../../domain/run.js'
import { Live } from '../ui/live.js'
import { Card, Empty } from '../ui/parts.js'
import { Choice, Filters, NotUnderstood, Older, spans } from './list-parts.js'
import type { Html, Page, PageOptions } from './page.js'
import { type RunRow, RunsTable } from './runs-table.js'
import { type RunsWanted, runStates, runsWanted } from './runs-wanted.js'
import { hrefOf } from './wanted.js'

const path = '/runs'
const perPage = 50
const mostLive = 200

/** Everything that agents did, newest first. */
const runs: Page = {
  method: 'GET',
  path: /^\/runs$/,
  role: 'read',
  place: 'runs',
  async show({ query, isPart }, options) {
    const wanted = runsWanted(query, options.clock.now())
    const isFirst = wanted.search.before === undefined
    if (isPart && isFirst) return { kind: 'part', html: await freshened(wanted, query, options) }
    const list = await listOf(wanted, query, options)
    if (isPart) return { kind: 'part', html: list }
    const html = (
      <>
        <div class="head">
          <h1>Runs</h1>
          {!isFirst && <a href={hrefOf(path, query, { before: undefined })}>To the newest</a>}
        </div>
        <RunFilters of={wanted} query={query} options={options} />
        <NotUnderstood of={wanted.problems} />
        {wanted.problems.length === 0 && list}
      </>
    )
    return { kind: 'page', title: 'Runs', html }
  },
}

export const runsPages: readonly Page[] = [runs]

/** A page of the list; the first one keeps itself fresh. */
async function listOf(wanted: RunsWanted, query: URLSearchParams, options: PageOptions): Promise<Html> {
  if (wanted.problems.length > 0) return <NotUnderstood of={wanted.problems} />
  const { store, clock } = options
  const found = await store.findRuns({ ...wanted.search, limit: perPage })
  const rows = await rowsOf(found.runs, options)
  const now = clock.now()
  const older = <Older path={path} query={query} next={found.next} isPartial={found.isPartial} />
  if (wanted.search.before !== undefined) {
    return (
      <>
        {rows.length > 0 && <Listed of={rows} now={now} seen={undefined} />}
        {rows.length === 0 && found.next === undefined && <p class="more soft">There are no older ones.</p>}
        {older}
      </>
    )
  }
  // What is shown now stays shown while newer ones are added above it.
  const from = found.next === undefined ? undefined : found.runs.at(-1)?.createdAt
  const part = hrefOf(path, query, {
    before: undefined,
    seen: found.runs[0]?.id ?? 'run_0',
    from: from === undefined ? undefined : String(from),
  })
  const isNothing = rows.length === 0 && found.next === undefined
  return (
    <>
      <Live part={part} on={['run']}>
        {rows.length > 0 && <Listed of={rows} now={now} seen={undefined} />}
        {isNothing && <Nothing isFiltered={wanted.isFiltered} />}
      </Live>
      {older}
    </>
  )
}

/** What the first page shows now: all that it showed, and what came since. */
async function freshened(
  { search, problems, isFiltered }: RunsWanted,
  query: URLSearchParams,
  options: PageOptions,
): Promise<Html> {
  if (problems.length > 0) return <NotUnderstood of={problems} />
  const from = Number(query.get('from') ?? 0)
  const since = Math.max(search.since ?? 0, Number.isFinite(from) ? from : 0)
  const found = await options.store.findRuns({ ...search, since, limit: mostLive })
  const rows = await rowsOf(found.runs, options)
  if (rows.length === 0 && !found.isPartial) return <Nothing isFiltered={isFiltered} />
  return <Listed of={rows} now={options.clock.now()} seen={query.get('seen') ?? undefined} />
}

function Listed(props: Parameters<typeof RunsTable>[0]) {
  return (
    <Card flush>
      <RunsTable {...props} />
    </Card>
  )
}

async function rowsOf(found: readonly Run[], { store }: PageOptions): Promise<RunRow[]> {
  const rows: RunRow[] = []
  for (const run of found)
    rows.push({ run, event: (await store.findEvents({ id: run.eventId, limit: 1 })).events[0] })
  return rows
}

function RunFilters({
  of: { chosen, isFiltered },
  query,
  options,
}: {
  readonly of: RunsWanted
  readonly query: URLSearchParams
  readonly options: PageOptions
}) {
  const agents = [...options.config().agents.keys()]
  return (
    <Filters
      path={path}
      q={query.get('q') ?? ''}
      hint="a subject, code:limit.turns, event:evt_…"
      isFiltered={isFiltered}
    >
      <Choice name="agent" label="Agent" of={agents} chosen={chosen.agent} />
      <Choice name="state" label="State" of={runStates} chosen={chosen.state} />
      {chosen.state === 'dead' && (
        <Choice name="replayed" label="Replayed since" of={['no', 'yes']} chosen={chosen.replayed} />
      )}
      <Choice name="on" label="Parked on" of={parkedOns} chosen={chosen.on} any="anything" />
      <Choice name="since" label="Made in" of={spans} chosen={chosen.since} any="any time" />
    </Filters>
  )
}

function Nothing({ isFiltered }: { readonly isFiltered: boolean }) {
  return (
    <Card>
      {isFiltered ? (
        <Empty title="No run is like that">
          <p>
            A word alone is a whole subject, an id or an error code. Fields are{' '}
            <code>agent state replayed on code subject event id since until</code>, as in{' '}
            <code>state:dead</code> or <code>code:limit.turns</code>.
          </p>
          <a class="button" href={path}>
            Show all
          </a>
        </Empty>
      ) : (
        <Empty title="No agent has run yet">
          <p>
            A run is one agent on one event, from the first turn to the outcome. An event that an agent
            listens to makes one:
          </p>
          <code class="block">rouse trigger &lt;source&gt;</code>
          <p>
            Which agents there are, and what wakes them: <a href="/agents">Agents</a>.
          </p>
        </Empty>
      )}
    </Card>
  )
}
