import type { Run } from '../../domain/run.js'
import { parkedOns } from '../../domain/run.js'
import { Card, Empty } from '../ui/parts.js'
import { listPage } from './list-page.js'
import { Choice, Filters, spans } from './list-parts.js'
import type { Page, PageOptions } from './page.js'
import { type RunRow, RunsTable } from './runs-table.js'
import { type RunsWanted, runStates, runsWanted } from './runs-wanted.js'

const path = '/runs'

/** Everything that agents did. */
const runs = listPage({
  title: 'Runs',
  place: 'runs',
  on: ['run'],
  oldest: 'run_0',
  wanted: runsWanted,
  async find(search: RunsWanted['search'], limit, { store }) {
    const { runs: items, next, isPartial } = await store.findRuns({ ...search, limit })
    return { items, next, isPartial }
  },
  timeOf: ({ createdAt }) => createdAt,
  table: async (items, seen, options) => (
    <Card flush>
      <RunsTable of={await rowsOf(items, options)} now={options.clock.now()} seen={seen} />
    </Card>
  ),
  filters: (wanted, query, options) => <RunFilters of={wanted} query={query} options={options} />,
  nothing: (isFiltered) => <Nothing isFiltered={isFiltered} />,
})

export const runsPages: readonly Page[] = [runs]

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
