import { type EventState, eventTransitions, wakes } from '../domain/event.js'
import { type Run, type RunState, runTransitions } from '../domain/run.js'
import { approvalDocument, eventDocument, runDocument, toolCallDocument } from '../runs/documents.js'
import type { StoredEvent } from '../store/records.js'
import type { Change, ChangeMark } from '../store/reports.js'
import type { Store } from '../store/store.js'
import { globMatches } from '../util/glob.js'
import type { JsonObject } from '../util/json.js'
import { addExamples, type Declare, type Invocation, oneOf, printLine } from './command.js'
import { followLedger, followStories } from './follow.js'
import { withLedger } from './ledger.js'

interface Options {
  readonly source?: string
  readonly type?: string
  readonly agent?: string
  readonly state?: string
  readonly json?: boolean
}

export const declareTail: Declare = (command, invocation) => {
  command
    .option('--source <name>', 'events of this source')
    .option('--type <type>', 'events of this type; * stands for any run of characters')
    .option('--agent <name>', 'events that woke this agent, and its runs')
    .option('--state <state>', 'events and runs in this state')
    .option('--json', 'print one JSON document a line instead')
  addExamples(command, ['rouse tail', 'rouse tail --agent ci-doctor', 'rouse tail --json | jq .event.id'])
  command.action((options: Options) => tail(invocation, options))
}

const states = [...Object.keys(eventTransitions), ...Object.keys(runTransitions)] as (EventState | RunState)[]

/** Ends when it is told to, and with what it writes to. */
async function tail(invocation: Invocation, options: Options): Promise<void> {
  const { io } = invocation
  const isWanted = filterOf(options)
  await withLedger(invocation, async (store) => {
    const ending = new AbortController()
    const undo = io.onStop(() => ending.abort())
    const { signal } = ending
    try {
      if (options.json) await followDocuments(invocation, store, { signal, isWanted })
      else await (await followStories(invocation, store, { signal, isWanted })).ended
    } finally {
      undo()
    }
  })
}

type IsWanted = (event: StoredEvent, runs: readonly Run[]) => boolean

function filterOf({ source, type, agent, state: written }: Options): IsWanted {
  const state = written === undefined ? undefined : oneOf('--state', written, states)
  return (event, runs) => {
    if (source !== undefined && event.source !== source) return false
    if (type !== undefined && !globMatches(type, event.type)) return false
    const isOfAgent = event.decisions.some((decision) => decision.agent === agent && wakes(decision))
    if (agent !== undefined && !isOfAgent && !runs.some((run) => run.agent === agent)) return false
    return state === undefined || event.state === state || runs.some((run) => run.state === state)
  }
}

const batchSize = 200

/** Each event once, and runs, tool calls and approvals as they are after each change. */
async function followDocuments(
  invocation: Invocation,
  store: Store,
  { signal, isWanted }: { readonly signal: AbortSignal; readonly isWanted: IsWanted },
): Promise<void> {
  let mark: ChangeMark = (await store.changesSince(undefined, 1)).next
  const tell = async () => {
    for (let isMore = true; isMore; ) {
      const found = await store.changesSince(mark, batchSize)
      for (const { event } of found.events) {
        if (isWanted(event, await store.runsOf(event.id)))
          printLine(invocation, { event: eventDocument(event) })
      }
      for (const change of found.changes) {
        const document = await changeDocument(store, change, isWanted)
        if (document) printLine(invocation, document)
      }
      mark = found.next
      isMore = found.isMore
    }
  }
  await followLedger(invocation, store, { tell, signal })
}

async function changeDocument(
  store: Store,
  { id, runId }: Change,
  isWanted: IsWanted,
): Promise<JsonObject | undefined> {
  const run = runId === undefined ? undefined : await store.run(runId)
  const event = run && (await store.event(run.eventId))
  if (!run || !event || !isWanted(event, [run])) return undefined
  if (id.startsWith('run_')) return { run: runDocument(run) }
  if (id.startsWith('apr_')) {
    const approval = await store.approval(id)
    return approval && { approval: approvalDocument(approval) }
  }
  const call = await store.toolCall(id)
  return call && { tool_call: toolCallDocument(call) }
}
