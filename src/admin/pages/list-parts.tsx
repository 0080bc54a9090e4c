import type { Child } from 'hono/jsx'
import { plain } from '../../util/plain.js'
import { Text } from '../ui/parts.js'
import { hrefOf } from './wanted.js'

/** What lists of events, runs and approvals have in common. */

/** The next page: put below this one by our script, a page of its own without. */
export function Older({
  path,
  query,
  next,
  isPartial,
}: {
  readonly path: string
  readonly query: URLSearchParams
  readonly next: string | undefined
  /** As many rows as may be were looked at, and there are more. */
  readonly isPartial: boolean
}) {
  if (next === undefined) return null
  const href = hrefOf(path, query, { before: next, from: undefined, seen: undefined })
  return (
    <div class="more">
      {isPartial && (
        <p class="small soft">
          Many rows were looked at for these, and there are older ones that were not looked at yet.
        </p>
      )}
      <a class="button" href={href} hx-get={href} hx-target="closest .more" hx-swap="outerHTML">
        {isPartial ? 'Look further' : 'Older'}
      </a>
    </div>
  )
}

/** One of a few words, or any. */
export function Choice({
  name,
  label,
  of,
  chosen,
  any = 'any',
}: {
  readonly name: string
  readonly label: string
  readonly of: readonly (string | readonly [value: string, said: string])[]
  readonly chosen: string | undefined
  readonly any?: string
}) {
  const options = of.map((one) => (typeof one === 'string' ? ([one, one] as const) : one))
  const isOther = chosen !== undefined && !options.some(([value]) => value === chosen)
  return (
    <label>
      {label}
      <select name={name} id={`filter-${name}`}>
        <option value="">{any}</option>
        {isOther && (
          <option value={plain(chosen)} selected>
            {plain(chosen)}
          </option>
        )}
        {options.map(([value, said]) => (
          <option value={value} selected={value === chosen}>
            {said}
          </option>
        ))}
      </select>
    </label>
  )
}

export const spans = [
  ['1h', 'the last hour'],
  ['24h', 'the last 24 hours'],
  ['7d', 'the last 7 days'],
  ['30d', 'the last 30 days'],
] as const

/** Filters as a form that leads to the same page. */
export function Filters({
  path,
  q,
  hint,
  isFiltered,
  children,
}: {
  readonly path: string
  readonly q: string
  readonly hint: string
  readonly isFiltered: boolean
  readonly children?: Child
}) {
  return (
    <form method="get" action={path} class="filters">
      <label class="grow">
        Search
        <input
          id="filter-q"
          name="q"
          value={plain(q)}
          placeholder={hint}
          autocomplete="off"
          spellcheck={false}
          maxlength={500}
        />
      </label>
      {children}
      <button type="submit">Filter</button>
      {isFiltered && (
        <a class="button" href={path}>
          Clear
        </a>
      )}
    </form>
  )
}

/** What was asked for and could not be understood: said, and nothing is shown that would look like an answer. */
export function NotUnderstood({ of }: { readonly of: readonly string[] }) {
  if (of.length === 0) return null
  return (
    <div class="notice is-wait" role="alert">
      {of.map((problem) => (
        <span class="break">
          <Text of={problem} />
        </span>
      ))}
    </div>
  )
}

/** How many of these rows, newest first, came after the one that was `seen` on top; all of them when it is not here. */
export function countNew(ids: readonly string[], seen: string | undefined): number {
  if (seen === undefined) return 0
  const known = ids.indexOf(seen)
  return known === -1 ? ids.length : known
}
