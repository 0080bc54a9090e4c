import { AppError, PolicyError, toAppError } from '../domain/errors.js'
import type { RunOutcome } from '../domain/run.js'
import type { Tool } from '../domain/tool.js'
import {
  type FrozenRequest,
  settledToolCallStates,
  type ToolCall,
  type ToolOutput,
} from '../domain/tool-call.js'
import { reservationsFor } from '../policy/budget.js'
import { classifyWrite, whatToDoWithUnknown } from '../policy/outcome.js'
import { readYields } from '../policy/scope.js'
import type { Journal } from '../store/records.js'
import type { ToolAnswer } from '../tools/tool.js'
import { backoffMs } from '../util/backoff.js'
import { sleep } from '../util/clock.js'
import { faultPoint } from '../util/fault-point.js'
import { askPerson, checkApproval } from './approve.js'
import type { RunContext } from './context.js'
import { type Permit, permit } from './permit.js'
import { refusal } from './prompt.js'
import { credentialOf, readWithRetries } from './read.js'
import { waitMs, waitsInARow } from './waits.js'

/**
 * Takes one recorded tool call as far as it goes now, from whatever state a crash may have left it in.
 * Returns undefined when it has its output, else how the run must park for it.
 */
export async function advanceToolCall(
  context: RunContext,
  journal: Journal,
  call: ToolCall,
): Promise<RunOutcome | undefined> {
  switch (call.state) {
    case 'proposed':
    case 'approved':
      return decideAndPerform(context, journal, call)
    case 'waiting':
      return { state: 'parked', on: 'approval' }
    case 'prepared':
      return transmit(context, journal, call, frozen(context, call))
    case 'sent':
      // The process ended between the first byte and the outcome: nobody knows.
      await context.store.settle(
        context.lease,
        call.id,
        { state: 'unknown', note: 'interrupted after it was sent' },
        context.clock.now(),
      )
      return retryOrHold(context, journal, call)
    case 'unknown':
      return retryOrHold(context, journal, call)
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
  call: ToolCall,
): Promise<RunOutcome | undefined> {
  const { store, lease, clock } = context
  try {
    if (call.state === 'approved') faultPoint('K18')
    const permitted = await permit(context, journal, call)
    if (call.state === 'approved') checkApproval(context, journal, call, permitted)
    else if (permitted.grant.gate === 'approve') return await askPerson(context, call, permitted)
    if (permitted.tool.effect === 'read') return await performRead(context, journal, call, permitted)
    return await performWrite(context, journal, call, permitted)
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error
    const output = refusal(error.code, error.message, hintFor(error))
    await store.settle(lease, call.id, { state: 'denied', output, note: error.message }, clock.now())
    return undefined
  }
}

/** How often in a row a run waits for an API that asks it to, before the read counts as failed. */
const maxReadWaits = 10

async function performRead(
  context: RunContext,
  journal: Journal,
  call: ToolCall,
  { tool, request }: Permit,
): Promise<RunOutcome | undefined> {
  const { store, lease, clock } = context
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
    return { state: 'parked', on: 'time', until, error: { code: 'tool.status', message } }
  }
  if (status >= 300) {
    await store.settle(lease, call.id, { state: 'failed', status, output: refused(answer) }, now)
    return undefined
  }
  const output: ToolOutput = { ok: true, status, result: answer.result }
  await store.settle(
    lease,
    call.id,
    { state: 'done', status, output, yields: readYields(tool, answer.body) },
    now,
  )
  return undefined
}

