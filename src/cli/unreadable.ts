import { arrivalText, parseArrival, unreadableDocument } from '../admin/unreadable.js'
import type { StoredDelivery } from '../store/records.js'
import type { ArrivalMark, MalformedFound } from '../store/reports.js'
import type { Store } from '../store/store.js'
import { type Invocation, printDocument, usageError, whenOf } from './command.js'
import { withLedger } from './ledger.js'
import { formatTable } from './table.js'
import { formatBytes, plain } from './text.js'

interface Wanted {
  readonly before?: string
  readonly limit: number
  readonly json?: boolean
}

/** Verified deliveries that could not be read: no event came of them. */
export async function unreadable(invocation: Invocation, wanted: Wanted): Promise<void> {
  const { io } = invocation
  const before = wanted.before === undefined ? undefined : placeOf(wanted.before)
  await withLedger(invocation, async (store) => {
    const { deliveries, next } = await page(store, before, wanted.limit)
    if (wanted.json) {
      const place = next === undefined ? null : arrivalText(next)
      printDocument(invocation, { deliveries: deliveries.map(unreadableDocument), next: place })
      return
    }
    io.out(formatUnreadable(deliveries, invocation))
    if (deliveries.length > 0) io.err('one of them: rouse explain <id>')
    if (next) io.err(`older ones: rouse events --unreadable --before ${arrivalText(next)}`)
  })
}

function placeOf(text: string): ArrivalMark {
  const place = parseArrival(text)
  if (place) return place
  throw usageError(`--before "${text}" is no place in this list; expected what the page before said`)
}

/** A whole page, however many deliveries lie between these. */
async function page(
  store: Store,
  before: ArrivalMark | undefined,
  limit: number,
): Promise<Pick<MalformedFound, 'deliveries' | 'next'>> {
  const deliveries: StoredDelivery[] = []
  let next = before
  do {
    const rest = limit - deliveries.length
    const found = await store.findMalformed({ limit: rest, ...(next && { before: next }) })
    deliveries.push(...found.deliveries)
    next = found.next
  } while (next !== undefined && deliveries.length < limit)
  return { deliveries, next }
}

function formatUnreadable(deliveries: readonly StoredDelivery[], invocation: Invocation): string {
  const { io } = invocation
  if (deliveries.length === 0) return 'each delivery could be read'
  const when = whenOf(invocation)
  const rows = deliveries.map(({ id, receivedAt, source, bodyBytes, reason }) => [
    // Whole: nothing finds a delivery by the beginning of its id.
    id,
    when.at(receivedAt),
    when.ago(receivedAt),
    plain(source),
    formatBytes(bodyBytes),
    plain(reason ?? 'it is not known why'),
  ])
  const columns = [
    { title: 'ID' },
    { title: 'RECEIVED' },
    { title: '' },
    { title: 'SOURCE', shrinkTo: 6 },
    { title: 'SIZE', align: 'right' as const },
    { title: 'WHY', shrinkTo: 12 },
  ]
  return formatTable(columns, rows, io.width, (text, _row, column) =>
    column === 2 ? io.style('dim', text) : text,
  )
}
