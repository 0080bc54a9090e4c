import type { Config } from '../config/config.js'
import { errorCodes } from '../domain/errors.js'
import type { Alert, Counts, Diagnosis, StoredRefusal } from '../store/records.js'
import type { Lag, Stuck, Totals } from '../store/reports.js'
import type { Store } from '../store/store.js'
import type { Clock } from '../util/clock.js'
import { expose, type Family, type Labels, type Sample } from '../util/metrics.js'
import { processFamilies } from './process-metrics.js'

export interface MetricsOptions {
  readonly store: Pick<
    Store,
    'totals' | 'counts' | 'stuck' | 'lags' | 'refusals' | 'backlog' | 'diagnose' | 'listAlerts'
  >
  readonly config: () => Pick<Config, 'sources' | 'agents' | 'tools' | 'models'>
  readonly clock: Clock
  /** What the process counts itself. */
  readonly counted: () => readonly Family[]
  readonly unready: () => string | undefined
}

/** However many ask, the ledger is asked this often. */
const keptMs = 5000
const mostAlerts = 1000
/** Before all days. */
const everyDay = '0000-00-00'

interface Reading {
  readonly totals: Totals
  readonly counts: Counts
  readonly stuck: Stuck
  readonly lags: readonly Lag[]
  readonly refusals: readonly StoredRefusal[]
  readonly backlog: Awaited<ReturnType<Store['backlog']>>
  readonly diagnosis: Diagnosis
  readonly alerts: readonly Alert[]
}

/**
 * Everything that is counted, as Prometheus reads it. Totals come from the ledger and go on over a restart; what only the
 * process knows begins at zero with it.
 */
export function createMetrics(options: MetricsOptions): () => Promise<string> {
  let kept: { readonly at: number; readonly reading: Promise<Reading> } | undefined
  return async () => {
    const { clock, counted } = options
    const at = clock.monotonic()
    if (!kept || at - kept.at >= keptMs) {
      const reading = read(options)
      kept = { at, reading }
      reading.catch(() => {
        kept = undefined
      })
    }
    const reading = await kept.reading
    const unready: Family = gauge('rouse_ready', '1 while deliveries are taken and runs go on.', [
      { value: options.unready() === undefined ? 1 : 0 },
    ])
    return expose([...processFamilies(), unready, ...familiesOf(reading, options), ...counted()])
  }
}

async function read({ store, clock }: MetricsOptions): Promise<Reading> {
  const now = clock.now()
  const [totals, counts, stuck, lags] = await Promise.all([
    store.totals(),
    store.counts(),
    store.stuck(now),
    store.lags(),
  ])
  const [refusals, backlog, diagnosis, alerts] = await Promise.all([
    store.refusals(everyDay),
    store.backlog(),
    store.diagnose(),
    store.listAlerts(mostAlerts),
  ])
  return { totals, counts, stuck, lags, refusals, backlog, diagnosis, alerts }
}

function familiesOf(reading: Reading, options: MetricsOptions): Family[] {
  const names = new Names(options.config())
  const now = options.clock.now()
  return [
    ...sourceFamilies(reading, names),
    ...runFamilies(reading, names),
    ...modelFamilies(reading.totals, names),
    ...toolFamilies(reading.totals, names),
    ...ledgerFamilies(reading, now),
  ]
}

