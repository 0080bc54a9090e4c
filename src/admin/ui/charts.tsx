import type { Tone } from './parts.js'

/** Charts, drawn as SVG on the server: sizes are attributes and colours are classes, because styles in a page are forbidden. */

type Fill = Tone | 'accent'

export interface Bar {
  /** Told when the pointer is on it. */
  readonly title: string
  /** From the bottom up. */
  readonly parts: readonly { readonly value: number; readonly fill: Fill }[]
}

/**
 * Bars over time. As wide as its place: what is written beside them is no part of the drawing, so that it is as large on
 * a telephone as elsewhere.
 */
export function Bars({
  of,
  label,
  from,
  to,
  top: wanted = 0,
  say = (value) => value.toLocaleString('en'),
  isLow = false,
}: {
  readonly of: readonly Bar[]
  /** What is seen, for those who do not see it. */
  readonly label: string
  /** What stands at both ends, below; nothing does where these are left out. */
  readonly from?: string
  readonly to?: string
  /** At least so much has room. */
  readonly top?: number
  readonly say?: (value: number) => string
  readonly isLow?: boolean
}) {
  const [step, high] = [10, 100]
  const totals = of.map(({ parts }) => parts.reduce((sum, { value }) => sum + value, 0))
  const most = Math.max(0, ...totals)
  const top = Math.max(wanted, most) || 1
  return (
    <figure class="plot">
      <svg
        class={`chart ${isLow ? 'is-low' : 'is-high'}`}
        viewBox={`0 0 ${Math.max(1, of.length) * step} ${high}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={label}
      >
        {of.map(({ title, parts }, index) => {
          let y = high
          return (
            <g>
              <title>{title}</title>
              <rect x={index * step} y="0" width={step} height={high} fill="transparent" />
              {parts.map(({ value, fill }) => {
                if (value <= 0) return null
                const tall = Math.max(2.5, (value / top) * high)
                y -= tall
                return (
                  <rect
                    class={`fill-${fill}`}
                    x={index * step + 1}
                    y={round(y)}
                    width={step - 2}
                    height={round(tall)}
                  />
                )
              })}
            </g>
          )
        })}
        <Ground width={Math.max(1, of.length) * step} at={high} />
      </svg>
      {from !== undefined && <Ends from={from} to={to} most={most === 0 ? undefined : say(most)} />}
    </figure>
  )
}

/** A line over time; gaps where there is no value. */
export function Line({
  of,
  label,
  top: wanted = 0,
  from,
  to,
  say,
  isLow = false,
}: {
  readonly of: readonly (number | undefined)[]
  readonly label: string
  readonly top?: number
  readonly from: string
  readonly to: string
  readonly say: (value: number) => string
  readonly isLow?: boolean
}) {
  const [step, high] = [10, 100]
  const width = Math.max(1, of.length) * step
  const known = of.filter((value) => value !== undefined)
  const most = Math.max(0, ...known)
  const top = Math.max(wanted, most) || 1
  return (
    <figure class="plot">
      <svg
        class={`chart ${isLow ? 'is-low' : 'is-high'}`}
        viewBox={`0 0 ${width} ${high}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={label}
      >
        {stretchesOf(
          of,
          (value, index) => `${index * step + step / 2},${round(high - (value / top) * 94)}`,
        ).map((points) => (
          <polyline
            class={new Set(points.split(' ')).size === 1 ? 'line-accent is-dot' : 'line-accent'}
            points={points}
            stroke-linecap="round"
            stroke-linejoin="round"
            vector-effect="non-scaling-stroke"
          />
        ))}
        <Ground width={width} at={high} />
      </svg>
      <Ends from={from} to={to} most={known.length === 0 ? undefined : say(most)} />
    </figure>
  )
}

/** What follows each other without a gap; one alone is a point. */
function stretchesOf(
  of: readonly (number | undefined)[],
  point: (value: number, index: number) => string,
): string[] {
  const stretches: string[] = []
  let open: string[] = []
  for (const [index, value] of [...of, undefined].entries()) {
    if (value !== undefined) open.push(point(value, index))
    else if (open.length > 0) {
      stretches.push(open.length === 1 ? `${open[0]} ${open[0]}` : open.join(' '))
      open = []
    }
  }
  return stretches
}

function Ground({ width, at }: { readonly width: number; readonly at: number }) {
  return <line class="axis" x1="0" x2={width} y1={at} y2={at} vector-effect="non-scaling-stroke" />
}

function Ends({
  from,
  to,
  most,
}: {
  readonly from: string
  readonly to: string | undefined
  readonly most: string | undefined
}) {
  return (
    <figcaption>
      <span>{from}</span>
      <span>{most !== undefined && `most ${most}`}</span>
      <span>{to}</span>
    </figcaption>
  )
}

/** What the colours of a chart stand for. */
export function Legend({ of }: { readonly of: readonly (readonly [fill: Fill, name: string])[] }) {
  return (
    <div class="legend">
      {of.map(([fill, name]) => (
        <span>
          <svg class="chart swatch" viewBox="0 0 10 10" aria-hidden="true">
            <rect class={`fill-${fill}`} width="10" height="10" rx="2" />
          </svg>
          {name}
        </span>
      ))}
    </div>
  )
}

/** Parts of a whole, side by side. */
export function Shares({
  of,
  label,
}: {
  readonly of: readonly { readonly value: number; readonly fill: Fill; readonly title: string }[]
  readonly label: string
}) {
  const whole = of.reduce((sum, { value }) => sum + value, 0)
  let x = 0
  return (
    <svg class="chart shares" viewBox="0 0 100 10" preserveAspectRatio="none" role="img" aria-label={label}>
      {whole > 0 &&
        of.map(({ value, fill, title }) => {
          const from = x
          x += (value / whole) * 100
          return (
            value > 0 && (
              <g>
                <title>{title}</title>
                <rect class={`fill-${fill}`} x={round(from)} y="0" width={round(x - from)} height="10" />
              </g>
            )
          )
        })}
    </svg>
  )
}

/** How much of a bound is used up. */
export function Meter({
  used,
  of,
  label,
}: {
  readonly used: number
  readonly of: number
  readonly label: string
}) {
  const share = of > 0 ? Math.min(1, used / of) : 0
  const fill = share >= 1 ? 'bad' : share >= 0.8 ? 'wait' : 'accent'
  return (
    <svg class="chart meter" viewBox="0 0 100 6" preserveAspectRatio="none" role="img" aria-label={label}>
      <rect class="back" x="0" y="0" width="100" height="6" />
      <rect class={`fill-${fill}`} x="0" y="0" width={round(share * 100)} height="6" />
    </svg>
  )
}

export interface Span {
  readonly name: string
  /** Milliseconds from the beginning of the whole. */
  readonly from: number
  readonly to: number
  readonly fill: Fill
  readonly href?: string
  readonly detail: string
}

/** What happened when, each on a line of its own. */
export function Waterfall({
  of,
  label,
  say,
}: {
  readonly of: readonly Span[]
  readonly label: string
  readonly say: (ms: number) => string
}) {
  const [width, left, right, line] = [900, 180, 150, 24]
  const end = Math.max(1, ...of.map(({ to }) => to))
  const x = (ms: number) => left + (ms / end) * (width - left - right)
  const height = of.length * line + 22
  return (
    <svg class="chart" viewBox={`0 0 ${width} ${height}`} aria-label={label}>
      {[0, 0.25, 0.5, 0.75, 1].map((share) => (
        <>
          <line class="axis" x1={round(x(share * end))} x2={round(x(share * end))} y1="0" y2={height - 18} />
          <text x={round(x(share * end))} y={height - 4} text-anchor="middle">
            {say(share * end)}
          </text>
        </>
      ))}
      {of.map(({ name, from, to, fill, href, detail }, index) => {
        const wide = Math.max(2, x(to) - x(from))
        const row = (
          <g>
            <title>{`${name}: ${detail}`}</title>
            <text class="label" x="0" y={index * line + 15}>
              {name.length > 28 ? `${name.slice(0, 27)}…` : name}
            </text>
            <rect
              class={`fill-${fill}`}
              x={round(x(from))}
              y={index * line + 5}
              width={round(wide)}
              height="13"
              rx="2"
            />
            <text x={round(x(from) + wide + 5)} y={index * line + 15}>
              {detail}
            </text>
          </g>
        )
        return href === undefined ? row : <a href={href}>{row}</a>
      })}
    </svg>
  )
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}
