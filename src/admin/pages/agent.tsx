import { StoreError } from '../../domain/errors.js'
import type { Run } from '../../domain/run.js'
import { Bars, Legend, Line, Shares } from '../ui/charts.js'
import { Live } from '../ui/live.js'
import { Block, Card, formatMs, Pill, RunState, sayUsd, Text, Tile, When } from '../ui/parts.js'
import { Reached, Tools, Wakes } from './agent-rules.js'
import { Shadowed, type ShadowView, viewShadow } from './agent-shadow.js'
import { modes, sayAgent } from './agent-words.js'
import { type AgentView, endedOf, sayShare, successOf, viewAgents } from './agents-view.js'
import { count } from './amounts.js'
import { sayDay } from './limits-today.js'
import type { Html, Page, PageOptions } from './page.js'
import { outcomeLegend, RunBars } from './run-bars.js'
import { dayAt } from './source-charts.js'
import { usualDays } from './source-health.js'
import { costOf, SpentToday } from './spent-today.js'

const lastRuns = 10

/** One agent: how it does, then what it may do, as the configuration in force has it. */
export const agentPage: Page = {
  method: 'GET',
  path: /^\/agents\/([A-Za-z][A-Za-z0-9_-]{0,63})$/,
  role: 'read',
  place: 'agents',
  async show({ captured: [name = ''], isPart }, options) {
    const { agents, now } = await viewAgents(options, name)
    const view = agents[0]
    if (!view) throw new StoreError('store.not_found', `no agent is declared under the name ${name}`)
    const runs = await options.store.listRuns({ agent: name, limit: lastRuns })
    const numbers = <Numbers of={view} runs={runs} now={now} />
    if (isPart) return { kind: 'part', html: numbers }
    const shadow = await viewShadow(options.store, name, now)
    return { kind: 'page', title: name, html: drawn({ view, numbers, shadow, now }, options) }
  },
}

interface Shown {
  readonly view: AgentView
  readonly numbers: Html
  readonly shadow: ShadowView
  readonly now: number
}

function drawn({ view, numbers, shadow, now }: Shown, { config }: PageOptions): Html {
  const { agent } = view.today
  const inForce = config()
  const effects = new Map([...inForce.tools].map(([name, { effect }]) => [name, effect]))
  return (
    <div class="stack page">
      <div class="stack tight">
        <p class="trail">
          <a href="/agents">Agents</a> / <Text of={agent.name} />
        </p>
        <div class="row">
          <h1>
            <Text of={agent.name} />
          </h1>
          <Pill tone={modes[agent.mode].tone}>{agent.mode}</Pill>
          {agent.mode !== 'live' && <span class="soft">{modes[agent.mode].says}</span>}
        </div>
        <p class="lead">
          <Text of={sayAgent(agent, effects)} />
        </p>
      </div>
      <Live part={`/agents/${encodeURIComponent(agent.name)}`} on={['run']}>
        {numbers}
      </Live>
      <Shadowed of={shadow} mode={agent.mode} now={now} />
      <Tools agent={agent} config={inForce} />
      <div class="grid">
        <div class="half">
          <Wakes agent={agent} config={inForce} />
        </div>
        <div class="half">
          <Reached agent={agent} config={inForce} />
        </div>
      </div>
      <Card title="Instructions">
        <details>
          <summary>{count(agent.instructions.length, 'character')}, as they were loaded</summary>
          <Block of={agent.instructions} label="Instructions" />
        </details>
      </Card>
    </div>
  )
}

function Numbers({
  of,
  runs,
  now,
}: {
  readonly of: AgentView
  readonly runs: readonly Run[]
  readonly now: number
}) {
  const { today, sums, latency } = of
  const perDay = today.agent.limits.runsPerDay
  const success = successOf(sums)
  return (
    <>
      <div class="tiles">
        <Tile
          value={
            <>
              {(today.spent?.begun ?? 0).toLocaleString('en')}
              {perDay !== undefined && <span class="faint small"> of {perDay.toLocaleString('en')}</span>}
            </>
          }
          name="runs today"
        />
        <Tile
          value={sayShare(success)}
          name={`success, of ${count(endedOf(sums), 'run')} that ended in ${usualDays} days`}
          {...(success !== undefined && success < 0.8 ? { tone: 'bad' as const } : {})}
        />
        <Tile
          value={latency === undefined ? 'none yet' : formatMs(latency.medianMs)}
          name={
            latency === undefined ? 'time at work' : `usual time; 19 of 20 under ${formatMs(latency.p95Ms)}`
          }
        />
        <Tile value={sayUsd(costOf(today))} name="for the model today" />
        <Tile value={sayUsd(sums.costUsd)} name={sayCostNote(of)} />
      </div>
      <div class="grid">
        <div class="third">
          <Card title="Runs by outcome">
            <RunBars of={of} now={now} />
            <Outcomes of={of} />
          </Card>
        </div>
        <div class="third">
          <Card title="Money by day">
            <CostBars of={of} now={now} />
            <span class="small soft">
              {sums.begun === 0
                ? 'No run began in these days.'
                : `${sayUsd(sums.costUsd / sums.begun)} a run, ${Math.round(sums.tokens / sums.begun).toLocaleString('en')} tokens`}
            </span>
          </Card>
        </div>
        <div class="third">
          <Card title="The model’s time for a turn">
            <TurnTimes of={of} now={now} />
            <span class="small soft">{count(sums.turns, 'turn')}; the mean of each day.</span>
          </Card>
        </div>
      </div>
      <div class="grid">
        <div class="twothird">
          <LastRuns of={runs} agent={today.agent.name} now={now} />
        </div>
        <div class="third">
          <Card title="Limits of today" aside={<span class="small faint">{sayDay(now)}</span>}>
            <SpentToday of={today} />
          </Card>
        </div>
      </div>
    </>
  )
}