function sourceFamilies({ totals, refusals, lags }: Reading, names: Names): Family[] {
  const { sources } = totals
  const seen = sources.flatMap(({ source, lastEventAt }) =>
    lastEventAt === undefined || names.source(source) === 'other'
      ? []
      : [{ labels: { source }, value: lastEventAt / 1000 }],
  )
  return [
    counter(
      'rouse_deliveries_total',
      'Verified deliveries, by what became of them.',
      sources.flatMap(({ source, deliveries }) =>
        spread({ source: names.source(source) }, 'outcome', deliveries),
      ),
    ),
    counter(
      'rouse_deliveries_refused_total',
      'Requests that are no delivery of the sender’s, by why.',
      refusals.map(({ source, reason, count }) => ({
        labels: { source: names.source(source), reason: code(reason) },
        value: count,
      })),
    ),
    counter(
      'rouse_events_recorded_total',
      'Events, by how they came.',
      sources.map(({ source, events }) => ({
        labels: { source: names.source(source), via: names.via(source) },
        value: events.recorded,
      })),
    ),
    counter(
      'rouse_events_total',
      'Events, by what was decided: dispatched woke an agent, ignored none; echo are those of our own writes among them.',
      sources.flatMap(({ source, events: { recorded: _, ...decided } }) =>
        spread({ source: names.source(source) }, 'outcome', decided),
      ),
    ),
    gauge('rouse_source_last_event_timestamp_seconds', 'When the newest event came.', seen),
    gauge(
      'rouse_source_lag_seconds',
      'How long after they happened the newest events were recorded: the median.',
      lags.map(({ source, medianMs }) => ({
        labels: { source: names.source(source) },
        value: Math.max(0, medianMs) / 1000,
      })),
    ),
  ]
}

function runFamilies({ totals, counts, stuck, backlog }: Reading, names: Names): Family[] {
  const { queued, running, parked, failed, dead } = counts.runs
  return [
    counter(
      'rouse_runs_total',
      'Runs that began, and that ended, by how.',
      totals.agents.flatMap(({ agent, begun, completed, dead, cancelled }) =>
        spread({ agent: names.agent(agent) }, 'state', { begun, completed, dead, cancelled }),
      ),
    ),
    gauge(
      'rouse_runs',
      'Runs by state, now.',
      spread({}, 'state', { queued, running, parked, failed, dead }),
    ),
    gauge(
      'rouse_runs_parked',
      'Runs that wait, by what for. Of very many not all are counted.',
      stuck.parked.map(({ on, count }) => ({ labels: { on }, value: count })),
    ),
    gauge('rouse_runs_ready', 'Runs that nothing but a free worker is missing for.', [
      { value: backlog.runs.count },
    ]),
    gauge('rouse_events_undispatched', 'Events that no decision has been made on.', [
      { value: stuck.undispatched.count },
    ]),
    gauge('rouse_approvals_waiting', 'Calls that wait for a person’s word.', [
      { value: counts.approvalsWaiting },
    ]),
    gauge('rouse_writes_held', 'Writes that may have happened, for a person to look at.', [
      { value: counts.held },
    ]),
  ]
}

function modelFamilies({ models }: Totals, names: Names): Family[] {
  const labels = ({ agent, model }: Totals['models'][number]) => ({
    agent: names.agent(agent),
    model: names.model(model),
  })
  return [
    counter(
      'rouse_model_turns_total',
      'Answers of models.',
      models.map((use) => ({ labels: labels(use), value: use.turns })),
    ),
    counter(
      'rouse_model_unpriced_turns_total',
      'Answers whose price is not known: they are not in the cost.',
      models.map((use) => ({ labels: labels(use), value: use.unpricedTurns })),
    ),
    counter(
      'rouse_model_tokens_total',
      'Tokens, by direction.',
      models.flatMap((use) =>
        spread(labels(use), 'direction', { input: use.inputTokens, output: use.outputTokens }),
      ),
    ),
    counter(
      'rouse_model_cost_usd_total',
      'What answers cost, in US dollars.',
      models.map((use) => ({ labels: labels(use), value: use.costUsd })),
    ),
  ]
}

function toolFamilies({ toolCalls }: Totals, names: Names): Family[] {
  return [
    counter(
      'rouse_tool_calls_total',
      'How often tool calls came into a state: decided (denied, waiting, simulated …), and what became of them.',
      toolCalls.map(({ tool, state, code: found, calls }) => ({
        labels: { tool: names.tool(tool), state, code: found === undefined ? '' : code(found) },
        value: calls,
      })),
    ),
  ]
}