async function performWrite(
  context: RunContext,
  journal: Journal,
  call: ToolCall,
  { tool, grant, bindings, request, identity }: Permit,
): Promise<RunOutcome | undefined> {
  const { store, lease, run, event, clock } = context
  if (!identity) throw new AppError('internal.unexpected', `${tool.name} is no write`)
  const { ids, key, ordinal } = identity
  const now = clock.now()
  const reservations = reservationsFor(grant, tool, {
    runId: run.id,
    subject: `${event.source}/${run.subject}`,
    ids,
    now,
    args: bindings.args,
  })
  const intent = {
    request,
    effect: tool.effect,
    args: bindings.args,
    idempotencyKey: key,
    ordinal,
    reservations,
  }
  const prepared = await store.prepare(lease, call.id, intent, now)
  if (prepared.state === 'over_budget') {
    throw new PolicyError(
      'policy.budget',
      `${tool.name} is used up: at most ${prepared.limit} (${prepared.counter})`,
    )
  }
  faultPoint('K09')
  return transmit(context, journal, call, { tool, request, key })
}

/** How often a request that certainly did not reach the API is made again at once. */
const maxConnects = 3

/** `sent` is committed before the first byte leaves, and the outcome after the last byte came. */
async function transmit(
  context: RunContext,
  journal: Journal,
  call: ToolCall,
  { tool, request, key }: Frozen,
): Promise<RunOutcome | undefined> {
  const { store, lease, clock, tools } = context
  // A call that is about to be sent for the first time is prepared; any other went out before.
  const isResend = call.sends > 0
  await store.markSent(lease, call.id, clock.now())
  faultPoint('K10')
  const options = { credential: credentialOf(context, tool), idempotencyKey: key, signal: context.signal }
  let answer = await tools.send(tool, request, options)
  for (
    let connects = 1;
    answer.kind === 'not_sent' && connects < maxConnects && !context.signal.aborted;
    connects++
  ) {
    await sleep(backoffMs(connects, { firstMs: 250, maxMs: 2000 }), context.signal).catch(() => undefined)
    answer = await tools.send(tool, request, options)
  }
  if (answer.kind === 'answered') faultPoint('K13')
  const now = clock.now()
  const verdict = classifyWrite(answer, { isResend })
  if (answer.kind === 'answered' && verdict === 'confirmed') {
    const output: ToolOutput = { ok: true, status: answer.status, result: answer.result }
    await store.settle(
      lease,
      call.id,
      { state: 'confirmed', status: answer.status, output, yields: readYields(tool, answer.body) },
      now,
    )
    faultPoint('K14')
    return undefined
  }
  if (answer.kind === 'answered' && verdict === 'rejected') {
    await store.settle(
      lease,
      call.id,
      { state: 'rejected', status: answer.status, output: refused(answer) },
      now,
    )
    return undefined
  }
  if (answer.kind === 'not_sent' && verdict === 'not_sent') return neverLeft(context, journal, call, answer)
  const note = answer.kind === 'answered' ? `the API answered ${answer.status}` : answer.error.message
  const status = answer.kind === 'answered' ? { status: answer.status } : {}
  await store.settle(lease, call.id, { state: 'unknown', note, ...status }, now)
  return waitToRetryOrHold(context, call, answer)
}

/** How often in a row a run waits for an API that cannot be reached, before its write counts as refused. */
const maxConnectWaits = 20

/** No byte of a first send left. It waits as if it had not begun, unless there is nothing to wait for. */
async function neverLeft(
  { store, lease, clock, signal }: RunContext,
  { attempts }: Journal,
  call: ToolCall,
  { error }: Extract<ToolAnswer, { kind: 'not_sent' }>,
): Promise<RunOutcome | undefined> {
  const now = clock.now()
  const waits = waitsInARow(attempts, (code) => code === error.code)
  if (signal.aborted || (error.retry !== 'never' && waits < maxConnectWaits)) {
    await store.takeBack(lease, call.id, now)
    if (signal.aborted) throw signal.reason
    const { code, message } = error
    return { state: 'parked', on: 'time', until: now + waitMs(waits, undefined), error: { code, message } }
  }
  const hint = 'Nothing was sent. Say in your answer that this did not happen.'
  const output = refusal(error.code, error.message, hint)
  await store.settle(lease, call.id, { state: 'rejected', output, note: 'never reached the API' }, now)
  return undefined
}

