import { StoreError } from '../../domain/errors.js'
import type { StoredDelivery } from '../../store/records.js'
import type { MalformedFound } from '../../store/reports.js'
import { isoTime } from '../../util/clock.js'
import { Card, Empty, Facts, Text, When } from '../ui/parts.js'
import { arrivalText, parseArrival } from '../unreadable.js'
import { count, formatBytes } from './amounts.js'
import { secretOf } from './event-story.js'
import { Short } from './events-table.js'
import { Excerpt } from './excerpt.js'
import { Older } from './list-parts.js'
import type { Page } from './page.js'
import { meaningOf } from './run-words.js'

const path = '/parked/unreadable'
const perPage = 50

/** Verified deliveries that could not be read: no event came of them, and no agent knows of them. */
const list: Page = {
  method: 'GET',
  path: /^\/parked\/unreadable$/,
  role: 'read',
  place: 'parked',
  async show({ query, isPart }, { store, clock }) {
    const before = parseArrival(query.get('before') ?? '')
    const found = await store.findMalformed({ limit: perPage, ...(before && { before }) })
    const shown = <Listed of={found} query={query} now={clock.now()} />
    if (isPart) return { kind: 'part', html: shown }
    const html = (
      <>
        <p class="trail">
          <a href="/parked">Dead and parked</a> / could not be read
        </p>
        <h1>Deliveries that could not be read</h1>
        {found.deliveries.length > 0 && <p class="lead">{advice()}</p>}
        {shown}
      </>
    )
    return { kind: 'page', title: 'Could not be read', html }
  },
}

/** One of them, with its bytes. */
const one: Page = {
  method: 'GET',
  path: /^\/parked\/unreadable\/(dlv_[0-9a-f]{32})$/,
  role: 'read',
  place: 'parked',
  async show({ captured: [id = ''] }, { store, clock }) {
    const delivery = await store.delivery(id)
    if (delivery?.state !== 'malformed')
      throw new StoreError('store.not_found', `there is no delivery ${id} that could not be read`)
    const title = `From ${delivery.source}, not read`
    return { kind: 'page', title, html: <Whole of={delivery} now={clock.now()} /> }
  },
}

export const unreadablePages: readonly Page[] = [list, one]

function advice(): string {
  return `${meaningOf('delivery.malformed')} The sender was told 400. Have it repaired there, and sent again: the same bytes are kept once and cannot be read any better.`
}

function Listed({
  of: { deliveries, next, isPartial },
  query,
  now,
}: {
  readonly of: MalformedFound
  readonly query: URLSearchParams
  readonly now: number
}) {
  return (
    <>
      {deliveries.length > 0 && (
        <Card flush>
          <UnreadableTable of={deliveries} now={now} />
        </Card>
      )}
      {deliveries.length === 0 && next === undefined && (
        <Card>
          <Empty title="Each delivery could be read" />
        </Card>
      )}
      <Older path={path} query={query} next={next && arrivalText(next)} isPartial={isPartial} />
    </>
  )
}

function UnreadableTable({ of, now }: { readonly of: readonly StoredDelivery[]; readonly now: number }) {
  return (
    <table class="stacks list">
      <thead>
        <tr>
          <th class="w-time">When</th>
          <th class="w-name">Source</th>
          <th>Why</th>
          <th class="num w-num">Size</th>
        </tr>
      </thead>
      <tbody>
        {of.map(({ id, source, receivedAt, reason = 'it is not known why', bodyBytes }) => (
          <tr id={id}>
            <td class="soft">
              <When at={receivedAt} now={now} />
            </td>
            <td>
              <span class="tag">
                <Short of={source} />
              </span>
            </td>
            <td class="wide">
              <a href={`${path}/${id}`}>
                <Short of={reason} />
              </a>
            </td>
            <td class="num soft" data-label="size">
              {formatBytes(bodyBytes)}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

/** The newest of them, on the page of what is stuck; `amount` is how many there ever were. */
export function UnreadableCard({
  of,
  amount,
  now,
}: {
  readonly of: readonly StoredDelivery[]
  readonly amount: number
  readonly now: number
}) {
  if (of.length === 0) return null
  return (
    <>
      <h2>Could not be read</h2>
      <Card
        flush
        title={`${count(amount, 'delivery', 'deliveries')} since the ledger was begun`}
        aside={
          <a class="small" href={path}>
            {amount > of.length ? 'All of them' : 'What to do'}
          </a>
        }
      >
        <UnreadableTable of={of} now={now} />
      </Card>
    </>
  )
}

function Whole({ of, now }: { readonly of: StoredDelivery; readonly now: number }) {
  const { id, source, receivedAt, reason, bodyBytes, body, url, headers, remoteAddress, secretIndex } = of
  return (
    <>
      <p class="trail">
        <a href="/parked">Dead and parked</a> / <a href={path}>could not be read</a>
      </p>
      <h1>
        A delivery of <Text of={source} /> that could not be read
      </h1>
      <p class="lead">{advice()}</p>
      <Card title="Delivery">
        <Facts
          of={[
            ['why', <b class="break">{<Text of={reason ?? 'not known'} />}</b>],
            [
              'received',
              <>
                <When at={receivedAt} now={now} /> <span class="faint small">{isoTime(receivedAt)}</span>
              </>,
            ],
            remoteAddress === undefined ? undefined : ['from', <Text of={remoteAddress} />],
            [
              'source',
              <a href={`/sources/${encodeURIComponent(source)}`}>
                <Text of={source} />
              </a>,
            ],
            ['verified', `by ${secretOf(secretIndex)}`],
            [
              'at',
              <code class="break">
                <Text of={url} />
              </code>,
            ],
            ['delivery', <code class="break">{id}</code>],
          ]}
        />
      </Card>
      <Card title="What was sent" aside={<span class="small soft">{formatBytes(bodyBytes)}</span>}>
        <Excerpt of={Buffer.from(body ?? []).toString('utf8')} label="What was sent" />
        <p class="small faint">As text: what is no UTF-8 shows as �. The ledger has it byte for byte.</p>
      </Card>
      <Card title="Headers">
        <Excerpt
          of={headers.map(([name, value]) => `${name}: ${value}`).join('\n') || '(none)'}
          label="Headers of the delivery"
        />
        <p class="small faint">Headers that carry secrets or signatures are never stored.</p>
      </Card>
    </>
  )
}
