import { Meter } from '../ui/charts.js'
import { sayUsd, Text } from '../ui/parts.js'
import { count } from './amounts.js'
import type { AgentToday, DayBudget } from './limits-today.js'

/** What one agent used of what it may today. */
export function SpentToday({ of }: { readonly of: AgentToday }) {
  const { agent, spent, mostUsd, budgets } = of
  const perDay = agent.limits.runsPerDay
  return (
    <div class="stack tight">
      <Used
        name="runs begun"
        used={spent?.begun ?? 0}
        of={perDay}
        say={(amount) => amount.toLocaleString('en')}
      />
      <Used
        name="for the model"
        used={costOf(of)}
        of={mostUsd}
        say={sayUsd}
        note={
          (spent?.unpricedTurns ?? 0) > 0
            ? `and ${count(spent?.unpricedTurns ?? 0, 'turn')} of a model whose price is not known`
            : undefined
        }
      />
      {budgets.map((budget) => (
        <Budget of={budget} />
      ))}
    </div>
  )
}

/** Of the turns whose price is known. */
export function costOf({ spent }: AgentToday): number {
  return spent?.costUsd ?? 0
}

export function Budget({ of: { tool, arg, used, limit } }: { readonly of: DayBudget }) {
  const name = arg === undefined ? `${tool} calls` : `${tool}: ${arg}, added up`
  return <Used name={name} used={used} of={limit} say={(amount) => amount.toLocaleString('en')} />
}

function Used({
  name,
  used,
  of,
  say,
  note,
}: {
  readonly name: string
  readonly used: number
  readonly of: number | undefined
  readonly say: (amount: number) => string
  readonly note?: string | undefined
}) {
  return (
    <div class="stack tight">
      <div class="row small">
        <span class="soft break">
          <Text of={name} />
        </span>
        <span class="push nowrap">
          <b>{say(used)}</b>{' '}
          <span class="faint">{of === undefined ? 'without a limit' : `of ${say(of)}`}</span>
        </span>
      </div>
      {of !== undefined && <Meter used={used} of={of} label={`${name}: ${say(used)} of ${say(of)}`} />}
      {note !== undefined && <span class="small faint">{note}</span>}
    </div>
  )
}