function ledgerFamilies({ stuck, backlog, diagnosis, alerts }: Reading, now: number): Family[] {
  const age = (at: number | undefined) => (at === undefined ? 0 : Math.max(0, now - at) / 1000)
  const standing = new Map<string, number>()
  for (const { cause, resolvedAt } of alerts) {
    const [kind = ''] = cause.split(' ')
    if (resolvedAt === undefined) standing.set(kind, (standing.get(kind) ?? 0) + 1)
  }
  return [
    gauge('rouse_oldest_seconds', 'How long the oldest waits, by what it is.', [
      { labels: { what: 'event' }, value: age(backlog.events.oldestAt) },
      { labels: { what: 'run' }, value: age(backlog.runs.oldestAt) },
      { labels: { what: 'approval' }, value: age(stuck.approvals.oldestAt) },
      { labels: { what: 'held write' }, value: age(stuck.held.oldestAt) },
    ]),
    gauge('rouse_alerts', 'Alerts that stand, by the kind of their cause; 0 in all where there is none.', [
      { labels: { kind: 'any' }, value: [...standing.values()].reduce((sum, count) => sum + count, 0) },
      ...[...standing].map(([kind, value]) => ({ labels: { kind }, value })),
    ]),
    gauge('rouse_ledger_bytes', 'The ledger’s file and its log.', [{ value: diagnosis.sizeBytes }]),
    gauge('rouse_ledger_reusable_bytes', 'Of these, what is free to be written again.', [
      { value: diagnosis.reusableBytes },
    ]),
    gauge(
      'rouse_disk_free_bytes',
      'Room on the disk of the ledger.',
      diagnosis.freeBytes === undefined ? [] : [{ value: diagnosis.freeBytes }],
    ),
  ]
}

/** Names of the configuration in force. What is no longer declared, or was made up by a model, is `other`. */
class Names {
  constructor(private readonly config: ReturnType<MetricsOptions['config']>) {}

  source(name: string): string {
    return this.config.sources.has(name) ? name : 'other'
  }

  agent(name: string): string {
    return this.config.agents.has(name) ? name : 'other'
  }

  tool(name: string): string {
    return this.config.tools.has(name) ? name : 'other'
  }

  via(source: string): string {
    const kind = this.config.sources.get(source)?.kind
    if (kind === undefined) return 'other'
    return kind === 'poll' || kind === 'schedule' ? kind : 'webhook'
  }

  /** Endpoints answer with longer names: `gpt-5-mini-2025-08-07`. */
  model(answered: string): string {
    const models = [...this.config.models.values()].map(({ model }) => model)
    const exact = models.find((model) => model === answered)
    return exact ?? models.find((model) => answered.startsWith(model)) ?? 'other'
  }
}

function code(text: string): string {
  return Object.hasOwn(errorCodes, text) ? text : 'other'
}

/** A sample for each key. */
function spread(labels: Labels, name: string, values: Readonly<Record<string, number>>): Sample[] {
  return Object.entries(values).map(([key, value]) => ({ labels: { ...labels, [name]: key }, value }))
}

function counter(name: string, help: string, samples: readonly Sample[]): Family {
  return { name, type: 'counter', help, samples: summed(samples) }
}

function gauge(name: string, help: string, samples: readonly Sample[]): Family {
  return { name, type: 'gauge', help, samples: summed(samples) }
}

/** No series comes twice: several names may have become `other`. */
function summed(samples: readonly Sample[]): Sample[] {
  const sums = new Map<string, Sample>()
  for (const sample of samples) {
    const key = JSON.stringify(sample.labels ?? {})
    const value = (sums.get(key)?.value ?? 0) + sample.value
    sums.set(key, { ...sample, value })
  }
  return [...sums.values()]
}
