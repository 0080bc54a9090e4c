import type { ModelSettings } from '../domain/agent.js'
import { AppError, ModelError, ToolError } from '../domain/errors.js'
import { type LimitReached, limitReached } from '../domain/limits.js'
import { type Run, type RunOutcome, supersededError } from '../domain/run.js'
import { answerAttributes, modelSpan, toolCallSpan } from '../domain/spans.js'
import type { ToolCall } from '../domain/tool-call.js'
import type { ModelAnswer, ModelRequest } from '../models/model.js'
import type { Journal, NewStep, StoredStep, ToolCallRow } from '../store/records.js'
import { toolSchema } from '../tools/arguments.js'
import { timeoutSignal } from '../util/clock.js'
import { faultPoint } from '../util/fault-point.js'
import { newId } from '../util/id.js'
import { within } from '../util/trace.js'
import { callBoundReached } from './bounds.js'
import { activeMs, type RunContext } from './context.js'
import { buildPrompt } from './prompt.js'
import { type SeenEvents, wholeEvents } from './prompt-events.js'
import { hasBegun, refresh } from './refresh.js'
import { advanceToolCall, isSettled } from './tool-call.js'

/**
 * One stretch of work on a run: do what is recorded and not done, ask the model, record its answer, do its
 * calls, until the run completes, must wait, or reaches a bound. Everything it knows it reads from the
 * ledger, so a run that begins and one that goes on after a crash take the same way.
 *
 * Where a newer event took the run's place it does nothing new: it ends, once what it sent has an outcome.
 */
export async function runLoop(context: RunContext): Promise<RunOutcome> {
  const { run, event, newerEventAt, store } = context
  const events = run.eventCount > 1 ? await store.eventsOf(run.id, wholeEvents) : [event]
  let isRefreshed = false
  for (;;) {
    const waiting = await advanceCalls(context)
    if (waiting) return waiting

    const journal = await store.journal(run.id)
    const last = journal.steps.findLast((step) => step.isUsable)
    if (last && !journal.calls.some(({ stepId }) => stepId === last.id)) {
      faultPoint('K15')
      return { state: 'completed', summary: last.text }
    }
    const { supersededBy } = journal.run
    if (supersededBy !== undefined) return { state: 'cancelled', error: supersededError(supersededBy) }
    const reached =
      limitReached(context.agent.limits, { ...journal.run.usage, activeMs: activeMs(context) }) ??
      callBoundReached(context.agent.limits, journal.calls)
    if (reached) return { state: 'dead', error: reached }
    if (isOff(context)) return waitsForAgent
    if (context.isStopping()) return { state: 'parked', on: 'time', until: context.clock.now() }

    if (!isRefreshed && !hasBegun(journal)) {
      isRefreshed = true
      if (await refresh(context)) continue
    }
    await takeTurn(context, { event, events, newerEventAt }, journal)
  }
}

/**
 * Does every call that has no output yet, in order. All are tried before the run waits for any of them, also for an API
 * that is away: an approval runs out meanwhile, and the key of a write whose outcome is not known.
 */
async function advanceCalls(context: RunContext): Promise<RunOutcome | undefined> {
  let parked: RunOutcome | undefined
  let fault: ToolError | undefined
  let journal = await context.store.journal(context.run.id)
  for (const { id } of journal.calls.filter((call) => !isSettled(call))) {
    if (context.signal.aborted) throw context.signal.reason
    const index = journal.calls.findIndex((candidate) => candidate.id === id)
    const call = journal.calls[index]
    if (call && journal.run.supersededBy !== undefined && !isOut(call, journal.run)) continue
    if (call && isOff(context) && !isOut(call, journal.run)) {
      parked = longerWait(waitsForAgent, parked)
      continue
    }
    // One answer may ask for any number of calls: the bounds hold for each of them, not only for each turn.
    const reached = call?.state === 'proposed' ? boundOfCall(context, journal, index) : undefined
    if (reached) return waitOf(parked, fault) ?? { state: 'dead', error: reached }
    try {
      const outcome = call && (await advanceOne(context, journal, call))
      parked = longerWait(parked, outcome)
    } catch (error) {
      if (!(error instanceof ToolError) || error.retry === 'never') throw error
      fault ??= error
    }
    journal = await context.store.journal(context.run.id)
  }
  return waitOf(parked, fault)
}

function advanceOne(
  context: RunContext,
  journal: Journal,
  call: ToolCallRow,
): Promise<RunOutcome | undefined> {
  if (context.span === undefined) return advanceToolCall(context, journal, call)
  return within(context.span, toolCallSpan(call, context.config.tools.get(call.tool)), (span) =>
    advanceToolCall({ ...context, span }, journal, call),
  )
}

/** Until the time that one of its calls has; where none has one, as the API's fault says, which is thrown. */
function waitOf(parked: RunOutcome | undefined, fault: ToolError | undefined): RunOutcome | undefined {
  const hasTime = parked?.state === 'parked' && parked.until !== undefined
  if (fault && !hasTime) throw fault
  return parked
}

