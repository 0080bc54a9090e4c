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
import { idsWithout } from './secrets.js'
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
      return resumePrepared(context, journal, call)
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
    return await denied(context, call, error)
  }
  return sendPrepared(context, journal, prepared)
}

/** The model is told of what policy refused. Throws whatever is no PolicyError. */
async function denied({ store, lease, clock, span }: RunContext, { id }: ToolCallRow, error: unknown) {
  if (!(error instanceof PolicyError)) throw error
  span?.fail(error.code)
  const output = refusal(error.code, error.message, hintFor(error))
  await store.settle(lease, id, { state: 'denied', output, note: error.message }, clock.now())
  return undefined
}

/**
 * A write that was let through and has waited since is decided once more: approvals run out, facts change, and an
 * agent may be in shadow by now. One that a person had sent again, or that a backup holds, is the person's.
 */
async function resumePrepared(
  context: RunContext,
  journal: Journal,
  call: ToolCallRow,
): Promise<RunOutcome | undefined> {
  if (call.sends === 0 && !context.run.isRestored) {
    try {
      await checkOnceMore(context, journal, call)
    } catch (error) {
      return await denied(context, call, error)
    }
  }
  return sendPrepared(context, journal, call)
}

async function checkOnceMore(context: RunContext, journal: Journal, call: ToolCallRow): Promise<void> {
  const isApproved = call.approvalId !== undefined
  const asDecided: ToolCallRow = isApproved ? { ...call, state: 'approved' } : call
  const permitted = await permit(context, journal, asDecided)
  if (isApproved) checkApproval(context, journal, asDecided, permitted)
  else if (permitted.gate === 'approve') {
    throw new PolicyError('approval.void', `by now ${call.tool} may be used with a person’s word only`)
  }
  if (permitted.gate === 'shadow') {
    throw new PolicyError('policy.stale', `by now this agent only shows what it would do with ${call.tool}`)
  }
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
  const yields = idsWithout(secrets, readYields(tool, answer.body))
  await store.settle(lease, call.id, { state: 'done', status, output, yields, ...redirectNote(answer) }, now)
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
    'policy.stale':
      'The configuration has changed; use only the tools that are listed, and go on without this.',
    'approval.void': 'What was approved has changed; ask again only if it is still right.',
    'approval.expired': 'Nobody let it through in time; go on without it.',
  }
  return hints[error.code] ?? toAppError(error).message
}
