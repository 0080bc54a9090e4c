import { Live } from '../ui/live.js'
import { Block, Card, Empty, formatMs, Pill, sayUsd, Text } from '../ui/parts.js'
import { agentPage } from './agent.js'
import { modes, sayTrigger } from './agent-words.js'
import { type AgentsView, type AgentView, endedOf, sayShare, successOf, viewAgents } from './agents-view.js'
import { listed } from './amounts.js'
import type { Html, Page } from './page.js'
import { RunBars } from './run-bars.js'
import { usualDays } from './source-health.js'

/** All agents: what each does, how well, and what it costs. */
const agents: Page = {
  method: 'GET',
  path: /^\/agents$/,
  role: 'read',
  place: 'agents',
  async show({ isPart }, options) {
    const html = drawn(await viewAgents(options))
    if (isPart) return { kind: 'part', html }
    return {
      kind: 'page',
      title: 'Agents',
      html: (
        <Live part="/agents" on={['run']}>
          {html}
        </Live>
      ),
    }
  },
}

export const agentsPages: readonly Page[] = [agents, agentPage]

const example = `agents:
  ci-doctor:
    on: { source: ci, type: workflow_run.completed }
    instructions: agents/ci-doctor.md
    tools: [read_commit]`

function drawn(view: AgentsView): Html {
  if (view.agents.length === 0) {
    return (
      <div class="stack">
        <h1>Agents</h1>
        <Empty title="No agent is declared">
          <p>
            An agent says which events wake it, what it is to do and which tools it may use. In config.yaml:
          </p>
          <Block of={example} label="An example" />
          <p>
            <code>rouse check</code> says what it could do at worst.
          </p>
        </Empty>
      </div>
    )
  }
  return (
    <div class="stack">
      <div>
        <h1>Agents</h1>
        <p class="soft">
          As the configuration in force has them, and what they did in the last {usualDays} days.
        </p>
      </div>
      <Card flush>
        <table class="stacks">
          <thead>
            <tr>
              <th>Agent</th>
              <th class="w-wide">Runs a day</th>
              <th class="num">Success</th>
              <th class="num">Usual time</th>
              <th class="num">Cost</th>
              <th class="num">Today</th>
            </tr>
          </thead>
          <tbody>
            {view.agents.map((one) => (
              <Row of={one} now={view.now} />
            ))}
          </tbody>
        </table>
      </Card>
      {view.former.length > 0 && (
        <p class="small soft break">
          No longer declared, but at work in these days: <Text of={listed(view.former)} />.
        </p>
      )}
    </div>
  )
}

function Row({ of, now }: { readonly of: AgentView; readonly now: number }) {
  const { today, sums, latency } = of
  const { agent, spent } = today
  const perDay = agent.limits.runsPerDay
  return (
    <tr id={agent.name}>
      <td class="wide">
        <a href={`/agents/${encodeURIComponent(agent.name)}`}>
          <b class="break">
            <Text of={agent.name} />
          </b>
        </a>{' '}
        {agent.mode !== 'live' && <Pill tone={modes[agent.mode].tone}>{agent.mode}</Pill>}
        <div class="small soft break">
          <Text of={listed(agent.on.map(sayTrigger))} />
        </div>
      </td>
      <td class="wide">
        <RunBars of={of} now={now} isLow />
      </td>
      <td class="num" data-label="success">
        {sayShare(successOf(sums))}
        {endedOf(sums) > 0 && (
          <div class="small faint">of {endedOf(sums).toLocaleString('en')} that ended</div>
        )}
      </td>
      <td class="num" data-label="usual time">
        {latency === undefined ? '' : formatMs(latency.medianMs)}
      </td>
      <td class="num" data-label="cost">
        {sayUsd(sums.costUsd)}
        {sums.unpricedTurns > 0 && <div class="small faint">and what has no price</div>}
      </td>
      <td class="num" data-label="today">
        {(spent?.begun ?? 0).toLocaleString('en')}
        <span class="faint">{perDay === undefined ? ' runs' : ` of ${perDay.toLocaleString('en')}`}</span>
      </td>
    </tr>
  )
}
