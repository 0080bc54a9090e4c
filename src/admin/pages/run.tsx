import { StoreError } from '../../domain/errors.js'
import { isFinal } from '../../domain/run.js'
import type { StoredEvent } from '../../store/records.js'
import { isoTime } from '../../util/clock.js'
import { plain } from '../../util/plain.js'
import { Waterfall } from '../ui/charts.js'
import { Live } from '../ui/live.js'
import { Card, Facts, formatMs, Id, Said, Text, When } from '../ui/parts.js'
import { count, listed, spanOf } from './amounts.js'
import { JsonExcerpt } from './excerpt.js'
import type { Html, Page, PageOptions } from './page.js'
import { turnAnswer } from './run-answer.js'
import { Attempts } from './run-attempts.js'
import { Call } from './run-call.js'
import { CancelForm, ReplayForm, runDeeds } from './run-deeds.js'
import { RunHead } from './run-head.js'
import { turnInput } from './run-input.js'
import { Meters } from './run-meters.js'
import { TurnCard } from './run-turn.js'
import { approvalsOf, canBeCancelled, type RunView, turnsOf, viewOf } from './run-view.js'
import { waterfallOf } from './run-waterfall.js'

/** All of one run: how it stands, what it used, each turn and each call, to the end. */
const run: Page = {
  method: 'GET',
  path: /^\/runs\/(run_[0-9a-f]{32})$/,
  role: 'read',
  place: 'runs',
  async show({ captured: [id = ''], caller, isPart }, options) {
    const view = await viewOf(id, caller, options)
    const story = await storyOf(view, options)
    if (isPart) return { kind: 'part', html: story }
    const html = isFinal(view.journal.run.state) ? (
      story
    ) : (
      <Live part={`/runs/${id}`} on={['run', 'call', 'approval']}>
        {story}
      </Live>
    )
    return { kind: 'page', title: `${plain(view.journal.run.agent)} ${view.journal.run.state}`, html }
  },
}

const call: Page = {
  method: 'GET',
  path: /^\/runs\/(run_[0-9a-f]{32})\/calls\/(tcl_[0-9a-f]{32})$/,
  role: 'read',
  place: 'runs',
  async show({ captured: [runId = '', callId = ''], caller, isPart }, options) {
    const view = await viewOf(runId, caller, options)
    const found = view.journal.calls.find(({ id }) => id === callId)
    if (!found) throw new StoreError('store.not_found', `run ${runId} has no tool call ${callId}`)
    const shown = (
      <Call
        of={{
          call: found,
          approvals: approvalsOf(view.journal, found),
          later: view.later.get(callId),
          runId,
          ...(isPart ? {} : { most: mostOfOne }),
        }}
      />
    )
    if (isPart) return { kind: 'part', html: shown }
    const html = (
      <div class="stack page">
        <p class="trail">
          <a href="/runs">Runs</a> / <Id id={runId} href={`/runs/${runId}#${callId}`} /> / <Id id={callId} />
        </p>
        <h1 class="break">
          A call of <Text of={found.tool} />
        </h1>
        <Card>{shown}</Card>
      </div>
    )
    return { kind: 'page', title: `${plain(found.tool)} ${found.state}`, html }
  },
}

/** On a page of its own a call is shown whole, but for what no browser should have to draw. */
const mostOfOne = 500_000

export const runPages: readonly Page[] = [run, call, turnInput, turnAnswer, ...runDeeds]

const mostEvents = 20

async function storyOf(view: RunView, { store }: PageOptions): Promise<Html> {
  const { journal, agent, isOfNow, caller } = view
  const events = journal.run.eventCount > 1 ? await store.eventsOf(journal.run.id, 0) : []
  const turns = turnsOf(journal)
  const { summary } = journal.run
  return (
    <div class="stack page">
      <RunHead of={view} />
      <div class="grid">
        <div class="twothird stack">
          <Chart of={view} />
          {summary !== undefined && summary.trim() !== '' && (
            <Card title="In the end">
              <Said by="The model’s summary" of={summary.trim()} />
            </Card>
          )}
        </div>
        <div class="third">
          <Card title="Used">
            <Meters usage={journal.run.usage} limits={agent?.limits} isOfNow={isOfNow} />
          </Card>
        </div>
      </div>
      {events.length > 0 && <SeenEvents of={events} about={journal.run.eventId} />}
      {journal.run.refreshed && <Refreshed of={journal.run.refreshed} />}
      {turns.length > 0 && (
        <div class={view.isLong ? 'stack tight' : 'stack'}>
          {turns.map((turn) => (
            <TurnCard of={turn} view={view} isLast={turn === turns.at(-1)} />
          ))}
        </div>
      )}
      <Record of={view} />
      {caller.role === 'approve' && canBeCancelled(journal) && <CancelForm runId={journal.run.id} />}
      {caller.role === 'approve' && isFinal(journal.run.state) && view.event && (
        <ReplayForm run={journal.run} />
      )}
    </div>
  )
}

