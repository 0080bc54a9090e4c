import { Live } from '../ui/live.js'
import { NotUnderstood, Older } from './list-parts.js'
import type { Html, Page, PageOptions, Place } from './page.js'
import { hrefOf } from './wanted.js'

const perPage = 50
/** What came since the page was opened is added to it, up to so many. */
const mostLive = 200

/** What is looked for. */
interface Wanted {
  readonly search: { readonly before?: string | undefined; readonly since?: number | undefined }
  readonly problems: readonly string[]
  readonly isFiltered: boolean
}

interface Found<Item> {
  readonly items: readonly Item[]
  readonly next: string | undefined
  readonly isPartial: boolean
}

/** What one list has of its own. */
export interface List<W extends Wanted, Item extends { readonly id: string }> {
  readonly title: string
  readonly place: Place
  /** Changes on which it is drawn anew. */
  readonly on: Parameters<typeof Live>[0]['on']
  /** An id that is older than all. */
  readonly oldest: string
  readonly wanted: (query: URLSearchParams, now: number) => W
  readonly find: (search: W['search'], limit: number, options: PageOptions) => Promise<Found<Item>>
  readonly timeOf: (item: Item) => number
  /** Those after `seen`, an id, are marked as new. */
  readonly table: (items: readonly Item[], seen: string | undefined, options: PageOptions) => Promise<Html>
  readonly filters: (wanted: W, query: URLSearchParams, options: PageOptions) => Html
  readonly nothing: (isFiltered: boolean, options: PageOptions) => Html
}

/** Everything of one sort, newest first, to be searched and looked through. The first page keeps itself fresh. */
export function listPage<W extends Wanted, Item extends { readonly id: string }>(list: List<W, Item>): Page {
  const path = `/${list.place}`
  return {
    method: 'GET',
    path: new RegExp(`^${path}$`),
    role: 'read',
    place: list.place,
    async show({ query, isPart }, options) {
      const wanted = list.wanted(query, options.clock.now())
      const isFirst = wanted.search.before === undefined
      if (isPart && isFirst) return { kind: 'part', html: await freshened(list, wanted, query, options) }
      const shown = await pageOf(list, wanted, query, options)
      if (isPart) return { kind: 'part', html: shown }
      const html = (
        <>
          <div class="head">
            <h1>{list.title}</h1>
            {!isFirst && <a href={hrefOf(path, query, { before: undefined })}>To the newest</a>}
          </div>
          {list.filters(wanted, query, options)}
          <NotUnderstood of={wanted.problems} />
          {wanted.problems.length === 0 && shown}
        </>
      )
      return { kind: 'page', title: list.title, html }
    },
  }
}

async function pageOf<W extends Wanted, Item extends { readonly id: string }>(
  list: List<W, Item>,
  { search, problems, isFiltered }: W,
  query: URLSearchParams,
  options: PageOptions,
): Promise<Html> {
  if (problems.length > 0) return <NotUnderstood of={problems} />
  const path = `/${list.place}`
  const { items, next, isPartial } = await list.find(search, perPage, options)
  const isNothing = items.length === 0 && next === undefined
  const table = items.length > 0 && (await list.table(items, undefined, options))
  const older = <Older path={path} query={query} next={next} isPartial={isPartial} />
  if (search.before !== undefined) {
    return (
      <>
        {table}
        {isNothing && <p class="more soft">There are no older ones.</p>}
        {older}
      </>
    )
  }
  // What is shown now stays shown while newer ones are added above it.
  const last = next === undefined ? undefined : items.at(-1)
  const part = hrefOf(path, query, {
    before: undefined,
    seen: items[0]?.id ?? list.oldest,
    from: last && String(list.timeOf(last)),
  })
  return (
    <>
      <Live part={part} on={list.on}>
        {table}
        {isNothing && list.nothing(isFiltered, options)}
      </Live>
      {older}
    </>
  )
}

/** What the first page shows now: all that it showed, and what came since. */
async function freshened<W extends Wanted, Item extends { readonly id: string }>(
  list: List<W, Item>,
  { search, problems, isFiltered }: W,
  query: URLSearchParams,
  options: PageOptions,
): Promise<Html> {
  if (problems.length > 0) return <NotUnderstood of={problems} />
  const from = Number(query.get('from') ?? 0)
  const since = Math.max(search.since ?? 0, Number.isFinite(from) ? from : 0)
  const { items, isPartial } = await list.find({ ...search, since }, mostLive, options)
  if (items.length === 0 && !isPartial) return list.nothing(isFiltered, options)
  return list.table(items, query.get('seen') ?? undefined, options)
}
