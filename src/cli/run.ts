import { AppError } from '../domain/errors.js'
import { journalDocument } from '../runs/documents.js'
import type { Journal, StoredEvent } from '../store/records.js'
import type { Store } from '../store/store.js'
import {
  addExamples,
  addJsonOption,
  type Declare,
  type Invocation,
  printDocument,
  whenOf,
} from './command.js'
import { findId, withLedger } from './ledger.js'
import { sayEvent, sayRunState, sayUsage } from './say.js'
import { seenBy } from './seen-events.js'
import { type SinceThen, sinceThen } from './since-then.js'
import { runStory } from './story-run.js'
import { formatStory } from './story-text.js'
import { formatFields } from './table.js'
import { plain, plainBlock } from './text.js'

export const declareRun: Declare = (command, invocation) => {
  addJsonOption(command)
  addExamples(command, [
    'rouse run run_0193b6f1e4c27d0a',
    'rouse run run_0193b6f1e4c27d0a --json | jq .steps',
  ])
  command.action((id: string, options: { json?: boolean }) => run(invocation, id, options.json ?? false))
}

async function run(invocation: Invocation, text: string, isJson: boolean): Promise<void> {
  await withLedger(invocation, async (store) => {
    const journal = await requireJournal(store, await findId(store, text, ['run']))
    const event = await store.event(journal.run.eventId)
    const seen = (await seenBy(store, [journal.run])).get(journal.run.id)
    if (isJson) printDocument(invocation, journalDocument(journal, seen))
    else
      invocation.io.out(
        formatRun(journal, event, { seen, later: await sinceThen(store, journal) }, invocation),
      )
  })
}

export async function requireJournal(store: Store, id: string): Promise<Journal> {
  if (!(await store.run(id))) throw new AppError('store.not_found', `there is no run ${id} in this ledger`)
  return store.journal(id)
}

export function formatRun(
  journal: Journal,
  event: StoredEvent | undefined,
  { seen, later }: { readonly seen: readonly StoredEvent[] | undefined; readonly later?: SinceThen },
  invocation: Invocation,
): string {
  const { run } = journal
  const when = whenOf(invocation)
  const error =
    run.error && run.state !== 'completed' ? `${run.error.code}: ${plain(run.error.message)}` : undefined
  const fields: [string, string | undefined][] = [
    ['run', run.id],
    ['agent', plain(run.agent)],
    ['event', `${run.eventId}, ${event ? sayEvent(event) : 'which is old and no longer in the ledger'}`],
    ['sees', run.eventCount > 1 ? `${run.eventCount} events; this is the newest` : undefined],
    ['state', sayRunState(run, when)],
    ['superseded', run.supersededBy === undefined ? undefined : `by ${run.supersededBy}`],
    ['why', error],
    ['replay', run.replay === 0 ? undefined : String(run.replay)],
    ['used', sayUsage(run.usage)],
    ['config', run.configDigest?.slice(0, 12)],
    ['summary', run.summary === undefined ? undefined : plainBlock(run.summary.trim())],
  ]
  return `${formatFields(fields)}\n\n${formatStory(runStory(journal, when, seen, later), when, invocation.io)}`
}
