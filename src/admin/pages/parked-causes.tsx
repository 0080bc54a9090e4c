import type { Child } from 'hono/jsx'
import type { ParkedOn } from '../../domain/run.js'
import type { Alert } from '../../store/records.js'
import type { Waiting } from '../../store/reports.js'
import { formatRough, sayAgo, type Tone, When } from '../ui/parts.js'
import { AlertText } from './alert-text.js'
import { Short } from './events-table.js'
import type { ParkedView } from './parked-view.js'
import { causes } from './parked-words.js'
import { meaningOf } from './run-words.js'
import { Sentence } from './sentence.js'

/** One cause, once: how many, since when, what it means and what helps. */
function CauseCard({
  of,
  tone,
  title,
  see,
  now,
  isAtLeast = false,
  children,
}: {
  readonly of: Waiting
  readonly tone?: Tone
  readonly title: Child
  /** Where all of them are. */
  readonly see: string
  readonly now: number
  readonly isAtLeast?: boolean
  readonly children?: Child
}) {
  return (
    <section class={`card cause ${tone === undefined ? '' : `is-${tone}`}`} data-item>
      <div class="head">
        <div class="row line">
          <b class="amount">
            {of.count.toLocaleString('en')}
            {isAtLeast && '+'}
          </b>
          <h3>{title}</h3>
        </div>
        <a href={see}>See {of.count === 1 ? 'it' : 'them'}</a>
      </div>
      {children}
      {of.oldestAt !== undefined && (
        <p class="small faint">
          The oldest <When at={of.oldestAt} now={now} />
          {of.oldestId?.startsWith('run_') && (
            <>
              : <a href={`/runs/${of.oldestId}`}>its run</a>
            </>
          )}
          {of.oldestId?.startsWith('evt_') && (
            <>
              : <a href={`/events/${of.oldestId}`}>the event</a>
            </>
          )}
        </p>
      )}
    </section>
  )
}

/** Runs that ended with one error and were not replayed since, and the way to have them run again. */
export function DeadCard({ of, view }: { readonly of: Dead; readonly view: ParkedView }) {
  const { code, newestAt, count: amount } = of
  const { now, caller, stuck } = view
  const query = new URLSearchParams({ state: 'dead', code, replayed: 'no' })
  return (
    <CauseCard
      of={of}
      tone="bad"
      title={
        <code>
          <Short of={code} />
        </code>
      }
      see={`/runs?${query}`}
      now={now}
      isAtLeast={stuck.isPartial}
    >
      <p>{meaningOf(code) ?? 'This version of rouse does not know this error; the runs say more.'}</p>
      {amount > 1 && <p class="small soft">The newest {sayAgo(newestAt, now)}.</p>}
      {caller.role === 'approve' && (
        <form method="get" action="/parked/replay" class="row">
          <input type="hidden" name="code" value={code} />
          <button type="submit">See what a replay would do</button>
          <span class="small soft">Mend the cause first. Nothing is done before you say so.</span>
        </form>
      )}
    </CauseCard>
  )
}

type Dead = ParkedView['stuck']['dead'][number]
type Parked = ParkedView['stuck']['parked'][number]

export function ParkedCard({ of, view }: { readonly of: Parked; readonly view: ParkedView }) {
  const { on, nextAt } = of
  const { title, advice, by } = causes[on]
  return (
    <CauseCard
      of={of}
      {...(by === 'person' ? { tone: 'wait' as const } : {})}
      title={title}
      see={`/runs?state=parked&on=${on}`}
      now={view.now}
      isAtLeast={view.stuck.isPartial}
    >
      {alertsFor(on, view.alerts).map((alert) => (
        <AlertLine of={alert} now={view.now} />
      ))}
      <p class="soft">
        <Sentence of={advice} />
        {nextAt !== undefined &&
          (nextAt <= view.now
            ? ' The first may go on now.'
            : ` The first goes on ${sayAgo(nextAt, view.now)}.`)}
      </p>
    </CauseCard>
  )
}

/** What we were told is wrong with what they wait for. */
function alertsFor(on: ParkedOn, alerts: readonly Alert[]): Alert[] {
  const first = { model: 'model.', api: 'tool.', disk: 'store.disk' }[on as string]
  return first === undefined
    ? []
    : alerts.filter(({ code }) => code.startsWith(first) && code !== 'tool.held').slice(0, mostAlerts)
}

const mostAlerts = 5

function AlertLine({ of: { cause, message, raisedAt }, now }: { readonly of: Alert; readonly now: number }) {
  return (
    <div class="notice is-bad">
      <div class="row">
        <b class="break">
          <Short of={cause} />
        </b>
        <span class="small faint push">for {formatRough(now - raisedAt)}</span>
      </div>
      <AlertText of={message.slice(0, 1000)} />
    </div>
  )
}

export function FailedCard({ view }: { readonly view: ParkedView }) {
  const { failed } = view.stuck
  return (
    <CauseCard of={failed} title="Failed, and are tried again" see="/runs?state=failed" now={view.now}>
      <p class="soft">
        They go on by themselves
        {failed.nextAt === undefined
          ? ''
          : `, the first ${sayAgo(Math.max(failed.nextAt, view.now), view.now)}`}
        . After the last try they are dead.
      </p>
    </CauseCard>
  )
}

export function SuspectCard({ view }: { readonly view: ParkedView }) {
  return (
    <CauseCard
      of={view.stuck.suspects}
      title="Were being worked on when the process died"
      see={view.stuck.suspects.oldestId === undefined ? '/runs' : `/runs/${view.stuck.suspects.oldestId}`}
      now={view.now}
      isAtLeast={view.stuck.isPartial}
    >
      <p class="soft">
        They are tried one at a time, so that a run that kills the process takes no other with it; after a few
        deaths such a run is dead with <code>limit.crashes</code>.
      </p>
    </CauseCard>
  )
}

export function QueuedCards({ view }: { readonly view: ParkedView }) {
  const { queued, undispatched } = view.stuck
  return (
    <>
      {queued.count > 0 && (
        <CauseCard of={queued} title="Queued" see="/runs?state=queued" now={view.now}>
          <p class="soft">
            They begin as soon as a worker is free and nothing of their subject is before them.
          </p>
        </CauseCard>
      )}
      {undispatched.count > 0 && (
        <CauseCard
          of={undispatched}
          title="Events not decided on yet"
          see="/events?state=recorded"
          now={view.now}
        >
          <p class="soft">
            <Sentence of="Recorded, and about to be matched. If this lasts, see `rouse doctor`." />
          </p>
        </CauseCard>
      )}
    </>
  )
}
