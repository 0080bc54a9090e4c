import type { ToolCallState } from '../../domain/tool-call.js'
import type { ArrivalCounts, ModelUse, RunCounts, Spending, Totals } from '../reports.js'
import type { Store } from '../store.js'
import type { Reader } from './reader.js'
import { hourOf } from './tallies.js'

type Hours = Pick<Store, 'activity' | 'spending' | 'spendingByModel' | 'totals'>

interface ArrivalSums {
  readonly source: string
  readonly deliveries_recorded: number
  readonly deliveries_duplicate: number
  readonly deliveries_malformed: number
  readonly events_recorded: number
  readonly events_dispatched: number
  readonly events_ignored: number
  readonly events_echo: number
}

interface ModelSums {
  readonly turns: number
  readonly unpriced_turns: number
  readonly input_tokens: number
  readonly output_tokens: number
  readonly cost_usd: number
  readonly duration_ms: number
}

type At = { readonly at: number }
type OfAgent = { readonly agent: string }
type OfModel = OfAgent & { readonly model: string }
type LastSeen = { readonly last_event_at: number | null; readonly last_delivery_at: number | null }
type OfTool = {
  readonly tool: string
  readonly state: ToolCallState
  readonly code: string
  readonly calls: number
}

const sums = (names: string) =>
  names
    .split(' ')
    .map((name) => `sum(${name}) AS ${name}`)
    .join(', ')
const arrivalSums = sums(
  'deliveries_recorded deliveries_duplicate deliveries_malformed events_recorded events_dispatched events_ignored events_echo',
)
const runSums = sums('begun completed dead cancelled')
const modelSums = sums('turns unpriced_turns input_tokens output_tokens cost_usd duration_ms')
/** The first millisecond of the time that an hour is counted in. */
const bucket = 'hour / CAST(@bucketMs AS INTEGER) * CAST(@bucketMs AS INTEGER)'

/** What the hours add up to. */
export function hours(reader: Reader): Hours {
  const { db } = reader
  const activity = db.prepare<unknown[], ArrivalSums & At>(`
    SELECT ${bucket} AS at, source, ${arrivalSums} FROM source_hours WHERE hour > 0 AND hour >= @since AND hour < @until
    GROUP BY 1, 2 ORDER BY 1, 2`)
  const runs = db.prepare<unknown[], RunCounts & OfAgent & At>(`
    SELECT ${bucket} AS at, agent, ${runSums} FROM agent_hours WHERE hour > 0 AND hour >= @since GROUP BY 1, 2`)
  const models = db.prepare<unknown[], ModelSums & OfAgent & At>(`
    SELECT ${bucket} AS at, agent, ${modelSums} FROM model_hours WHERE hour > 0 AND hour >= @since GROUP BY 1, 2`)
  const byModel = db.prepare<unknown[], ModelSums & OfModel>(`
    SELECT agent, model, ${modelSums} FROM model_hours WHERE hour > 0 AND hour >= @since GROUP BY 1, 2 ORDER BY 1, 2`)

  const spending = (since: number, bucketMs: number): Spending[] => {
    const asked = { since: hourOf(since), bucketMs }
    const found = new Map<string, Spending>()
    const add = ({ at, agent }: OfAgent & At, more: Partial<Spending>) => {
      const key = `${String(at).padStart(16)} ${agent}`
      found.set(key, { ...noSpending, ...found.get(key), ...more, agent, at })
    }
    for (const row of runs.all(asked)) add(row, row)
    for (const row of models.all(asked)) add(row, modelUse(row))
    return [...found].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, spent]) => spent)
  }

  return {
    activity: (since, until, bucketMs) =>
      reader.read(() =>
        activity
          .all({ since: hourOf(since), until, bucketMs })
          .map((row) => ({ at: row.at, source: row.source, ...arrivalCounts(row) })),
      ),

    // A bucket that no time is beyond makes one of all.
    spending: (since, bucketMs) =>
      reader.read(() =>
        spending(since, bucketMs ?? Number.MAX_SAFE_INTEGER).map((spent) =>
          bucketMs === undefined ? { ...spent, at: hourOf(since) } : spent,
        ),
      ),

    spendingByModel: (since) =>
      reader.read(() =>
        byModel
          .all({ since: hourOf(since) })
          .map((row) => ({ agent: row.agent, model: row.model, ...modelUse(row) })),
      ),

    totals: totals(reader),
  }
}

/** Since the ledger was begun: the rows of hour 0. */
function totals(reader: Reader): Hours['totals'] {
  const { db } = reader
  const sources = db.prepare<[], ArrivalSums & LastSeen>('SELECT * FROM source_hours WHERE hour = 0')
  const agents = db.prepare<[], RunCounts & OfAgent>(
    'SELECT agent, begun, completed, dead, cancelled FROM agent_hours WHERE hour = 0',
  )
  const models = db.prepare<[], ModelSums & OfModel>('SELECT * FROM model_hours WHERE hour = 0')
  const tools = db.prepare<[], OfTool>('SELECT tool, state, code, calls FROM tool_hours WHERE hour = 0')
  // One transaction, so that the numbers are of one moment.
  const all = db.transaction(
    (): Totals => ({
      sources: sources.all().map((row) => ({
        source: row.source,
        ...arrivalCounts(row),
        lastEventAt: row.last_event_at ?? undefined,
        lastDeliveryAt: row.last_delivery_at ?? undefined,
      })),
      agents: agents.all(),
      models: models.all().map((row) => ({ agent: row.agent, model: row.model, ...modelUse(row) })),
      toolCalls: tools.all().map((row) => ({ ...row, code: row.code === '' ? undefined : row.code })),
    }),
  )
  return () => reader.read(all)
}

const noSpending = {
  ...{ begun: 0, completed: 0, dead: 0, cancelled: 0 },
  ...{ turns: 0, unpricedTurns: 0, inputTokens: 0, outputTokens: 0, costUsd: 0, durationMs: 0 },
}

function modelUse(row: ModelSums): ModelUse {
  return {
    turns: row.turns,
    unpricedTurns: row.unpriced_turns,
    inputTokens: row.input_tokens,
    outputTokens: row.output_tokens,
    costUsd: row.cost_usd,
    durationMs: row.duration_ms,
  }
}

function arrivalCounts(row: ArrivalSums): ArrivalCounts {
  return {
    deliveries: {
      recorded: row.deliveries_recorded,
      duplicate: row.deliveries_duplicate,
      malformed: row.deliveries_malformed,
    },
    events: {
      recorded: row.events_recorded,
      dispatched: row.events_dispatched,
      ignored: row.events_ignored,
      echo: row.events_echo,
    },
  }
}
