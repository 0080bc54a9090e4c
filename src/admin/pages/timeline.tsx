import type { Child } from 'hono/jsx'
import { isoTime } from '../../util/clock.js'
import { formatMs, type Tone } from '../ui/parts.js'

/** One thing that happened. */
export interface Moment {
  /** Epoch milliseconds; undefined where only the order is known. */
  readonly at: number | undefined
  readonly tone: Tone
  readonly verb: string
  readonly text?: Child
  readonly below?: Child
}

/** What happened, by time; a moment without one stays behind the one that it was told after. */
export function Timeline({ of, label }: { readonly of: readonly Moment[]; readonly label: string }) {
  let before: number | undefined
  return (
    <ol class="steps timed" aria-label={label}>
      {inOrder(of).map((moment) => {
        const since = moment.at === undefined || before === undefined ? undefined : moment.at - before
        const isNewDay =
          moment.at !== undefined && (before === undefined || dayOf(moment.at) !== dayOf(before))
        before = moment.at ?? before
        return (
          <li class={`is-${moment.tone}`}>
            <div>
              {moment.at !== undefined && <At at={moment.at} withDay={isNewDay} />}{' '}
              {since !== undefined && since > 0 && <span class="at">+{formatMs(since)}</span>}
            </div>
            <div class="break">
              <b>{moment.verb}</b>
              {moment.text !== undefined && <> {moment.text}</>}
            </div>
            {moment.below}
          </li>
        )
      })}
    </ol>
  )
}

/** `07:00:03.120`, UTC, with all of it as a title. */
export function At({ at, withDay = false }: { readonly at: number; readonly withDay?: boolean }) {
  const full = isoTime(at)
  return (
    <time class="at nowrap" datetime={full} title={full}>
      {withDay && `${full.slice(0, 10)} `}
      {full.slice(11, 23)}
    </time>
  )
}

export function inOrder(moments: readonly Moment[]): Moment[] {
  let last = 0
  return moments
    .map((moment, position) => {
      last = moment.at ?? last
      return { moment, position, at: last }
    })
    .sort((left, right) => left.at - right.at || left.position - right.position)
    .map(({ moment }) => moment)
}

function dayOf(at: number): string {
  return isoTime(at).slice(0, 10)
}
