import { PolicyError, toAppError } from '../domain/errors.js'
import type { RunOutcome } from '../domain/run.js'
import { settledToolCallStates, type ToolCall, type ToolOutput } from '../domain/tool-call.js'
import { readYields } from '../policy/scope.js'
import type { Journal, ToolCallRow } from '../store/records.js'
import { faultPoint } from '../util/fault-point.js'
import { askPerson, checkApproval } from './approve.js'
import type { RunContext } from './context.js'
import { type Permit, permit } from './permit.js'
import { refusal } from './prompt.js'
import { readWithRetries } from './read.js'
import { redirectNote, refused } from './refused.js'
import { held, pursueUnknown, resumeSent, sendPrepared } from './unknown.js'
import { waitMs, waitsInARow } from './waits.js'
import { prepareWrite, simulateWrite } from './write.js'

/**
 * Takes one recorded tool call as far as it goes now, from whatever state a crash may have left it in.
 * Returns undefined when it has its output, else how the run must park for it.
 */
export async function advanceToolCall(
  context: RunContext,
  journal: Journal,
  call: ToolCallRow,
): Promise<RunOutcome | undefined> {
  switch (call.state) {
    case 'proposed':
    case 'approved':
      return decideAndPerform(context, journal, call)
    case 'waiting':
      return { state: 'parked', on: 'approval' }
    case 'prepared':
      return sendPrepared(context, journal, call)
    case 'sent':
      return resumeSent(context, call)
    case 'unknown':
      return pursueUnknown(context, call)
    case 'held':
      return held(call)
    default:
      return undefined
  }
}

export function isSettled(call: ToolCall): boolean {
  return settledToolCallStates.includes(call.state)
}

async function decideAndPerform(
  context: RunContext,
  journal: Journal,
  call: ToolCallRow,
): Promise<RunOutcome | undefined> {
  const { store, lease, clock } = context
  let prepared: ToolCallRow
  try {
    if (call.state === 'approved') faultPoint('K18')
    const permitted = await permit(context, journal, call)
    if (call.state === 'approved') checkApproval(context, journal, call, permitted)
    else if (permitted.gate === 'approve') return await askPerson(context, call, permitted)
    if (permitted.gate === 'shadow') {
      await simulateWrite(context, call, permitted)
      return undefined
    }
    if (permitted.tool.effect === 'read') return await performRead(context, journal, call, permitted)
    prepared = await prepareWrite(context, call, permitted)
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error
    context.span?.fail(error.code)
    const output = refusal(error.code, error.message, hintFor(error))
    await store.settle(lease, call.id, { state: 'denied', output, note: error.message }, clock.now())
    return undefined
  }
  return sendPrepared(context, journal, prepared)
}

/** How often in a row a run waits for an API that asks it to, before the read counts as failed. */
const maxReadWaits = 10

async function performRead(
  context: RunContext,
  journal: Journal,
  call: ToolCallRow,
  { tool, request }: Permit,
): Promise<RunOutcome | undefined> {
  const { store, lease, clock, secrets } = context
  const answer = await readWithRetries(context, tool, request)
  if (context.signal.aborted) throw context.signal.reason
  const now = clock.now()
  if (answer.kind !== 'answered') {
    const output = refusal(
      answer.error.code,
      answer.error.message,
      'The read did not work; go on without it or say so.',
    )
    await store.settle(lease, call.id, { state: 'failed', output }, now)
    return undefined
  }
  const { status, retryAfterMs } = answer
  const waits = waitsInARow(journal.attempts, (code) => code === 'tool.status')
  if (status === 429 && retryAfterMs !== undefined && waits < maxReadWaits) {
    const message = `${tool.name}: the API asked to wait`
    const until = now + waitMs(waits, retryAfterMs)
    return { state: 'parked', on: 'api', until, error: { code: 'tool.status', message } }
  }
  if (status >= 300) {
    await store.settle(
      lease,
      call.id,
      { state: 'failed', status, output: refused(answer, secrets), ...redirectNote(answer) },
      now,
    )
    return undefined
  }
  const output: ToolOutput = { ok: true, status, result: secrets.redactJson(answer.result) }
  await store.settle(
    lease,
    call.id,
    { state: 'done', status, output, yields: readYields(tool, answer.body), ...redirectNote(answer) },
    now,
  )
  return undefined
}

function hintFor(error: PolicyError): string {
  const hints: Partial<Record<string, string>> = {
    'policy.unknown_tool': 'Use only the tools that are listed.',
    'policy.not_granted': 'Use only the tools that are listed.',
    'policy.schema': 'Correct the arguments and call again.',
    'policy.scope': 'This event does not have the id that the tool needs; go on without it.',
    'policy.constraint': 'The rule for this tool does not allow it with these arguments.',
    'policy.budget': 'No more of this is allowed; go on without it.',
    'policy.flow': 'What you have read is not for those who would see this; go on without it.',
    'policy.text': 'Leave it out and call again.',
    'policy.stale': 'Use only the tools that are listed.',
    'approval.void': 'What was approved has changed; ask again only if it is still right.',
    'approval.expired': 'Nobody let it through in time; go on without it.',
  }
  return hints[error.code] ?? toAppError(error).message
}
