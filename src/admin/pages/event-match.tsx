import type { Child } from 'hono/jsx'
import type { Config } from '../../config/config.js'
import { type MatchDecision, wakes } from '../../domain/event.js'
import { eventValues } from '../../ingest/match.js'
import type { StoredEvent } from '../../store/records.js'
import { memberPaths } from '../../util/cel.js'
import { globMatches } from '../../util/glob.js'
import { type JsonValue, stringifyJson } from '../../util/json.js'
import { Card, Empty, Pill, Text, type Tone } from '../ui/parts.js'
import { count } from './amounts.js'

const ifFault = (
  <>
    Its <code>if</code> could not be decided, which is no match.
  </>
)
const ifFalse = (
  <>
    Its <code>if</code> is false.
  </>
)
const said: Readonly<Record<MatchDecision['reason'], readonly [tone: Tone, word: string, why: Child]>> = {
  matched: ['good', 'woken', ''],
  off: ['wait', 'waits', 'Its mode is off; its run waits until it is on again.'],
  if_error: ['bad', 'not woken', ifFault],
  if_false: ['none', 'not woken', ifFalse],
  echo: ['none', 'not woken', 'One of our own writes caused the event, and it does not listen to such.'],
  type: ['none', 'not woken', 'It listens to other types of this source.'],
  source: ['none', 'not woken', 'It listens to other sources.'],
}
const order: readonly MatchDecision['reason'][] = [
  'matched',
  'off',
  'if_error',
  'if_false',
  'echo',
  'type',
  'source',
]

/** Which agents it woke, and why not the others, with the values that decided. */
export function Decisions({ of: event, config }: { readonly of: StoredEvent; readonly config: Config }) {
  const decisions = [...event.decisions].sort(
    (left, right) => order.indexOf(left.reason) - order.indexOf(right.reason),
  )
  const near = decisions.filter(({ reason }) => reason !== 'source')
  const far = decisions.filter(({ reason }) => reason === 'source')
  return (
    <Card title="Who was woken, and why the others were not">
      {decisions.length === 0 && (
        <Empty title={event.state === 'recorded' ? 'Not decided yet' : 'No agent was declared'}>
          <span>For each agent of config.yaml stands here whether the event woke it, and why not.</span>
        </Empty>
      )}
      {near.map((decision) => (
        <Decided of={decision} event={event} config={config} />
      ))}
      {far.length > 0 && (
        <details>
          <summary>{count(far.length, 'agent listens', 'agents listen')} to other sources</summary>
          <p class="soft break">
            <Text of={far.map(({ agent }) => agent).join(', ')} />
          </p>
        </details>
      )}
    </Card>
  )
}

function Decided({
  of,
  event,
  config,
}: {
  readonly of: MatchDecision
  readonly event: StoredEvent
  readonly config: Config
}) {
  const [tone, word, why] = said[of.reason]
  const condition = conditionOf(of, event, config)
  const values = condition === undefined ? [] : valuesRead(condition.source, event)
  return (
    <div class="stack tight">
      <div class="row">
        <a class="mono" href={`/agents/${encodeURIComponent(of.agent)}`}>
          <Text of={of.agent} />
        </a>
        <Pill tone={tone}>{word}</Pill>
        {why !== '' && <span class="soft">{why}</span>}
      </div>
      {of.detail !== undefined && of.reason !== 'if_false' && (
        <p class={wakes(of) ? 'soft break' : 'break'}>
          <Text of={of.detail} />
        </p>
      )}
      {condition && (
        <p class="break">
          <code>
            <Text of={condition.source} />
          </code>{' '}
          {condition.isOfNow && <span class="small faint">as config.yaml has it now</span>}
        </p>
      )}
      {values.length > 0 && (
        <dl class="facts">
          {values.map(([path, value]) => (
            <>
              <dt class="mono">
                <Text of={path} />
              </dt>
              <dd class="mono">
                <Text of={value} />
              </dd>
            </>
          ))}
        </dl>
      )}
    </div>
  )
}

interface Condition {
  readonly source: string
  /** Not what was recorded with the decision. */
  readonly isOfNow: boolean
}

/** Nothing is evaluated again: only `if_false` is recorded with its expression. */
function conditionOf(
  { agent, reason, detail }: MatchDecision,
  { source, type }: StoredEvent,
  { agents }: Config,
): Condition | undefined {
  if (reason === 'if_false' && detail !== undefined) return { source: detail, isOfNow: false }
  if (reason === 'source' || reason === 'type') return undefined
  const trigger = agents
    .get(agent)
    ?.on.find((one) => one.source === source && one.types.some((glob) => globMatches(glob, type)))
  return trigger?.condition && { source: trigger.condition.source, isOfNow: true }
}

const mostValues = 12
const mostChars = 300
/** `type` has another name inside expressions. */
const roots = {
  data: 'data',
  ids: 'ids',
  subject: 'subject',
  event_type: 'type',
  source: 'source',
  time: 'time',
}

/** What the expression reads of the event, as it stands in the ledger. */
function valuesRead(expression: string, event: StoredEvent): [string, string][] {
  const values = eventValues(event)
  const found = new Map<string, string>()
  for (const [root, name] of Object.entries(roots)) {
    for (const path of pathsOf(expression, root)) {
      // All of the data would say nothing.
      if (path.length === 0 && (name === 'data' || name === 'ids')) continue
      const value = path.reduce<JsonValue | undefined>(member, values[name])
      found.set([name, ...path].join('.'), value === undefined ? 'is not there' : cut(stringifyJson(value)))
    }
  }
  return [...found].slice(0, mostValues)
}

function pathsOf(expression: string, root: string): string[][] {
  try {
    return memberPaths(expression, root)
  } catch {
    return []
  }
}

function member(value: JsonValue | undefined, key: string): JsonValue | undefined {
  if (value === null || typeof value !== 'object') return undefined
  if (Array.isArray(value)) return value[Number(key)]
  return Object.hasOwn(value, key) ? value[key] : undefined
}

function cut(text: string): string {
  return text.length <= mostChars
    ? text
    : `${text.slice(0, mostChars)}… (${text.length.toLocaleString('en')} characters)`
}
