import { StoreError } from '../../domain/errors.js'
import { resolveHeld } from '../../runs/held.js'
import type { HeldResolution } from '../../store/records.js'
import { Live } from '../ui/live.js'
import { Card, Empty } from '../ui/parts.js'
import { count, listed } from './amounts.js'
import type { Page } from './page.js'
import { DeadCard, FailedCard, MalformedCard, ParkedCard, QueuedCards, SuspectCard } from './parked-causes.js'
import { HeldCard } from './parked-held.js'
import { parkedReplays } from './parked-replay.js'
import { openOf, type ParkedView, parkedView } from './parked-view.js'
import { causes } from './parked-words.js'

/** What does not go on, each cause once: first what needs a person, then what goes on by itself. */
const parked: Page = {
  method: 'GET',
  path: /^\/parked$/,
  role: 'read',
  place: 'parked',
  async show({ caller, isPart }, options) {
    const view = await parkedView(caller, options)
    const shown = <Parked of={view} />
    if (isPart) return { kind: 'part', html: shown }
    const html = (
      <Live part="/parked" on={['run', 'call', 'approval']}>
        {shown}
      </Live>
    )
    return { kind: 'page', title: 'Dead and parked', html }
  },
}

const states: readonly HeldResolution['state'][] = ['confirmed', 'rejected', 'send_again']

/** What a person says became of a held write. */
const held: Page = {
  method: 'POST',
  path: /^\/parked\/held\/(tcl_[0-9a-f]{32})$/,
  role: 'approve',
  place: 'parked',
  async show({ captured: [id = ''], form, caller }, { store, clock, onDecided }) {
    const state = states.find((one) => one === form.get('state'))
    if (state === undefined)
      throw new StoreError('command.usage', 'say what became of it: choose one of the three')
    const { runId } = await resolveHeld(store, id, { state, by: caller.name }, clock.now())
    onDecided()
    return { kind: 'redirect', to: `/runs/${runId}#${id}` }
  },
}

export const parkedPages: readonly Page[] = [parked, held, ...parkedReplays]

function Parked({ of: view }: { readonly of: ParkedView }) {
  const { stuck, held: writes, counts } = view
  const dead = view.dead.filter((cause) => openOf(cause) > 0)
  const replayed = view.dead.length - dead.length
  // Those that wait on a person wait on the held writes, which are shown.
  const own = stuck.parked.filter(
    ({ on, count: amount }) =>
      amount > 0 && causes[on].needsPerson && !(on === 'person' && writes.length > 0),
  )
  const others = stuck.parked.filter(({ on, count: amount }) => amount > 0 && !causes[on].needsPerson)
  const isOthers =
    others.length > 0 || stuck.failed.count > 0 || stuck.queued.count + stuck.undispatched.count > 0
  const isOwn = writes.length > 0 || dead.length > 0 || own.length > 0 || stuck.suspects.count > 0
  return (
    <div class="stack page">
      <h1>Dead and parked</h1>
      <p class="lead">{sayAll(view)}</p>
      {writes.length > 0 && (
        <>
          <h2>Writes that nobody knows the outcome of</h2>
          {writes.map((write) => (
            <HeldCard of={write} caller={view.caller} now={view.now} />
          ))}
          {counts.held > writes.length && (
            <p class="soft">
              The oldest {writes.length} of {counts.held.toLocaleString('en')}.
            </p>
          )}
        </>
      )}
      {isOwn && (dead.length > 0 || own.length > 0 || stuck.suspects.count > 0) && (
        <>
          <h2>Need a person</h2>
          {own.map((one) => (
            <ParkedCard of={one} view={view} />
          ))}
          {stuck.suspects.count > 0 && <SuspectCard view={view} />}
          {dead.map((one) => (
            <DeadCard of={one} view={view} />
          ))}
        </>
      )}
      {isOthers && (
        <>
          <h2>Go on by themselves</h2>
          {others.map((one) => (
            <ParkedCard of={one} view={view} />
          ))}
          {stuck.failed.count > 0 && <FailedCard view={view} />}
          <QueuedCards view={view} />
        </>
      )}
      {!isOwn && !isOthers && (
        <Card>
          <Empty title="Nothing is stuck">
            <p>
              A run that cannot go on is parked on what it waits for, and stands here with what helps. One
              that failed for good is dead until a person replays it. Nothing is ever skipped.
            </p>
          </Empty>
        </Card>
      )}
      {replayed > 0 && (
        <p class="soft">
          Runs that died with {replayed === 1 ? 'one other error' : `${replayed} other errors`} were all
          replayed since: <a href="/runs?state=dead">all dead runs</a>.
        </p>
      )}
      {counts.deliveries.malformed > 0 && <MalformedCard count={counts.deliveries.malformed} />}
    </div>
  )
}

/** `2 held writes and 3 dead runs need you; 12 runs wait and go on by themselves.` */
function sayAll({ stuck, dead: causesOfDeath, counts }: ParkedView): string {
  const more = stuck.isPartial ? 'at least ' : ''
  const dead = causesOfDeath.reduce((sum, one) => sum + openOf(one), 0)
  const own = stuck.parked.filter(({ on }) => causes[on].needsPerson && on !== 'person')
  const parkedOnPeople = own.reduce((sum, one) => sum + one.count, 0)
  const others =
    stuck.failed.count +
    stuck.parked.reduce((sum, { on, count: amount }) => sum + (causes[on].needsPerson ? 0 : amount), 0)
  const needs = [
    ...(counts.held === 0 ? [] : [count(counts.held, 'held write')]),
    ...(parkedOnPeople === 0 ? [] : [count(parkedOnPeople, 'parked run')]),
    ...(dead === 0 ? [] : [more + count(dead, 'dead run')]),
  ]
  const [amount] = [counts.held + parkedOnPeople + dead]
  const first =
    needs.length === 0 ? 'Nothing here needs you' : `${listed(needs)} ${amount === 1 ? 'needs' : 'need'} you`
  const then =
    others === 0
      ? ''
      : `; ${count(others, 'run')} ${others === 1 ? 'waits and goes' : 'wait and go'} on by ${others === 1 ? 'itself' : 'themselves'}`
  return `${first}${then}.`
}
