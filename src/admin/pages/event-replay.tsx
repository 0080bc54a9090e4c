import { StoreError } from '../../domain/errors.js'
import { wakes } from '../../domain/event.js'
import { type EarlierWrite, type LeftOut, makeReplay, type Planned, planOf } from '../../runs/replay-plan.js'
import { leftOutReasons, sayEarlierWrite } from '../../runs/replay-words.js'
import { plain } from '../../util/plain.js'
import { CallState, Card, Id, RunState, Text } from '../ui/parts.js'
import { sentence } from './amounts.js'
import { type EventView, viewOf } from './event-view.js'
import type { Page, PageOptions } from './page.js'

const path = /^\/events\/(evt_[0-9a-f]{32})\/replay$/

/** What a replay would be, before anything is done. */
const plan: Page = {
  method: 'GET',
  path,
  role: 'approve',
  place: 'events',
  async show({ captured: [id = ''], query, caller }, options) {
    const view = await viewOf(id, caller, options)
    const agent = query.get('agent') ?? ''
    requireKnown(view, agent, options)
    const { planned, leftOut } = await planFor(view, agent, options)
    const html = (
      <div class="stack page">
        <p class="trail">
          <a href="/events">Events</a> / <Id id={id} href={`/events/${id}`} /> / replay
        </p>
        <h1>
          Replay for <Text of={agent} />?
        </h1>
        {planned.map((one) => (
          <PlanCard of={one} />
        ))}
        {leftOut.map((one) => (
          <NotPlanned of={one} />
        ))}
      </div>
    )
    return { kind: 'page', title: `Replay for ${plain(agent)}`, html }
  },
}

const replay: Page = {
  method: 'POST',
  path,
  role: 'approve',
  place: 'events',
  async show({ captured: [id = ''], form, caller }, options) {
    const { store, clock, onDecided } = options
    const view = await viewOf(id, caller, options)
    const agent = form.get('agent') ?? ''
    requireKnown(view, agent, options)
    const { planned, leftOut } = await planFor(view, agent, options)
    const [one] = planned
    if (!one) {
      const why = leftOut.map(({ reason }) => leftOutReasons[reason]).join('; ')
      throw new StoreError('store.conflict', `nothing was replayed: ${why}`)
    }
    // What the person saw is what is done: another run may have come meanwhile.
    const isSeen = (form.get('last') ?? '') === (one.last?.id ?? '')
    const run = isSeen ? await makeReplay(store, one, clock.now()) : undefined
    if (!run)
      throw new StoreError(
        'store.conflict',
        'things have changed since the plan was made; see the plan again',
      )
    onDecided()
    return { kind: 'redirect', to: `/runs/${run.id}` }
  },
}

export const eventDeeds: readonly Page[] = [plan, replay]

function planFor({ event }: EventView, agent: string, { store }: PageOptions) {
  return planOf(store, event, {
    agent,
    isFailedOnly: false,
    wouldWake: undefined,
    isNamed: true,
    isBulk: false,
    replayedBefore: undefined,
    isEvenIfHeld: false,
  })
}

/** An agent that ran, was decided on then, or is declared now. */
export function agentsFor({ event, runs }: EventView, { config }: Pick<PageOptions, 'config'>): string[] {
  const ran = runs.map(({ agent }) => agent)
  const woken = event.decisions.filter(wakes).map(({ agent }) => agent)
  const others = event.decisions.map(({ agent }) => agent)
  const declared = config().agents
  return [...new Set([...ran, ...woken, ...others, ...declared.keys()])].filter((name) => declared.has(name))
}

function requireKnown(view: EventView, agent: string, options: PageOptions): void {
  if (agentsFor(view, options).includes(agent)) return
  throw new StoreError('store.not_found', `there is no agent "${agent}" in config.yaml`)
}

/** Chooses the agent; what it would do stands on the next page. */
export function ReplayOf({ view, options }: { readonly view: EventView; readonly options: PageOptions }) {
  const agents = agentsFor(view, options)
  if (view.caller.role !== 'approve' || agents.length === 0) return null
  return (
    <Card title="Replay">
      <form method="get" action={`/events/${view.event.id}/replay`} class="filters">
        <label>
          For the agent
          <select id="replay-agent" name="agent">
            {agents.map((name) => (
              <option value={name}>{plain(name)}</option>
            ))}
          </select>
        </label>
        <button type="submit">See the plan</button>
      </form>
      <p class="small soft">A new run of this event, on purpose. Nothing is done before you say so.</p>
    </Card>
  )
}

function PlanCard({ of: { event, agent, last, writes } }: { readonly of: Planned }) {
  const again = writes.filter(({ state }) => state === 'confirmed')
  return (
    <Card tone={again.length > 0 ? 'wait' : 'none'} title="What would be done">
      <p>
        {again.length === 0
          ? 'A new run of the event. No earlier run of this agent has a confirmed write.'
          : 'A new run of the event. What an earlier run has done already may be done again:'}
      </p>
      {last && (
        <div class="row">
          <span class="soft">The last run:</span>
          <Id id={last.id} href={`/runs/${last.id}`} />
          <RunState run={last} />
        </div>
      )}
      <Writes of={writes} />
      <p class="soft lead">
        Its writes get new idempotency keys and markers, so no API knows them again. Limits per subject and
        per day still count.
      </p>
      <form method="post" action={`/events/${event.id}/replay`} class="row">
        <input type="hidden" name="agent" value={agent} />
        <input type="hidden" name="last" value={last?.id ?? ''} />
        <button class="primary" type="submit">
          Make the new run
        </button>
        <a href={`/events/${event.id}`}>Do nothing</a>
      </form>
    </Card>
  )
}

function Writes({ of }: { readonly of: readonly EarlierWrite[] }) {
  if (of.length === 0) return <p class="soft">No write was asked for.</p>
  return (
    <ul>
      {of.slice(-mostWrites).map(({ id, runId, tool, state }) => (
        <li>
          <a class="mono" href={`/runs/${runId}#${id}`}>
            <Text of={tool} />
          </a>{' '}
          <CallState state={state} /> <span class="small soft">{sayEarlierWrite(state)}</span>
        </li>
      ))}
    </ul>
  )
}

const mostWrites = 50

function NotPlanned({ of: { reason, last, writes } }: { readonly of: LeftOut }) {
  return (
    <Card tone="wait" title="It cannot be replayed now">
      <p>{sentence(leftOutReasons[reason])}</p>
      {last && (
        <div class="row">
          <Id id={last.id} href={`/runs/${last.id}`} />
          <RunState run={last} />
        </div>
      )}
      {writes.length > 0 && <Writes of={writes} />}
    </Card>
  )
}