const waitsForAgent: RunOutcome = { state: 'parked', on: 'agent' }

/** Whether the agent was switched off since the run was claimed: then it begins nothing until it is on again. */
function isOff({ agent, current }: RunContext): boolean {
  return current().agents.get(agent.name)?.mode === 'off'
}

/** Whether the world may know of the call, or a person said that it is to be sent again. */
function isOut({ state, sends }: ToolCall, { isRestored }: Run): boolean {
  if (state === 'prepared') return sends > 0 || isRestored
  return state === 'sent' || state === 'unknown' || state === 'held'
}

/** The bound that the run has reached before it makes this call. */
function boundOfCall(context: RunContext, journal: Journal, index: number): LimitReached | undefined {
  const { limits } = context.agent
  if (index >= limits.calls) {
    return { code: 'limit.calls', message: `made ${index} of ${limits.calls} tool calls` }
  }
  const usedMs = activeMs(context)
  if (usedMs >= limits.timeMs) {
    return {
      code: 'limit.time',
      message: `ran for ${Math.round(usedMs / 1000)} of ${Math.round(limits.timeMs / 1000)} seconds`,
    }
  }
  return callBoundReached(limits, journal.calls.slice(0, index + 1))
}

/** A run that waits on a person and on time goes on at the earlier: the time. */
function longerWait(left: RunOutcome | undefined, right: RunOutcome | undefined): RunOutcome | undefined {
  if (!left || !right) return left ?? right
  const untilOf = (outcome: RunOutcome) =>
    outcome.state === 'parked' && outcome.until !== undefined ? outcome.until : Number.POSITIVE_INFINITY
  return untilOf(right) < untilOf(left) ? right : left
}

async function takeTurn(context: RunContext, seen: SeenEvents, journal: Journal): Promise<void> {
  const { agent, config, store, lease, clock } = context
  const schemas = agent.grants.flatMap(({ tool }) => {
    const found = config.tools.get(tool)
    return found ? [{ ...toolSchema(found), effect: found.effect }] : []
  })
  const settings = config.models.get(agent.model)
  if (!settings) throw new AppError('config.unavailable', `the model "${agent.model}" is not declared`)
  const askedAt = clock.monotonic()
  const request = withoutSecrets(context, buildPrompt(agent, seen, journal, schemas))
  const answer = await within(context.span, modelSpan(context.run, agent.name, settings), async (span) => {
    const answered = await ask(context, request)
    span?.set(answerAttributes(answered, context.costOf(settings, answered)))
    return answered
  })
  faultPoint('K07')
  const step = stepOf(context, journal.steps, settings, answer, clock.monotonic() - askedAt)
  const calls = answer.finish === 'calls' ? answer.calls : []
  await store.appendStep(
    lease,
    step,
    calls.map(({ callId, name, argumentsText }) => ({
      id: newId('tcl'),
      callId,
      tool: name,
      argumentsText,
      effect: config.tools.get(name)?.effect,
    })),
    clock.now(),
  )
  if (calls.length > 0) faultPoint('K08')
  if (answer.finish === 'truncated') {
    throw new ModelError('model.truncated', 'the answer was cut off; none of its calls was made', {
      retry: 'later',
    })
  }
  if (answer.finish === 'filtered') {
    throw new ModelError('model.filtered', 'the vendor withheld the answer; none of its calls was made', {
      retry: 'later',
    })
  }
}

/** Of what the model is shown, all that others wrote. Its own answers and the instructions stay as they are. */
function withoutSecrets({ secrets }: RunContext, request: ModelRequest): ModelRequest {
  const conversation = request.conversation.map((item) =>
    item.kind === 'answer' ? item : { ...item, text: secrets.redact(item.text) },
  )
  return { ...request, conversation }
}

async function ask(context: RunContext, request: ModelRequest): Promise<ModelAnswer> {
  const timeLeftMs = context.agent.limits.timeMs - activeMs(context)
  const deadline = timeoutSignal(timeLeftMs)
  try {
    const asked = context.model.ask(request, AbortSignal.any([context.signal, deadline]))
    faultPoint('K06')
    return await asked
  } catch (error) {
    if (context.signal.aborted || !deadline.aborted) throw error
    throw new AppError('limit.time', 'the run’s time was over while the model was asked', { cause: error })
  }
}

function stepOf(
  context: RunContext,
  earlier: readonly StoredStep[],
  settings: ModelSettings,
  answer: ModelAnswer,
  durationMs: number,
): NewStep {
  return {
    id: newId('stp'),
    turn: earlier.length + 1,
    api: answer.api,
    model: answer.model,
    items: answer.items,
    isUsable: answer.finish !== 'truncated' && answer.finish !== 'filtered',
    text: answer.text,
    inputTokens: answer.usage.inputTokens,
    outputTokens: answer.usage.outputTokens,
    costUsd: context.costOf(settings, answer),
    durationMs: Math.round(durationMs),
  }
}
