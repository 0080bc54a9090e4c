import { adviceOnSecret } from '../../ingest/secret-uses.js'
import type { PollOptions } from '../../sources/poll.js'
import { pollUrl } from '../../sources/poll-request.js'
import type { ScheduleOptions } from '../../sources/schedule.js'
import { isoTime } from '../../util/clock.js'
import { Block, Card, Facts, formatRough, Text, When } from '../ui/parts.js'
import { count, listed, sentence, spanOf } from './amounts.js'
import { hookUrl, PublicOrNot } from './now-fresh.js'
import { listenersOf, type SourceView } from './source-view.js'

/** How the sender is told of us, step by step. */
export function Setup({ of: { config, health, kind, opened } }: { readonly of: SourceView }) {
  const { name } = health.settings
  const listeners = listenersOf(config, name)
  const types = [...new Set(listeners.flatMap((one) => one.types))]
  const isJson = opened?.samples.some(({ body }) => typeof body !== 'string') ?? false
  const hasSecret = (opened?.secretKeys.length ?? 0) > 0
  return (
    <Card title="At the sender">
      <ol class="stack tight">
        <li>
          Register this URL{isJson && ', for content of JSON where there is a choice'}:
          <Block of={hookUrl(config, name)} label="URL to register" />
        </li>
        <li>
          {hasSecret
            ? 'The secret there and the one under '
            : 'What proves that a delivery is the sender’s stands under '}
          <code>sources.{name}</code> in config.yaml{hasSecret ? ' are the same. It is not shown here.' : '.'}
        </li>
        <li class="break">
          {types.length === 0 || types.includes('*') ? (
            'Choose the events that you want to have in the ledger.'
          ) : (
            <>
              Choose at least these events, which wake agents: <Text of={listed(types)} />.
            </>
          )}
        </li>
        <li>Send a test from there, or the one from here: it appears on this page at once.</li>
      </ol>
      <PublicOrNot config={config} />
      {kind.link !== undefined && (
        <p class="small">
          <a href={kind.link} rel="noreferrer">
            How {kind.title} signs, in its own words
          </a>
        </p>
      )}
    </Card>
  )
}

/** How a source that goes by the clock stands. */
export function Clocked({ of: { health, now, kind } }: { readonly of: SourceView }) {
  const { cursor, settings } = health
  const time = (at: number) => (
    <>
      <When at={at} now={now} /> <span class="faint small">{isoTime(at)}</span>
    </>
  )
  return (
    <Card title={kind.kind === 'schedule' ? 'By the clock' : 'Polling'}>
      <Facts
        of={[
          ['what', kind.kind === 'schedule' ? sayCron(settings.options) : sayRequest(settings.options)],
          ['last event', health.lastEventAt === undefined ? 'none yet' : time(health.lastEventAt)],
          ['last well', cursor?.lastOkAt === undefined ? 'not yet' : time(cursor.lastOkAt)],
          ['next', cursor === undefined ? 'at the first tick' : time(cursor.nextAt)],
          ['failures in a row', String(cursor?.failures ?? 0)],
          cursor?.lastError === undefined
            ? undefined
            : [
                'told',
                <span class={cursor.failures > 0 ? 'fault break' : 'break'}>
                  <Text of={cursor.lastError} />
                </span>,
              ],
          cursor === undefined
            ? undefined
            : [
                'where it stands',
                <details>
                  <summary>The cursor</summary>
                  <Block of={JSON.stringify(cursor.value, null, 2)} label="The cursor" />
                </details>,
              ],
        ]}
      />
    </Card>
  )
}

function sayCron(options: unknown) {
  const { cron, timezone } = options as ScheduleOptions
  return (
    <>
      <code>
        <Text of={cron} />
      </code>{' '}
      in <Text of={timezone} />
    </>
  )
}

function sayRequest(options: unknown) {
  const parsed = options as PollOptions
  return (
    <span class="break">
      <code>
        <Text of={pollUrl(parsed)} />
      </code>{' '}
      every {spanOf(parsed.every)}
    </span>
  )
}

/** How old each secret is, and whether it is in use. */
export function Secrets({ of: { secrets, opened, now } }: { readonly of: SourceView }) {
  if (!opened) return null
  return (
    <Card title={secrets.length > 1 ? 'Secrets' : 'Secret'}>
      {secrets.length === 0 && (
        <p class="soft">They stand in a file, or the sender signs with a key of its own.</p>
      )}
      {secrets.map((use, index) => (
        <div class="stack tight">
          {secrets.length > 1 && (
            <h3>
              {index + 1} of {secrets.length}
              {index === 0 && <span class="faint small"> the current one</span>}
            </h3>
          )}
          {use === undefined ? (
            <span class="small soft">No running daemon has told of it yet.</span>
          ) : (
            <span class="small soft">
              configured for {formatRough(now - use.seenAt)},{' '}
              {use.lastUsedAt === undefined ? (
                'never used'
              ) : (
                <>
                  last used <When at={use.lastUsedAt} now={now} />,{' '}
                  {count(use.uses, 'delivery', 'deliveries')}
                </>
              )}
            </span>
          )}
          <Advice of={adviceOnSecret(secrets, index, now)} />
        </div>
      ))}
    </Card>
  )
}

function Advice({ of }: { readonly of: string | undefined }) {
  return of === undefined ? null : <p class="notice is-wait small">{sentence(of)}</p>
}

/** What was refused, by day and reason, with an example. */
export function Refusals({ of: { health, now } }: { readonly of: SourceView }) {
  const refusals = [...health.refusals].sort((left, right) => right.lastAt - left.lastAt)
  if (refusals.length === 0) return null
  const shown = refusals.slice(0, mostRefusals)
  return (
    <Card
      flush
      title="Refused"
      aside={refusals.length > shown.length && <span class="small faint">the newest {mostRefusals}</span>}
    >
      <table class="stacks">
        <thead>
          <tr>
            <th>Why</th>
            <th class="num">Times</th>
            <th class="num">Last</th>
          </tr>
        </thead>
        <tbody>
          {shown.map(({ reason, day, count: times, lastAt, sample }) => (
            <tr>
              <td class="wide">
                <code>
                  <Text of={reason} />
                </code>
                {sample !== undefined && (
                  <div class="small soft break">
                    <Text of={sample} />
                  </div>
                )}
              </td>
              <td class="num">
                {times.toLocaleString('en')} <span class="faint small">on {day.slice(5)}</span>
              </td>
              <td class="num small soft">
                <When at={lastAt} now={now} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <p class="below small faint">
        Nothing of a refused delivery is kept but this. <code>rouse verify {health.settings.name}</code> says
        of a captured one what does not fit.
      </p>
    </Card>
  )
}

const mostRefusals = 20
