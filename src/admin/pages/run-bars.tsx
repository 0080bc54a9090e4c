import { Bars } from '../ui/charts.js'
import type { AgentView } from './agents-view.js'
import { dayAt } from './source-charts.js'

export const outcomeLegend = [
  ['good', 'completed'],
  ['bad', 'dead'],
  ['none', 'cancelled'],
] as const

/** Runs by the day on which they ended, and by how. */
export function RunBars({
  of: { days, today },
  now,
  isLow = false,
}: {
  readonly of: AgentView
  readonly now: number
  readonly isLow?: boolean
}) {
  const bars = days.map((day, index) => {
    const { completed, dead, cancelled, begun } = day ?? { completed: 0, dead: 0, cancelled: 0, begun: 0 }
    return {
      title: `${dayAt(now, days.length - 1 - index)}: ${begun} begun, ${completed} completed, ${dead} dead, ${cancelled} cancelled`,
      parts: [
        { value: completed, fill: 'good' as const },
        { value: dead, fill: 'bad' as const },
        { value: cancelled, fill: 'none' as const },
      ],
    }
  })
  const ended = days.map((day) => (day ? day.completed + day.dead + day.cancelled : 0))
  return (
    <Bars
      of={bars}
      label={`Runs of ${today.agent.name} that ended, by day: ${ended.join(', ')}`}
      {...(isLow ? {} : { from: dayAt(now, days.length - 1), to: 'today, UTC' })}
      isLow={isLow}
    />
  )
}
