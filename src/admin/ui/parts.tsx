import type { Child } from 'hono/jsx'
import type { ApprovalState } from '../../domain/approval.js'
import type { Run } from '../../domain/run.js'
import type { ToolCallState } from '../../domain/tool-call.js'
import { isoTime } from '../../util/clock.js'
import { formatDuration } from '../../util/duration.js'
import { plain, plainBlock } from '../../util/plain.js'

/** What pages are made of. Whatever comes from outside goes through `Text`, `Block` or `Said`, and is text there. */

/** How something is, at a glance. */
export type Tone = 'good' | 'busy' | 'wait' | 'bad' | 'none'

export function Pill({ tone, children }: { readonly tone: Tone; readonly children?: Child }) {
  return <span class={`pill is-${tone}`}>{children}</span>
}

/** What is written from right to left, also the digits that go with it. */
const rightToLeft = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u

/**
 * One line of outside text: what cannot be seen is written as its code. What is written from right to left stays by
 * itself: it would else take the numbers and signs beside it to its other side (`name = 5` would be `5 = name`).
 */
export function Text({ of }: { readonly of: string }) {
  const text = plain(of)
  if (rightToLeft.test(text)) return <bdi dir="ltr">{text}</bdi>
  return <>{text}</>
}

/** Several lines of it, as they are. */
export function Block({ of, label }: { readonly of: string; readonly label?: string }) {
  return (
    <pre class="block" tabindex={0} {...(label === undefined ? {} : { 'aria-label': label })}>
      {plainBlock(of)}
    </pre>
  )
}

/** Words of a model or of a stranger, marked as theirs, cut at `most` characters and with their length. */
export function Said({
  by,
  of,
  most = 4000,
}: {
  readonly by: string
  readonly of: string
  readonly most?: number
}) {
  const isCut = of.length > most
  // Where it has a scroll bar of its own, keys must reach it.
  const isLong = of.length > 600 || of.split('\n').length > 15
  return (
    <div class="stack tight">
      <span class="said-by">
        {by}, {of.length.toLocaleString('en')} characters
        {isCut && `, the first ${most.toLocaleString('en')} shown`}
      </span>
      <div class="said" {...(isLong ? { tabindex: 0 } : {})}>
        {plainBlock(isCut ? of.slice(0, most) : of)}
      </div>
    </div>
  )
}

/** A moment: short, with all of it as a title; `now` makes it “3 min ago”. */
export function When({ at, now }: { readonly at: number; readonly now: number }) {
  const full = isoTime(at)
  return (
    <time datetime={full} title={full} class="nowrap">
      {sayAgo(at, now)}
    </time>
  )
}

export function sayAgo(at: number, now: number): string {
  const ms = now - at
  if (Math.abs(ms) < 1500) return 'just now'
  const said = formatRough(Math.abs(ms))
  return ms > 0 ? `${said} ago` : `in ${said}`
}

/** `45 s`, `12 min`, `3 h`, `5 d`: one unit, rounded down. */
export function formatRough(ms: number): string {
  const seconds = Math.floor(ms / 1000)
  if (seconds < 90) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 90) return `${minutes} min`
  const hours = Math.floor(minutes / 60)
  return hours < 48 ? `${hours} h` : `${Math.floor(hours / 24)} d`
}

export function formatMs(ms: number): string {
  return ms < 1000
    ? `${Math.round(ms)} ms`
    : ms < 60_000
      ? `${(ms / 1000).toFixed(1)} s`
      : formatDuration(Math.round(ms / 1000) * 1000)
}

export function Card({
  title,
  aside,
  tone,
  flush = false,
  children,
}: {
  readonly title?: Child
  readonly aside?: Child
  readonly tone?: Tone
  /** For tables, which go to the edge. */
  readonly flush?: boolean
  readonly children?: Child
}) {
  const classes = ['card', ...(flush ? ['flush'] : []), ...(tone === undefined ? [] : [`is-${tone}`])].join(
    ' ',
  )
  return (
    <section class={classes}>
      {title !== undefined && (
        <div class="head">
          <h2>{title}</h2>
          {aside}
        </div>
      )}
      {children}
    </section>
  )
}

