import { type ApprovalState, approvalTransitions } from '../domain/approval.js'
import { isFinal, type Run } from '../domain/run.js'
import type { ToolCall } from '../domain/tool-call.js'
import { carriedMarker } from '../policy/idempotency.js'
import { approvalDocument, toolCallDocument } from '../runs/documents.js'
import type { StoredEvent } from '../store/records.js'
import type { Store } from '../store/store.js'
import { formatCard, formatWays, readCard } from './approval-card.js'
import {
  addExamples,
  addJsonOption,
  type Declare,
  type Invocation,
  oneOf,
  parseLimit,
  printDocument,
  whenOf,
} from './command.js'
import { formatRequest } from './exact-request.js'
import { withLedger } from './ledger.js'
import { sayEvent } from './say.js'
import { formatFields } from './table.js'
import { count, indentBy, plain } from './text.js'

interface Options {
  readonly state: string
  readonly limit: number
  readonly json?: boolean
}

export const declareApprovals: Declare = (command, invocation) => {
  command
    .option('--state <state>', Object.keys(approvalTransitions).join(', '), 'waiting')
    .option('--limit <n>', 'at most this many', parseLimit, 20)
  addJsonOption(command)
  addExamples(command, ['rouse approvals', 'rouse approvals --state denied --json'])
  command.action((options: Options) => approvals(invocation, options))
}

async function approvals(invocation: Invocation, options: Options): Promise<void> {
  const { io } = invocation
  const state = oneOf('--state', options.state, Object.keys(approvalTransitions) as ApprovalState[])
  await withLedger(invocation, async (store) => {
    const found = await store.listApprovals({ state, limit: options.limit })
    // Held writes wait for a person too, whatever is asked of the approvals.
    const held = state === 'waiting' ? await store.listHeld() : []
    if (options.json) {
      printDocument(invocation, { approvals: found.map(approvalDocument), held: held.map(toolCallDocument) })
      return
    }
    const parts: string[] = []
    for (const approval of found) {
      const card = formatCard(await readCard(store, approval, invocation), invocation)
      parts.push(card + formatWays(approval, io.clock.now()))
    }
    for (const call of held) parts.push(await describeHeld(store, call, invocation))
    const nothing = state === 'waiting' ? 'nothing waits for a person' : `no approval is ${state}`
    io.out(parts.length === 0 ? nothing : parts.join('\n\n'))
    if (found.length === options.limit)
      io.err(`only the newest ${count(found.length, 'approval')}; see --limit`)
  })
}

export async function describeHeld(store: Store, call: ToolCall, invocation: Invocation): Promise<string> {
  const { run, calls } = await store.journal(call.runId)
  const note = calls.find(({ id }) => id === call.id)?.note
  return formatHeld({ ...call, note }, run, await store.event(run.eventId), invocation)
}

/** A write that was sent and whose outcome nobody knows. */
export function formatHeld(
  call: ToolCall & { readonly note: string | undefined },
  { agent, state }: Pick<Run, 'agent' | 'state'>,
  event: StoredEvent | undefined,
  invocation: Invocation,
): string {
  const { io } = invocation
  const { id, tool, sends, firstSentAt, idempotencyKey, runId, request, note } = call
  const when = whenOf(invocation)
  const sent = firstSentAt === undefined ? '' : `, first ${when.both(firstSentAt)}`
  const fields: [string, string | undefined][] = [
    ['agent', `${plain(agent)}, with the tool ${plain(tool)}`],
    ['event', event && `${event.id}, ${sayEvent(event)}`],
    ['run', isFinal(state) ? `${runId}, ${state}: it sends nothing more` : runId],
    ['sent', sends === 0 ? 'not by this ledger' : `${count(sends, 'time')}${sent}; no certain answer came`],
    ['why', note === undefined ? undefined : plain(note)],
    ['key', idempotencyKey === undefined ? undefined : plain(idempotencyKey)],
    ['marker', carriedMarker(call)],
  ]
  const lines = [`${io.style('bold', id)}  ${io.style('yellow', 'held')}`, formatFields(fields, '  ')]
  if (request) lines.push('', formatRequest(request, '    '))
  const ways = ['--happened', '--not-happened', ...(isFinal(state) ? [] : ['--send-again'])]
  const commands = ways.map((way) => `rouse approve ${id} ${way}`)
  const advice = ['Look in the service whether it happened, then one of:', ...commands].join('\n')
  return [...lines, '', indentBy(advice, '  ')].join('\n')
}
