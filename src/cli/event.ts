import { AppError } from '../domain/errors.js'
import type { Run } from '../domain/run.js'
import { deliveryDocument, eventDocument, runDocument } from '../runs/documents.js'
import type { StoredDelivery, StoredEvent } from '../store/records.js'
import type { Store } from '../store/store.js'
import { isoTime } from '../util/clock.js'
import { stringifyJson } from '../util/json.js'
import {
  addExamples,
  addJsonOption,
  type Declare,
  type Invocation,
  printDocument,
  whenOf,
} from './command.js'
import { findId, withLedger } from './ledger.js'
import { sayDecision, sayRunState } from './say.js'
import { formatFields } from './table.js'
import { formatBytes, indentBy, plain, plainBlock } from './text.js'

export const declareEvent: Declare = (command, invocation) => {
  command.option('--data', 'print only the event’s data, as JSON')
  addJsonOption(command)
  addExamples(command, ['rouse event evt_0193b6f1e4c27d0a', 'rouse event evt_0193b6f1e4c27d0a --data | jq .'])
  command.action((id: string, options: { json?: boolean; data?: boolean }) => event(invocation, id, options))
}

async function event(
  invocation: Invocation,
  text: string,
  options: { json?: boolean; data?: boolean },
): Promise<void> {
  const { io } = invocation
  await withLedger(invocation, async (store) => {
    const found = await requireEvent(store, await findId(store, text, ['evt']))
    const deliveries = await store.deliveriesOf(found.id)
    const runs = await store.runsOf(found.id)
    if (options.data) printDocument(invocation, found.data)
    else if (options.json) {
      printDocument(invocation, {
        ...eventDocument(found),
        data: found.data,
        deliveries: deliveries.map(deliveryDocument),
        runs: runs.map(runDocument),
      })
    } else io.out(formatEvent(found, deliveries, runs, invocation))
  })
}

export async function requireEvent(store: Store, id: string): Promise<StoredEvent> {
  const found = await store.event(id)
  if (!found) throw new AppError('store.not_found', `there is no event ${id} in this ledger`)
  return found
}

const shownDataLines = 60

export function formatEvent(
  event: StoredEvent,
  deliveries: readonly StoredDelivery[],
  runs: readonly Run[],
  invocation: Invocation,
): string {
  const { io } = invocation
  const when = whenOf(invocation)
  const fields: [string, string | undefined][] = [
    ['event', event.id],
    ['source', plain(event.source)],
    ['type', plain(event.type)],
    ['subject', event.subject === undefined ? undefined : plain(event.subject)],
    ['time', `${when.both(event.time)}, ${isoTime(event.time)}`],
    ['recorded', `${when.both(event.recordedAt)}, by ${event.via}`],
    ['state', event.state],
    ['sender’s id', event.sourceEventId === undefined ? undefined : plain(event.sourceEventId)],
    [
      'ids',
      Object.entries(event.ids)
        .map(([name, value]) => plain(`${name}=${value}`))
        .join('\n'),
    ],
    [
      'agents',
      event.decisions.map((decision) => `${plain(decision.agent)}: ${sayDecision(decision)}`).join('\n'),
    ],
    ['runs', runs.map((run) => `${run.id} ${plain(run.agent)}, ${sayRunState(run, when)}`).join('\n')],
    [
      'deliveries',
      deliveries
        .map(
          ({ id, state, receivedAt, bodyBytes }) =>
            `${id} ${state}, ${when.both(receivedAt)}, ${formatBytes(bodyBytes)}`,
        )
        .join('\n'),
    ],
  ]
  const lines = plainBlock(stringifyJson(event.data, 2)).split('\n')
  const shown = lines.slice(0, shownDataLines)
  const rest = lines.length - shown.length
  if (rest > 0) shown.push(`… ${rest} more lines: rouse event ${event.id} --data`)
  return `${formatFields(fields)}\n\n${io.style('bold', 'data')}\n${indentBy(shown.join('\n'), '  ')}`
}
