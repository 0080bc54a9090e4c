import type { Alert } from '../../store/records.js'
import { utcDay } from '../../util/clock.js'
import { formatRough, Pill, Text, When } from '../ui/parts.js'
import { AlertText } from './alert-text.js'
import { count } from './amounts.js'
import { Sentence } from './sentence.js'
import { HourBars, saySums } from './source-charts.js'
import { lastHours, type SourceHealth, sumOf } from './source-health.js'
import { explainCondition, sayCondition } from './source-words.js'

/** One source: when it was last seen, what the last day brought, and what is the matter with it. */
export function SourceRow({ of, now }: { readonly of: SourceHealth; readonly now: number }) {
  const { settings, condition, hours, refusals } = of
  const { tone, word } = sayCondition(condition)
  const explained = explainCondition(of, now)
  const refused = refusals.filter(({ day }) => day === utcDay(now))
  return (
    <div class="arrival">
      <div class="stack tight">
        <div class="row">
          <h3 class="break">
            <a href={`/sources/${encodeURIComponent(settings.name)}`}>
              <Text of={settings.name} />
            </a>
          </h3>
          <Pill tone={tone}>{word}</Pill>
        </div>
        <span class="small faint">
          <LastSeen of={of} now={now} />
        </span>
      </div>
      <div class="stack tight">
        <HourBars name={settings.name} of={hours} now={now} isLow />
        <span class="small soft">{saySums(sumOf(lastHours(hours, 24, now)))}</span>
        {refused.length > 0 && (
          <span class="small fault break">
            refused today:{' '}
            <Text
              of={refused
                .map(({ reason, count: times }) => `${times.toLocaleString('en')} × ${reason}`)
                .join(', ')}
            />
          </span>
        )}
      </div>
      {explained !== undefined && (
        <p class={`notice is-${tone} small break`}>
          <span>
            <Sentence of={explained} />
          </span>
        </p>
      )}
    </div>
  )
}

export function LastSeen({
  of: { lastSeenAt, cursor },
  now,
}: {
  readonly of: SourceHealth
  readonly now: number
}) {
  const asked = cursor?.lastOkAt
  return (
    <>
      {lastSeenAt === undefined ? (
        'nothing has come yet'
      ) : (
        <>
          last seen <When at={lastSeenAt} now={now} />
        </>
      )}
      {asked !== undefined && (
        <>
          , asked <When at={asked} now={now} />
        </>
      )}
    </>
  )
}

/** What is wrong, each cause once. */
export function AlertCards({ of, now }: { readonly of: readonly Alert[]; readonly now: number }) {
  return (
    <>
      {of.map(({ cause, message, raisedAt, count: times, code }) => (
        <div class="notice is-bad" role="alert">
          <div class="row">
            <b class="break">
              <Text of={cause} />
            </b>
            <code class="small faint">
              <Text of={code} />
            </code>
            <span class="small faint push">
              for {formatRough(now - raisedAt)}
              {times > 1 && `, ${count(times, 'time')}`}
            </span>
          </div>
          <AlertText of={message} />
        </div>
      ))}
    </>
  )
}
