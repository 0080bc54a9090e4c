import type { Child } from 'hono/jsx'
import { spreadText } from '../../util/spread-json.js'
import { Block } from '../ui/parts.js'
import { count } from './amounts.js'

const mostShown = 4000

/** A text from outside, as a block: at most `most` characters of it, with its length where it is longer. */
export function Excerpt({
  of,
  label,
  most = mostShown,
  href,
}: {
  readonly of: string
  readonly label: string
  readonly most?: number
  /** Where all of it is. */
  readonly href?: string
}) {
  if (of.length <= most) return <Block of={of} label={label} />
  return (
    <div class="stack tight">
      <Block of={of.slice(0, most)} label={label} />
      <p class="small faint">
        The first {most.toLocaleString('en')} of {count(of.length, 'character')}.{' '}
        {href !== undefined && <a href={href}>All of it</a>}
      </p>
    </div>
  )
}

/** The same of a text that is JSON, with line breaks and indentation. */
export function JsonExcerpt({ of, ...rest }: Parameters<typeof Excerpt>[0]) {
  return <Excerpt of={spreadText(of)} {...rest} />
}

/**
 * What is there when it is asked for: fetched when it is opened, and a link without script. It stays when the page around
 * it is made fresh.
 */
export function Lazy({
  href,
  id,
  summary,
}: {
  readonly href: string
  readonly id?: string
  readonly summary: Child
}) {
  return (
    <details
      {...(id === undefined ? {} : { id })}
      hx-get={href}
      hx-trigger="toggle once"
      hx-target="find .lazy"
      hx-swap="innerHTML"
    >
      <summary>{summary}</summary>
      <div class="lazy stack" hx-morph-skip-children>
        <a href={href}>Open it on a page of its own</a>
      </div>
    </details>
  )
}
