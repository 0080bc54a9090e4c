import type { Agent } from '../../domain/agent.js'
import { lookAfter, type Simulated, sumUp } from '../../runs/simulated.js'
import { type LaterEvent, sayLater } from '../../runs/since-then.js'
import type { Store } from '../../store/store.js'
import { Card, Pill, Text, When } from '../ui/parts.js'
import { count } from './amounts.js'
import { dayMs, usualDays } from './source-health.js'

/** Writes that were recorded and not sent, each beside what then happened to its subject. */
export interface ShadowView {
  readonly found: readonly Simulated[]
  /** There are more than were looked at. */
  readonly isCut: boolean
}

const mostLookedAt = 20
const mostShown = 5
const mostLater = 4

export async function viewShadow(store: Store, agent: string, now: number): Promise<ShadowView> {
  // Looking for what is not there takes longer than asking whether there is any.
  const { toolCalls } = await store.totals()
  if (!toolCalls.some(({ state }) => state === 'simulated')) return { found: [], isCut: false }
  const calls = await store.listSimulated({ agent, since: now - usualDays * dayMs, limit: mostLookedAt + 1 })
  const found: Simulated[] = []
  for (const call of calls.slice(0, mostLookedAt)) found.push(await lookAfter(store, call))
  return { found, isCut: calls.length > mostLookedAt }
}

export function Shadowed({
  of: { found, isCut },
  mode,
  now,
}: {
  readonly of: ShadowView
  readonly mode: Agent['mode']
  readonly now: number
}) {
  if (found.length === 0) {
    if (mode !== 'shadow') return null
    return (
      <Card title="In shadow">
        <p class="soft">
          No write was simulated in the last {usualDays} days. What it would do appears here.
        </p>
      </Card>
    )
  }
  return (
    <Card
      flush
      title="In shadow: what it would have done, and what then happened"
      aside={<span class="small faint">{isCut ? `the newest ${mostLookedAt}` : `${usualDays} days`}</span>}
    >
      <table class="stacks">
        <thead>
          <tr>
            <th>Would have made</th>
            <th class="num">Writes</th>
            <th class="num">With a later event</th>
            <th class="num">That looks the same</th>
          </tr>
        </thead>
        <tbody>
          {sumUp(found).map(({ tool, proposed, withLater, alike }) => (
            <tr>
              <td class="mono break wide">
                <Text of={tool} />
              </td>
              <td class="num" data-label="writes">
                {proposed}
              </td>
              <td class="num" data-label="with a later event">
                {withLater}
              </td>
              <td class="num" data-label="that looks the same">
                {alike}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <table class="stacks">
        <thead>
          <tr>
            <th>Would have sent</th>
            <th>Then</th>
            <th class="num">When</th>
          </tr>
        </thead>
        <tbody>
          {found.slice(0, mostShown).map((one) => (
            <Row of={one} now={now} />
          ))}
        </tbody>
      </table>
      <p class="more small faint">
        What looks the same does so by the words in its type: it may be another deed. No later event may mean
        that nobody did anything, or that the sender does not tell. <code>rouse shadow</code> lists all.
      </p>
    </Card>
  )
}

function Row({ of: { call, run, event, later }, now }: { readonly of: Simulated; readonly now: number }) {
  const at = call.settledAt ?? call.proposedAt
  return (
    <tr id={call.id}>
      <td class="wide">
        <a href={`/runs/${call.runId}/calls/${call.id}`} class="mono break">
          <Text of={call.tool} />
        </a>{' '}
        <Pill tone="none">not sent</Pill>
        <div class="small break">
          <Text of={cut(call.editedArguments ?? call.argumentsText)} />
        </div>
        <div class="small faint break">
          for <Text of={event?.subject ?? run?.subject ?? 'an event that is no longer in the ledger'} />
        </div>
      </td>
      <td class="wide small">
        <Then of={later} at={at} />
      </td>
      <td class="num small soft">
        <When at={at} now={now} />
      </td>
    </tr>
  )
}

const mostCharacters = 300

function cut(text: string): string {
  return text.length > mostCharacters ? `${text.slice(0, mostCharacters)}…` : text
}

function Then({ of, at }: { readonly of: readonly LaterEvent[] | undefined; readonly at: number }) {
  if (of === undefined) {
    return <span class="faint">not known: the event has no subject that later ones could share</span>
  }
  if (of.length === 0) return <span class="faint">no later event of the subject has come</span>
  return (
    <>
      {of.slice(0, mostLater).map((one) => (
        <div class="break">
          <a href={`/events/${one.event.id}`}>
            <Text of={sayLater(one, at)} />
          </a>
        </div>
      ))}
      {of.length > mostLater && <div class="faint">and {count(of.length - mostLater, 'more event')}</div>}
    </>
  )
}
