import { StoreError } from '../../domain/errors.js'
import type { Run } from '../../domain/run.js'
import {
  isUnclear,
  type LeftOut,
  type LeftOutReason,
  makeReplay,
  type Planned,
  planOf,
} from '../../runs/replay-plan.js'
import { leftOutReasons } from '../../runs/replay-words.js'
import { plain } from '../../util/plain.js'
import { Card, RunState } from '../ui/parts.js'
import { count, listed } from './amounts.js'
import { Short } from './events-table.js'
import type { Page, PageOptions } from './page.js'

/** So many are planned and made at once; the plan says how many are left. */
const mostAtOnce = 50

const path = /^\/parked\/replay$/

/** What replaying the dead runs of one error would do. Nothing is done. */
const plan: Page = {
  method: 'GET',
  path,
  role: 'approve',
  place: 'parked',
  async show({ query }, options) {
    const code = query.get('code') ?? ''
    const { runs, next } = await options.store.findRuns({
      state: 'dead',
      errorCode: code,
      isReplayed: false,
      before: query.get('before') ?? undefined,
      limit: mostAtOnce,
    })
    const planned = await planFor(runs, options)
    const html = <PlanPage code={code} of={planned} next={next} />
    return { kind: 'page', title: `Replay ${plain(code)}`, html }
  },
}

/** Makes the runs that were shown. One whose run is no longer the last of its event is left out: asking twice does nothing twice. */
const replay: Page = {
  method: 'POST',
  path,
  role: 'approve',
  place: 'parked',
  async show({ form }, options) {
    const { store, clock, onDecided } = options
    const ids = form.getAll('run').slice(0, mostAtOnce)
    const runs: Run[] = []
    for (const id of new Set(ids)) {
      const run = /^run_[0-9a-f]{32}$/.test(id) ? await store.run(id) : undefined
      if (run) runs.push(run)
    }
    const { planned } = await planFor(runs, options)
    let made = 0
    for (const one of planned) if (await makeReplay(store, one, clock.now())) made++
    if (made === 0) {
      throw new StoreError(
        'store.conflict',
        'nothing was replayed: these runs were replayed already, or are no longer dead; see the plan again',
      )
    }
    onDecided()
    return { kind: 'redirect', to: '/runs?since=1h' }
  },
}

export const parkedReplays: readonly Page[] = [plan, replay]

interface PlanOfDead {
  /** In the order in which they were made, so that runs of a subject come in that order again. */
  readonly planned: readonly Planned[]
  readonly leftOut: readonly LeftOut[]
  /** Replayed since: another run is their event's last. */
  readonly replayed: number
}

async function planFor(runs: readonly Run[], { store }: PageOptions): Promise<PlanOfDead> {
  const planned: Planned[] = []
  const leftOut: LeftOut[] = []
  let replayed = 0
  for (const run of [...runs].reverse()) {
    const [event] = (await store.findEvents({ id: run.eventId, limit: 1 })).events
    if (!event) continue
    const wish = { agent: run.agent, isFailedOnly: true, wouldWake: undefined, isNamed: true }
    const one = await planOf(store, event, {
      ...wish,
      isBulk: false,
      replayedBefore: undefined,
      isEvenIfHeld: false,
    })
    const own = one.planned.filter(({ last }) => last?.id === run.id)
    const against = one.leftOut.filter(({ last }) => last?.id === run.id)
    planned.push(...own)
    leftOut.push(...against)
    if (own.length === 0 && against.length === 0) replayed++
  }
  return { planned, leftOut, replayed }
}

function PlanPage({
  code,
  of: { planned, leftOut, replayed },
  next,
}: {
  readonly code: string
  readonly of: PlanOfDead
  readonly next: string | undefined
}) {
  const query = next === undefined ? undefined : new URLSearchParams({ code, before: next })
  return (
    <>
      <p class="trail">
        <a href="/parked">Dead and parked</a> / replay
      </p>
      <h1>{planned.length === 0 ? 'Nothing to replay' : `Make ${count(planned.length, 'new run')}?`}</h1>
      <p class="lead">
        Runs that are dead with{' '}
        <code>
          <Short of={code} />
        </code>
        . A replay is a new run of the same event. Its writes get new idempotency keys and markers, so no API
        knows them again: what an earlier run has done already may be done again. Limits per subject and per
        day still count.
      </p>
      {planned.length > 0 && <PlannedCard of={planned} />}
      {(leftOut.length > 0 || replayed > 0) && <LeftOutCard of={leftOut} replayed={replayed} />}
      {query && (
        <p class="soft">
          These are the newest {mostAtOnce}. <a href={`/parked/replay?${query}`}>The plan for older ones</a>
        </p>
      )}
    </>
  )
}

function PlannedCard({ of }: { readonly of: readonly Planned[] }) {
  return (
    <Card tone={of.some(({ writes }) => writes.length > 0) ? 'wait' : 'none'} title={sayTotals(of)}>
      <ul class="plan">
        {of.map(({ event, agent, last, writes }) => (
          <li>
            <a href={`/events/${event.id}`}>
              <Short of={event.type} />
            </a>{' '}
            {event.subject !== undefined && <Short of={event.subject} />} for <Short of={agent} />
            {last && (
              <span class="small soft">
                , after <a href={`/runs/${last.id}`}>its dead run</a>
              </span>
            )}
            {writes.length > 0 && <div class="small">{sayWrites(writes)}</div>}
          </li>
        ))}
      </ul>
      <form method="post" action="/parked/replay" class="row">
        {of.map(({ last }) => last && <input type="hidden" name="run" value={last.id} />)}
        <button class="primary" type="submit">
          Make {count(of.length, 'new run')}
        </button>
        <a href="/parked">Do nothing</a>
      </form>
    </Card>
  )
}

/** `2 of them had confirmed writes that may be made again`. */
function sayTotals(of: readonly Planned[]): string {
  const again = of.filter(({ writes }) => writes.some(({ state }) => state === 'confirmed')).length
  return again === 0
    ? 'None of them had a confirmed write'
    : `${again} of them had confirmed writes that may be made again`
}

function sayWrites(writes: Planned['writes']): string {
  const groups = new Map<string, number>()
  for (const { tool, state } of writes) {
    const name = `${plain(tool)} ${state}${isUnclear({ state }) ? ', which may have happened' : ''}`
    groups.set(name, (groups.get(name) ?? 0) + 1)
  }
  const shown = [...groups].map(([name, amount]) => (amount === 1 ? name : `${name} ${amount} times`))
  return `Its writes: ${listed(shown.slice(0, 8))}`
}

function LeftOutCard({ of, replayed }: { readonly of: readonly LeftOut[]; readonly replayed: number }) {
  const groups = new Map<LeftOutReason, LeftOut[]>()
  for (const one of of) groups.set(one.reason, [...(groups.get(one.reason) ?? []), one])
  return (
    <Card title="Left out">
      <ul class="plan">
        {replayed > 0 && (
          <li>{count(replayed, 'run')}: replayed since, or another run of the event came after</li>
        )}
        {[...groups].map(([reason, group]) => (
          <li>
            {count(group.length, 'run')}: {leftOutReasons[reason]}
            <div class="row small">
              {group.slice(0, 10).map(
                ({ last }) =>
                  last && (
                    <a href={`/runs/${last.id}`}>
                      <RunState run={last} />
                    </a>
                  ),
              )}
            </div>
          </li>
        ))}
      </ul>
    </Card>
  )
}