function Chart({ of: { journal } }: { readonly of: RunView }) {
  if (journal.steps.length === 0) {
    return (
      <Card title="What happened when">
        <p class="soft">The model has not answered yet. Its turns and calls stand here as soon as it has.</p>
      </Card>
    )
  }
  const { spans, folded, leftOut, timeAt } = waterfallOf(journal)
  const notes = [
    ...(folded.length === 0
      ? []
      : [`${count(folded.length, 'wait')} drawn short: ${listed(folded.slice(0, 5).map(spanOf))}.`]),
    ...(leftOut === 0 ? [] : [`Without the first ${count(leftOut, 'turn')}.`]),
  ]
  return (
    <Card title="What happened when" aside={<span class="small faint">{notes.join(' ')}</span>}>
      <div class="pan" tabindex={0}>
        <Waterfall
          of={spans}
          label="Turns and tool calls over time; each is a link to what stands below"
          say={(place) => formatMs(timeAt(place))}
        />
      </div>
    </Card>
  )
}

function SeenEvents({ of, about }: { readonly of: readonly StoredEvent[]; readonly about: string }) {
  const shown = of.slice(-mostEvents).reverse()
  return (
    <Card title={`It saw ${count(of.length, 'event')} of one subject`}>
      <details>
        <summary>
          {of.length > shown.length ? `The latest ${mostEvents} of them` : 'All of them, newest first'}
        </summary>
        <ul>
          {shown.map(({ id, type, time }) => (
            <li class="break">
              <a href={`/events/${id}`}>
                <Text of={type} />
              </a>{' '}
              <span class="faint">{isoTime(time)}</span>{' '}
              {id === about && <span class="tag">it is about this one</span>}
            </li>
          ))}
        </ul>
      </details>
    </Card>
  )
}

function Refreshed({
  of: { tool, at, output },
}: {
  readonly of: NonNullable<RunView['journal']['run']['refreshed']>
}) {
  return (
    <Card
      title={
        <>
          Before the model was asked, rouse called{' '}
          <code>
            <Text of={tool} />
          </code>
        </>
      }
      aside={<span class="small faint">{isoTime(at)}</span>}
    >
      {!output.ok && (
        <p class="fault break">
          <Text of={`${output.error.code}: ${output.error.message}`} />
        </p>
      )}
      <details>
        <summary>What the API said</summary>
        <JsonExcerpt of={JSON.stringify(output.result ?? null)} label="What the API said" />
      </details>
    </Card>
  )
}

/** Ids, times and tries: what one looks up, not what one reads. */
function Record({ of: { journal, now } }: { readonly of: RunView }) {
  const { run, attempts } = journal
  const time = (at: number | undefined) =>
    at === undefined ? undefined : (
      <>
        {isoTime(at)}{' '}
        <span class="faint">
          (<When at={at} now={now} />)
        </span>
      </>
    )
  return (
    <Card title="Record">
      <Facts
        of={[
          ['run', <code class="break">{run.id}</code>],
          [
            'event',
            <a class="mono break" href={`/events/${run.eventId}`}>
              {run.eventId}
            </a>,
          ],
          ['subject', <Text of={run.subject} />],
          ['enqueued', time(run.createdAt)],
          run.startedAt === undefined ? undefined : ['began', time(run.startedAt)],
          run.finishedAt === undefined ? undefined : ['ended', time(run.finishedAt)],
          run.nextAt === undefined || isFinal(run.state) ? undefined : ['goes on', time(run.nextAt)],
          run.configDigest === undefined
            ? undefined
            : ['configuration', <code>{run.configDigest.slice(0, 12)}</code>],
          run.attempts === 0 ? undefined : ['failed tries', String(run.attempts)],
        ]}
      />
      {attempts.length > 0 && <Attempts of={attempts} />}
    </Card>
  )
}