function sayCostNote({ sums: { unpricedTurns } }: AgentView): string {
  const rest = unpricedTurns === 0 ? '' : `; ${count(unpricedTurns, 'turn')} without a price`
  return `in ${usualDays} days${rest}`
}

function Outcomes({ of: { sums } }: { readonly of: AgentView }) {
  const parts = outcomeLegend.map(([fill, name]) => ({ fill, name, value: sums[name] }))
  const said = parts.filter(({ value }) => value > 0)
  if (said.length === 0) return <span class="small soft">No run came to an end in these days.</span>
  const all = said.reduce((sum, { value }) => sum + value, 0)
  return (
    <div class="stack tight">
      <Shares
        of={parts.map(({ fill, name, value }) => ({ fill, value, title: `${value} ${name}` }))}
        label={said.map(({ name, value }) => `${value} ${name}`).join(', ')}
      />
      <Legend
        of={said.map(
          ({ fill, name, value }) =>
            [fill, `${value.toLocaleString('en')} ${name}, ${sayShare(value / all)}`] as const,
        )}
      />
    </div>
  )
}

function CostBars({ of: { days, today }, now }: { readonly of: AgentView; readonly now: number }) {
  const bars = days.map((day, index) => ({
    title: `${dayAt(now, days.length - 1 - index)}: ${sayUsd(day?.costUsd ?? 0)}`,
    parts: [{ value: day?.costUsd ?? 0, fill: 'accent' as const }],
  }))
  return (
    <Bars
      of={bars}
      label={`Money for the model of ${today.agent.name}, by day`}
      from={dayAt(now, days.length - 1)}
      to="today, UTC"
      say={sayUsd}
    />
  )
}

function TurnTimes({ of: { days, today }, now }: { readonly of: AgentView; readonly now: number }) {
  return (
    <Line
      of={days.map((day) => (day && day.turns > 0 ? day.durationMs / day.turns : undefined))}
      label={`Mean time of the model for a turn of ${today.agent.name}, by day`}
      from={dayAt(now, days.length - 1)}
      to="today, UTC"
      say={formatMs}
    />
  )
}

function LastRuns({
  of,
  agent,
  now,
}: {
  readonly of: readonly Run[]
  readonly agent: string
  readonly now: number
}) {
  const href = `/runs?agent=${encodeURIComponent(agent)}`
  if (of.length === 0) {
    return (
      <Card title="Last runs">
        <p class="soft">
          It has not run yet. <code>rouse trigger</code> sends a signed sample that may wake it.
        </p>
      </Card>
    )
  }
  return (
    <Card
      flush
      title="Last runs"
      aside={
        <a class="small" href={href}>
          All of its runs
        </a>
      }
    >
      <table class="stacks">
        <thead>
          <tr>
            <th>About</th>
            <th>State</th>
            <th class="num">Used</th>
            <th class="num">Woken</th>
          </tr>
        </thead>
        <tbody>
          {of.map((run) => (
            <tr id={run.id}>
              <td>
                <a href={`/runs/${run.id}`} class="break">
                  <Text of={run.subject} />
                </a>
                {run.error && (
                  <div class="small fault break">
                    <Text of={run.error.code} />
                  </div>
                )}
              </td>
              <td>
                <RunState run={run} />
              </td>
              <td class="num small soft">
                {count(run.usage.turns, 'turn')}, {sayUsd(run.usage.turns === 0 ? 0 : run.usage.costUsd)}
              </td>
              <td class="num small soft">
                <When at={run.createdAt} now={now} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Card>
  )
}
