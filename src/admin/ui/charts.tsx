import type { Tone } from './parts.js'

/** Charts, drawn as SVG on the server: sizes are attributes and colours are classes, because styles in a page are forbidden. */

type Fill = Tone | 'accent'

export interface Bar {
  /** Told when the pointer is on it. */
  readonly title: string
  /** From the bottom up. */
  readonly parts: readonly { readonly value: number; readonly fill: Fill }[]
}

/** Bars over time, with the largest value named. Nothing at all is drawn as a line of nothing. */
export function Bars({
  of,
  label,
  from,
  to,
  height = 64,
}: {
  readonly of: readonly Bar[]
  /** What is seen, for those who do not see it. */
  readonly label: string
  readonly from: string
  readonly to: string
  readonly height?: number
}) {
  const width = 600
  const totals = of.map(({ parts }) => parts.reduce((sum, { value }) => sum + value, 0))
  const top = Math.max(1, ...totals)
  const step = width / Math.max(1, of.length)
  const gap = step > 6 ? 2 : 0.5
  return (
    <svg class="chart" viewBox={`0 0 ${width} ${height + 18}`} role="img" aria-label={label}>
      <line class="axis" x1="0" x2={width} y1={height} y2={height} />
      {of.map(({ title, parts }, index) => {
        let y = height
        return (
          <g>
            <title>{title}</title>
            <rect x={round(index * step)} y="0" width={round(step)} height={height} fill="transparent" />
            {parts.map(({ value, fill }) => {
              const tall = value === 0 ? 0 : Math.max(1.5, (value / top) * (height - 6))
              y -= tall
              return (
                <rect
                  class={`fill-${fill}`}
                  x={round(index * step + gap / 2)}
                  y={round(y)}
                  width={round(step - gap)}
                  height={round(tall)}
                  rx="1"
                />
              )
            })}
          </g>
        )
      })}
      <text x="0" y={height + 14}>
        {from}
      </text>
      <text x={width} y={height + 14} text-anchor="end">
        {to}
      </text>
      <text x={width} y="9" text-anchor="end">
        {Math.max(...totals, 0).toLocaleString('en')}
      </text>
    </svg>
  )
}

/** A line over time; gaps where there is no value. */
export function Line({
  of,
  label,
  top: wanted,
  say,
  height = 56,
}: {
  readonly of: readonly (number | undefined)[]
  readonly label: string
  readonly top?: number
  readonly say: (value: number) => string
  readonly height?: number
}) {
  const width = 300
  const known = of.filter((value) => value !== undefined)
  const top = Math.max(wanted ?? 0, ...known) || 1
  const x = (index: number) => round((index / Math.max(1, of.length - 1)) * width)
  const y = (value: number) => round(height - (value / top) * (height - 8))
  const stretches: string[] = []
  let open: string[] = []
  for (const [index, value] of [...of, undefined].entries()) {
    if (value !== undefined) open.push(`${x(index)},${y(value)}`)
    else if (open.length > 0) {
      stretches.push(open.length === 1 ? `${open[0]} ${open[0]}` : open.join(' '))
      open = []
    }
  }
  return (
    <svg class="chart" viewBox={`0 0 ${width} ${height}`} role="img" aria-label={label}>
      <line class="axis" x1="0" x2={width} y1={height - 0.5} y2={height - 0.5} />
      {stretches.map((points) => (
        <polyline class="line-accent" points={points} stroke-linecap="round" stroke-linejoin="round" />
      ))}
      <text x={width} y="9" text-anchor="end">
        {known.length === 0 ? '' : say(Math.max(...known))}
      </text>
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
      <rect class="back" x="0" y="0" width="100" height="6" rx="3" />
      <rect class={`fill-${fill}`} x="0" y="0" width={round(share * 100)} height="6" rx="3" />
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
  const [width, left, line] = [900, 220, 24]
  const end = Math.max(1, ...of.map(({ to }) => to))
  const x = (ms: number) => left + (ms / end) * (width - left - 70)
  const height = of.length * line + 22
  return (
    <svg class="chart" viewBox={`0 0 ${width} ${height}`} role="img" aria-label={label}>
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
              {name.length > 32 ? `${name.slice(0, 31)}…` : name}
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
