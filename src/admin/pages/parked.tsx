import { StoreError } from '../../domain/errors.js'
import { resolveHeld } from '../../runs/held.js'
import type { HeldResolution } from '../../store/records.js'
import { Live } from '../ui/live.js'
import { Card, Empty } from '../ui/parts.js'
import { count, listed } from './amounts.js'
import type { Page } from './page.js'
import { DeadCard, FailedCard, ParkedCard, QueuedCards, SuspectCard } from './parked-causes.js'
import { HeldCard } from './parked-held.js'
import { parkedReplays } from './parked-replay.js'
import { type ParkedView, parkedView } from './parked-view.js'
import { type Cause, causes, standstillOf } from './parked-words.js'
import { UnreadableCard, unreadablePages } from './unreadable.js'

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
      <Live part="/parked" on={['event', 'run', 'call', 'approval', 'alert']}>
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

export const parkedPages: readonly Page[] = [parked, held, ...parkedReplays, ...unreadablePages]

function Parked({ of: view }: { readonly of: ParkedView }) {
  const { stuck, held: writes, counts } = view
  const { suspects, failed, queued, undispatched } = stuck
  const parkedBy = (by: Cause['by']) => stuck.parked.filter(({ on }) => causes[on].by === by)
  // Those that wait on a person wait on the held writes, which are shown.
  const own = parkedBy('person').filter(({ on }) => !(on === 'person' && writes.length > 0))
  const [heldUp, others, [asked]] = [parkedBy('end of trouble'), parkedBy('itself'), parkedBy('approval')]
  const isOwn = dead(view).length > 0 || own.length > 0
  const isOthers = others.length > 0 || suspects.count + failed.count + queued.count + undispatched.count > 0
  return (
    <div class="stack page">
      <h1>Dead and parked</h1>
      <p class="lead">
        {sayAll(view)}
        {asked && (
          <>
            {' '}
            {count(asked.count, 'run')} {asked.count === 1 ? 'waits' : 'wait'} for a word on a call, under{' '}
            <a href="/approvals">Approvals</a>.
          </>
        )}
      </p>
      {writes.length > 0 && <HeldWrites of={view} />}
      {isOwn && <h2>Need a person</h2>}
      {own.map((one) => (
        <ParkedCard of={one} view={view} />
      ))}
      {dead(view).map((one) => (
        <DeadCard of={one} view={view} />
      ))}
      {heldUp.length > 0 && <h2>Go on when some trouble is over</h2>}
      {heldUp.map((one) => (
        <ParkedCard of={one} view={view} />
      ))}
      {isOthers && <h2>Go on by themselves</h2>}
      {others.map((one) => (
        <ParkedCard of={one} view={view} />
      ))}
      {suspects.count > 0 && <SuspectCard view={view} />}
      {failed.count > 0 && <FailedCard view={view} />}
      <QueuedCards view={view} />
      {!isOwn && !isOthers && writes.length + heldUp.length === 0 && <NothingStuck />}
      <Replayed of={view} />
      <UnreadableCard of={view.unreadable} amount={counts.deliveries.malformed} now={view.now} />
    </div>
  )
}

/** By the code of the error; of very many codes the most frequent. */
function dead({ stuck }: ParkedView): ParkedView['stuck']['dead'] {
  return stuck.dead.slice(0, mostCauses)
}

const mostCauses = 20

function HeldWrites({ of: view }: { readonly of: ParkedView }) {
  const { held: writes, counts } = view
  return (
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
  )
}

function NothingStuck() {
  return (
    <Card>
      <Empty title="Nothing is stuck">
        <p>
          A run that cannot go on is parked on what it waits for, and stands here with what helps. One that
          failed for good is dead until a person replays it. Nothing is ever skipped.
        </p>
      </Empty>
    </Card>
  )
}

/** What died and waits for nobody: it can still be looked at. */
function Replayed({ of: { stuck, counts } }: { readonly of: ParkedView }) {
  const replayed = counts.runs.dead - standstillOf(stuck).dead
  if (replayed <= 0 || stuck.isPartial) return null
  return (
    <p class="soft">
      {count(replayed, 'dead run')} {replayed === 1 ? 'was' : 'were'} replayed since and{' '}
      {replayed === 1 ? 'waits' : 'wait'} for nobody:{' '}
      <a href="/runs?state=dead&replayed=yes">see {replayed === 1 ? 'it' : 'them'}</a>.
    </p>
  )
}

/** `2 held writes and 3 dead runs need you; 4 runs are held up; 12 runs wait and go on by themselves.` */
function sayAll({ stuck }: ParkedView): string {
  const { held, parked, dead, heldUp, byThemselves } = standstillOf(stuck)
  const more = stuck.isPartial ? 'at least ' : ''
  const needs = [
    ...(held === 0 ? [] : [count(held, 'held write')]),
    ...(parked === 0 ? [] : [more + count(parked, 'parked run')]),
    ...(dead === 0 ? [] : [more + count(dead, 'dead run')]),
  ]
  const said = [
    needs.length === 0
      ? 'Nothing here needs you'
      : `${listed(needs)} ${held + parked + dead === 1 ? 'needs' : 'need'} you`,
    ...(heldUp === 0 ? [] : [`${more}${count(heldUp, 'run')} ${heldUp === 1 ? 'is' : 'are'} held up`]),
    ...(byThemselves === 0
      ? []
      : [
          `${more}${count(byThemselves, 'run')} ${byThemselves === 1 ? 'waits and goes on by itself' : 'wait and go on by themselves'}`,
        ]),
  ]
  return `${said.join('; ')}.`
}
