import type { Limits } from '../../domain/agent.js'
import type { RunUsage } from '../../domain/run.js'
import { Meter } from '../ui/charts.js'
import { sayUsd } from '../ui/parts.js'
import { spanOf } from './amounts.js'

/** What the run has used of what it may. */
export function Meters({
  usage,
  limits,
  isOfNow,
}: {
  readonly usage: RunUsage
  /** Undefined where the agent is no longer declared. */
  readonly limits: Limits | undefined
  readonly isOfNow: boolean
}) {
  const tokens = usage.inputTokens + usage.outputTokens
  const whole = (value: number) => value.toLocaleString('en')
  const isKnown = limits !== undefined
  const cost = usage.turns === 0 ? 0 : usage.costUsd
  return (
    <>
      <div class="stack">
        <Used name="Turns" used={usage.turns} of={limits?.turns} say={whole} isKnown={isKnown} />
        <Used name="Tool calls" used={usage.calls} of={limits?.calls} say={whole} isKnown={isKnown} />
        <Used name="Tokens" used={tokens} of={limits?.tokens} say={whole} isKnown={isKnown} />
        <Used name="Money" used={cost} of={limits?.costUsd} say={sayUsd} isKnown={isKnown} />
        <Used name="Time at work" used={usage.activeMs} of={limits?.timeMs} say={spanOf} isKnown={isKnown} />
      </div>
      {limits === undefined && (
        <p class="small faint">The agent is no longer declared, nor are its limits.</p>
      )}
      {limits !== undefined && !isOfNow && (
        <p class="small faint">The limits are those of now; the run began with another configuration.</p>
      )}
    </>
  )
}

function Used({
  name,
  used,
  of,
  say,
  isKnown,
}: {
  readonly name: string
  readonly used: number | undefined
  readonly of: number | undefined
  readonly say: (value: number) => string
  /** Whether there are limits to speak of. */
  readonly isKnown: boolean
}) {
  const said = used === undefined ? 'unknown' : say(used)
  const bound = !isKnown ? '' : of === undefined ? 'no limit' : `of ${say(of)}`
  return (
    <div class="stack tight">
      <div class="row small">
        <span class="soft">{name}</span>
        <span class="push">
          {said} <span class="faint">{bound}</span>
        </span>
      </div>
      {of !== undefined && used !== undefined && (
        <Meter used={used} of={of} label={`${name}: ${said} ${bound}`} />
      )}
    </div>
  )
}