/** Names and values. */
export function Facts({
  of,
}: {
  readonly of: readonly (readonly [name: string, value: Child] | undefined)[]
}) {
  return (
    <dl class="facts">
      {of.map(
        (entry) =>
          entry && (
            <>
              <dt>{entry[0]}</dt>
              <dd>{entry[1]}</dd>
            </>
          ),
      )}
    </dl>
  )
}

/** Nothing is here yet: what would be, and how to get it. */
export function Empty({ title, children }: { readonly title: string; readonly children?: Child }) {
  return (
    <div class="empty">
      <b>{title}</b>
      {children}
    </div>
  )
}

export function Tile({
  href,
  value,
  name,
  tone,
}: {
  readonly href?: string
  readonly value: Child
  readonly name: Child
  readonly tone?: Tone
}) {
  const classes = tone === undefined ? 'tile' : `tile is-${tone}`
  const inner = (
    <>
      <b>{value}</b>
      <span>{name}</span>
    </>
  )
  return href === undefined ? (
    <div class={classes}>{inner}</div>
  ) : (
    <a class={classes} href={href}>
      {inner}
    </a>
  )
}

export function runTone({ state, parkedOn }: Pick<Run, 'state' | 'parkedOn'>): Tone {
  if (state === 'parked') return parkedOn === 'approval' || parkedOn === 'person' ? 'wait' : 'none'
  const tones = {
    queued: 'none',
    running: 'busy',
    completed: 'good',
    failed: 'wait',
    dead: 'bad',
    cancelled: 'none',
  } as const
  return tones[state]
}

export function RunState({ run }: { readonly run: Pick<Run, 'state' | 'parkedOn'> }) {
  const on = run.state === 'parked' && run.parkedOn !== undefined ? `: ${run.parkedOn}` : ''
  return <Pill tone={runTone(run)}>{run.state + on}</Pill>
}

const callTones: Readonly<Record<ToolCallState, Tone>> = {
  proposed: 'none',
  waiting: 'wait',
  approved: 'busy',
  denied: 'bad',
  expired: 'bad',
  prepared: 'busy',
  sent: 'busy',
  confirmed: 'good',
  rejected: 'bad',
  unknown: 'wait',
  held: 'wait',
  done: 'good',
  failed: 'bad',
  simulated: 'none',
}

export function callTone(state: ToolCallState): Tone {
  return callTones[state]
}

export function CallState({ state }: { readonly state: ToolCallState }) {
  return <Pill tone={callTones[state]}>{state}</Pill>
}

const approvalTones: Readonly<Record<ApprovalState, Tone>> = {
  waiting: 'wait',
  approved: 'good',
  denied: 'bad',
  expired: 'none',
  edited: 'none',
}

export function ApprovalPill({ state }: { readonly state: ApprovalState }) {
  return <Pill tone={approvalTones[state]}>{state}</Pill>
}

/** `0.0123 USD`; `unknown` is not nothing. */
export function sayUsd(usd: number | undefined): string {
  if (usd === undefined) return 'unknown'
  return `${usd === 0 ? '0' : usd.toFixed(usd < 1 ? 4 : 2)} USD`
}

/** The last part of an id, enough to tell a few apart; the whole is its title and its link. */
export function Id({ id, href }: { readonly id: string; readonly href?: string }) {
  const short = id.replace(/^([a-z]+_)[0-9a-f]+([0-9a-f]{6})$/, '$1…$2')
  return href === undefined ? (
    <code title={id}>{short}</code>
  ) : (
    <a href={href} title={id}>
      <code>{short}</code>
    </a>
  )
}