/** Just now the outcome became unknown: wait a moment before the same bytes go out again, or hold. */
async function waitToRetryOrHold(
  context: RunContext,
  call: ToolCall,
  answer: ToolAnswer,
): Promise<RunOutcome> {
  const current = await reread(context, call)
  const { tool } = frozen(context, current)
  const now = context.clock.now()
  if (whatToDoWithUnknown(tool, current, now) === 'hold') return hold(context, current)
  const asked = answer.kind === 'answered' ? answer.retryAfterMs : undefined
  const until = now + waitMs(current.sends - 1, asked)
  if (whatToDoWithUnknown(tool, current, until) === 'hold') return hold(context, current)
  return {
    state: 'parked',
    on: 'time',
    until,
    error: {
      code: 'tool.unknown_outcome',
      message: `${tool.name}: sent, and no certain answer came; the same request with the same key goes out again`,
    },
  }
}

/** The run goes on with a call whose outcome is unknown: the same bytes and key again while the key lives, else a person. */
async function retryOrHold(
  context: RunContext,
  journal: Journal,
  call: ToolCall,
): Promise<RunOutcome | undefined> {
  const current = await reread(context, call)
  const { tool, request, key } = frozen(context, current)
  if (whatToDoWithUnknown(tool, current, context.clock.now()) === 'hold') return hold(context, current)
  return transmit(context, journal, current, { tool, request, key })
}

async function hold(context: RunContext, call: ToolCall): Promise<RunOutcome> {
  await context.store.settle(context.lease, call.id, { state: 'held' }, context.clock.now())
  return held(call)
}

function held(call: ToolCall): RunOutcome {
  const message = `${call.tool} was sent and its outcome is not known; a person must say what became of ${call.id}`
  return { state: 'parked', on: 'person', error: { code: 'tool.held', message } }
}

async function reread({ store }: RunContext, call: ToolCall): Promise<ToolCall> {
  const current = await store.toolCall(call.id)
  if (!current) throw new AppError('store.not_found', `tool call ${call.id} is gone from the ledger`)
  return current
}

interface Frozen {
  readonly tool: Tool
  readonly request: FrozenRequest
  readonly key: string
}

/** What was frozen when the call was prepared, and the tool of the run's own configuration. */
function frozen({ config }: RunContext, call: ToolCall): Frozen {
  const tool = config.tools.get(call.tool)
  const { request, idempotencyKey: key } = call
  if (!tool || !request || key === undefined) {
    throw new AppError('store.invalid', `tool call ${call.id} is ${call.state} without its request`)
  }
  return { tool, request, key }
}

function refused(answer: Extract<ToolAnswer, { kind: 'answered' }>): ToolOutput {
  if (answer.status < 400) {
    const hint = 'The tool’s address has moved; a person must correct it. Go on without it.'
    return refusal(
      'tool.redirect',
      `the API answered ${answer.status}, a redirect, which is not followed`,
      hint,
    )
  }
  const hint =
    answer.status >= 500
      ? 'The API has a fault of its own; go on without it or say so.'
      : 'The API refused the request. Read its answer before you try anything else.'
  return { ...refusal('tool.status', `the API answered ${answer.status}`, hint), result: answer.result }
}

function hintFor(error: PolicyError): string {
  const hints: Partial<Record<string, string>> = {
    'policy.unknown_tool': 'Use only the tools that are listed.',
    'policy.not_granted': 'Use only the tools that are listed.',
    'policy.schema': 'Correct the arguments and call again.',
    'policy.scope': 'This event does not have the id that the tool needs; go on without it.',
    'policy.constraint': 'The rule for this tool does not allow it with these arguments.',
    'policy.budget': 'No more of this is allowed; go on without it.',
    'approval.void': 'What was approved has changed; ask again only if it is still right.',
    'approval.expired': 'Nobody let it through in time; go on without it.',
  }
  return hints[error.code] ?? toAppError(error).message
}
