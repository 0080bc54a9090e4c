import type { Child } from 'hono/jsx'
import type { Approval } from '../../domain/approval.js'
import { isFinal, type Run } from '../../domain/run.js'
import { waits } from '../../runs/wait-words.js'
import type { Journal } from '../../store/records.js'
import { Id, RunState, runTone, sayAgo, Text, When } from '../ui/parts.js'
import { spanOf } from './amounts.js'
import { Short } from './events-table.js'
import type { RunView } from './run-view.js'
import { meaningOf, sayDone } from './run-words.js'

/** What it is and how it stands, before anything else. */
export function RunHead({ of: view }: { readonly of: RunView }) {
  const { journal, event, now } = view
  const { run } = journal
  return (
    <div class="stack">
      <p class="trail">
        <a href="/runs">Runs</a> / <Id id={run.id} />
      </p>
      <div class="head">
        <div class="row">
          <h1>
            <a href={`/agents/${encodeURIComponent(run.agent)}`}>
              <Text of={run.agent} />
            </a>
          </h1>
          <RunState run={run} />
          {run.replay > 0 && <span class="tag">replay {run.replay}</span>}
          {run.isRestored && <span class="tag">from a backup</span>}
        </div>
        {run.state === 'running' && <span class="live is-on">at work</span>}
      </div>
      <p class="break">
        {event ? (
          <>
            on{' '}
            <a href={`/events/${event.id}`}>
              <Text of={event.type} />
            </a>{' '}
            of <Text of={event.source} />
            {event.subject !== undefined && (
              <>
                , about{' '}
                <b>
                  <Short of={event.subject} />
                </b>
              </>
            )}
            , <When at={event.recordedAt} now={now} />
          </>
        ) : (
          <>on an event that is old and no longer in the ledger ({run.eventId})</>
        )}
      </p>
      <p class="lead break">{answerOf(journal, now)}</p>
      <Notices of={view} />
    </div>
  )
}

/** One sentence: what came of it, or what it waits for. */
function answerOf({ run, calls, steps }: Journal, now: number): Child {
  const did = sayDone(calls)
  const work = spanOf(run.usage.activeMs)
  const ended = run.finishedAt === undefined ? '' : `, ${sayAgo(run.finishedAt, now)}`
  switch (run.state) {
    case 'completed':
      return `Completed after ${work} of work${ended}: ${did}.`
    case 'dead':
      return `Dead${ended}: it is not tried again until a person replays it. Before that: ${did}.`
    case 'cancelled':
      return `Cancelled${ended}. Before that: ${did}.`
    case 'running':
      return `At work, after ${steps.length === 0 ? 'no turn' : `turn ${steps.at(-1)?.turn}`}: ${did}.`
    case 'failed':
      return `Failed${run.nextAt === undefined ? '' : `, and is tried again ${sayAgo(run.nextAt, now)}`}. Until now: ${did}.`
    case 'parked':
      return `Waits for ${run.parkedOn === undefined ? 'something' : waits[run.parkedOn]}${until(run, now)}. Until now: ${did}.`
    case 'queued':
      return steps.length === 0 ? 'Has not begun.' : `Waits for a free worker. Until now: ${did}.`
  }
}

function until({ nextAt }: Run, now: number): string {
  return nextAt === undefined ? '' : `, and goes on by itself ${sayAgo(nextAt, now)}`
}

/** What a person should know or do. */
function Notices({ of: { journal, now } }: { readonly of: RunView }) {
  const { run, approvals, calls, behind } = journal
  const waiting = approvals.filter(({ state }) => state === 'waiting')
  const held = calls.filter(({ state }) => state === 'held')
  const isTold = held.length > 0 && run.error?.code === 'tool.held'
  return (
    <>
      {waiting.map((approval) => (
        <Waiting of={approval} now={now} />
      ))}
      {held.length > 0 && (
        <p class="notice is-wait">
          <b>What became of a write is not known. A person must say.</b>
          {held.map(({ id, tool }) => (
            <a href={`#${id}`}>
              <Text of={tool} />
            </a>
          ))}
        </p>
      )}
      {run.error && run.state !== 'completed' && !isTold && <Fault run={run} error={run.error} />}
      {behind !== undefined && !isFinal(run.state) && (
        <p class="notice">
          It comes after <a href={`/runs/${behind}`}>{behind}</a>, the run of this agent about the same
          subject that is to end first.
        </p>
      )}
      {run.supersededBy !== undefined && !isFinal(run.state) && (
        <p class="notice is-wait">
          A newer event, <a href={`/events/${run.supersededBy}`}>{run.supersededBy}</a>, took its place.
          Nothing new is begun, and what was sent is waited for.
        </p>
      )}
    </>
  )
}

function Waiting({ of: { id, tool, expiresAt }, now }: { readonly of: Approval; readonly now: number }) {
  return (
    <p class="notice is-wait">
      <b>
        <Text of={tool} /> waits for a person’s word.
      </b>
      <span>
        Decide <a href={`/approvals/${id}`}>on its exact request</a>; it runs out{' '}
        <When at={expiresAt} now={now} />.
      </span>
    </p>
  )
}

function Fault({ run, error }: { readonly run: Run; readonly error: NonNullable<Run['error']> }) {
  const tone = runTone(run) === 'bad' ? 'bad' : 'wait'
  return (
    <div class={`notice is-${tone}`}>
      <b class="break">
        <Text of={error.message} />
      </b>
      <span class="small soft break">
        <code>{error.code}</code> {meaningOf(error.code)}
      </span>
    </div>
  )
}
