import type { ParkedOn } from '../../domain/run.js'
import { waits } from '../../runs/wait-words.js'
import type { Waiting } from '../../store/reports.js'
import { Card, formatRough, Id, Pill, sayAgo, Text, When } from '../ui/parts.js'
import { count } from './amounts.js'
import { Short } from './events-table.js'
import { type NowView, parkedInOrder, shownOnNow } from './now-view.js'
import { meaningOf } from './run-words.js'

/** What only a person can move. */
export function WaitingCard({ of: { approvals, held, counts, now } }: { readonly of: NowView }) {
  const waiting = counts.approvalsWaiting
  if (waiting + counts.held === 0) {
    return (
      <Card title="Waits for you">
        <p class="soft">Nothing. Calls that an agent may make with a person’s word only appear here.</p>
      </Card>
    )
  }
  return (
    <Card
      flush
      tone="wait"
      title="Waits for you"
      aside={
        <a class="small" href="/approvals">
          {waiting > approvals.length ? `All ${waiting.toLocaleString('en')}` : 'Decide'}
        </a>
      }
    >
      <table class="stacks">
        <tbody>
          {approvals.map(({ approval: { id, agent, tool, request, expiresAt, requestedAt }, subject }) => (
            <tr id={id}>
              <td>
                <a href={`/approvals/${id}`}>
                  <b class="break">
                    <Text of={tool} />
                  </b>
                </a>{' '}
                {subject !== undefined && (
                  <span class="break">
                    for <Short of={subject} />{' '}
                  </span>
                )}
                <span class="soft small">
                  asked by <Text of={agent} /> <When at={requestedAt} now={now} />
                </span>
                <div class="small faint mono break">
                  <Text of={`${request.method} ${request.url}`} />
                </div>
              </td>
              <td class="num small">
                {expiresAt > now ? `${formatRough(expiresAt - now)} left` : 'expired'}
              </td>
            </tr>
          ))}
          {held.map(({ id, runId, tool, proposedAt }) => (
            <tr id={id}>
              <td>
                <a href="/parked">
                  <b class="break">
                    <Text of={tool} />
                  </b>
                </a>{' '}
                <Pill tone="wait">held</Pill>{' '}
                <span class="soft">
                  nobody knows whether it happened; see <Id id={runId} href={`/runs/${runId}`} />
                </span>
              </td>
              <td class="num small soft">
                <When at={proposedAt} now={now} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Card>
  )
}

export function RunningCard({ of: { running, counts, stuck, now } }: { readonly of: NowView }) {
  const { queued, undispatched } = stuck
  const more = counts.runs.running - running.length
  return (
    <Card
      title="Runs now"
      aside={
        <a class="small" href="/runs">
          All runs
        </a>
      }
    >
      {running.length === 0 && <p class="soft">Nothing at this moment.</p>}
      {running.map(({ id, agent, subject, startedAt, usage }) => (
        <div class="stack tight" id={id}>
          <div class="row">
            <Pill tone="busy">running</Pill>
            <a href={`/runs/${id}`} class="break">
              <Text of={agent} />
            </a>
            <span class="small faint push">
              {startedAt === undefined ? '' : `for ${formatRough(now - startedAt)}`}
            </span>
          </div>
          <span class="small soft break">
            <Short of={subject} />, {count(usage.turns, 'turn')}, {count(usage.calls, 'call')}
          </span>
        </div>
      ))}
      {more > 0 && running.length === shownOnNow.running && (
        <a class="small" href="/runs?state=running">
          and {more.toLocaleString('en')} more
        </a>
      )}
      <Backlog of={queued} name="queued" now={now} />
      <Backlog of={undispatched} name="waiting to be matched" now={now} />
    </Card>
  )
}

function Backlog({
  of: { count: amount, oldestAt },
  name,
  now,
}: {
  readonly of: Waiting
  readonly name: string
  readonly now: number
}) {
  if (amount === 0) return null
  const oldest = oldestAt === undefined ? '' : `, the oldest came ${sayAgo(oldestAt, now)}`
  return (
    <p class="small soft">
      {amount.toLocaleString('en')} {name}
      {oldest}
    </p>
  )
}

/** What waits by itself, and what died: each cause once. */
export function ParkedCard({ of: { stuck, now } }: { readonly of: NowView }) {
  const parked = parkedInOrder(stuck).filter(({ on }) => !decidedAbove.has(on))
  const { dead, failed, suspects } = stuck
  if (parked.length + dead.length + failed.count + suspects.count === 0) return null
  return (
    <Card
      title="Parked and dead"
      aside={
        <a class="small" href="/parked">
          All
        </a>
      }
    >
      {parked.map(({ on, count: amount, oldestAt, nextAt }) => (
        <Cause
          tone="none"
          amount={amount}
          text={amount === 1 ? `waits for ${waits[on]}` : `wait for ${waits[on].replace(/^its /, 'their ')}`}
          since={oldestAt}
          more={nextAt === undefined || nextAt <= now ? undefined : `goes on ${sayAgo(nextAt, now)}`}
          now={now}
        />
      ))}
      {failed.count > 0 && (
        <Cause
          tone="wait"
          amount={failed.count}
          text="failed and will be tried again"
          since={failed.oldestAt}
          now={now}
        />
      )}
      {suspects.count > 0 && (
        <Cause
          tone="wait"
          amount={suspects.count}
          text="may have made the process die"
          since={suspects.oldestAt}
          now={now}
        />
      )}
      {dead.map(({ code, count: amount, newestAt }) => (
        <Cause
          tone="bad"
          amount={amount}
          text={`dead: ${code}`}
          since={newestAt}
          more={meaningOf(code)}
          now={now}
        />
      ))}
    </Card>
  )
}

/** These stand under “Waits for you”. */
const decidedAbove: ReadonlySet<ParkedOn> = new Set(['approval', 'person'])

function Cause({
  tone,
  amount,
  text,
  since,
  more,
  now,
}: {
  readonly tone: 'none' | 'wait' | 'bad'
  readonly amount: number
  readonly text: string
  readonly since: number | undefined
  readonly more?: string | undefined
  readonly now: number
}) {
  return (
    <div class="stack tight">
      <div class="row line">
        <Pill tone={tone}>{count(amount, 'run')}</Pill>
        <span class="break">
          <Text of={text} />
        </span>
        {since !== undefined && (
          <span class="small faint push">
            <When at={since} now={now} />
          </span>
        )}
      </div>
      {more !== undefined && (
        <span class="small soft break">
          <Text of={more} />
        </span>
      )}
    </div>
  )
}
