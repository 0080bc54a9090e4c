import { AppError, PolicyError } from '../domain/errors.js'
import type { RunOutcome } from '../domain/run.js'
import type { Tool } from '../domain/tool.js'
import type { FrozenRequest, Intent, ToolCall, ToolOutput } from '../domain/tool-call.js'
import { classifyWrite, type SendHistory } from '../policy/outcome.js'
import { boundIdsOf, readCreated, readYields, scopeOfRun } from '../policy/scope.js'
import type { Journal, ToolCallRow } from '../store/records.js'
import type { ToolAnswer } from '../tools/tool.js'
import { backoffMs } from '../util/backoff.js'
import { sleep } from '../util/clock.js'
import { faultPoint } from '../util/fault-point.js'
import type { RunContext } from './context.js'
import { keepOutcomes } from './kept-outcomes.js'
import { isOutdated, type Permit } from './permit.js'
import { refusal } from './prompt.js'
import { credentialOf } from './read.js'
import { refused } from './refused.js'
import { idsWithout } from './secrets.js'
import { send } from './send.js'
import { waitMs, waitsInARow } from './waits.js'

/** What was frozen when a write was prepared, and the tool of the run's own configuration. */
export interface Frozen {
  readonly tool: Tool
  readonly request: FrozenRequest
  readonly key: string
}

export function frozen({ config }: RunContext, call: ToolCall): Frozen {
  const tool = config.tools.get(call.tool)
  const { request, idempotencyKey: key } = call
  if (!tool || !request || key === undefined) {
    throw new AppError('store.invalid', `tool call ${call.id} is ${call.state} without its request`)
  }
  return { tool, request, key }
}

/**
 * Records the intent: frozen bytes, key and reservations, in one commit. Returns the call as it stands then. Throws
 * PolicyError `policy.budget`.
 */
export async function prepareWrite(
  context: RunContext,
  call: ToolCallRow,
  permit: Permit,
): Promise<ToolCallRow> {
  const { store, lease, clock } = context
  const intent = intentOf(permit)
  const prepared = await store.prepare(lease, call.id, intent, clock.now())
  if (prepared.state === 'over_budget') throw usedUp(permit.tool, prepared)
  faultPoint('K09')
  const { request, idempotencyKey, ordinal } = intent
  return { ...call, state: 'prepared', request, idempotencyKey, ordinal }
}

/** Records a write as it would be sent, and does not send it. Throws PolicyError `policy.budget`. */
export async function simulateWrite(context: RunContext, call: ToolCallRow, permit: Permit): Promise<void> {
  const { store, lease, clock } = context
  const result =
    'recorded and not sent: this agent only shows what it would do. Go on as if it had been done.'
  const output: ToolOutput = { ok: true, result }
  const note = 'not sent: the agent or this tool of it is in shadow mode'
  const simulated = await store.simulate(
    lease,
    call.id,
    { intent: intentOf(permit), output, note },
    clock.now(),
  )
  if (simulated.state === 'over_budget') throw usedUp(permit.tool, simulated)
}

function intentOf({ tool, bindings: { args }, request, identity, reservations }: Permit): Intent {
  if (!identity) throw new AppError('internal.unexpected', `${tool.name} is no write`)
  const { key: idempotencyKey, ordinal } = identity
  return { request, effect: tool.effect, args, idempotencyKey, ordinal, reservations }
}

function usedUp(tool: Tool, { limit, counter }: { limit: number; counter: string }): PolicyError {
  return new PolicyError('policy.budget', `${tool.name} is used up: at most ${limit} (${counter})`)
}

/** How far a send brought its call. */
export type Transmitted =
  /** It has its outcome, or waits as if it had not begun; then `parked` says for what. */
  | { readonly kind: 'over'; readonly parked: RunOutcome | undefined }
  | { readonly kind: 'unknown'; readonly retryAfterMs: number | undefined }
  /** For a person, who is told the reason. */
  | { readonly kind: 'clash'; readonly reason: string }

const over: Transmitted = { kind: 'over', parked: undefined }

/**
 * Sends a write that is `prepared`, or one of unknown outcome again. `sent` is committed when its turn has come in
 * the queue of its credential, before the first byte leaves, and the outcome after the last byte came.
 */
export async function transmit(given: RunContext, journal: Journal, call: ToolCall): Promise<Transmitted> {
  const context = keepOutcomes(given)
  const { store, lease, clock } = context
  const { tool } = frozen(context, call)
  const history: SendHistory = {
    earlier: context.run.isRestored ? 'perhaps_other_bytes' : call.sends > 0 ? 'same_bytes' : 'none',
    hasKey: tool.idempotency !== undefined,
    refusals: tool.refusals,
  }
  const answer = await sendInTurn(context, journal, call, history)
  // It is decided once more, at once.
  if (answer === 'outdated')
    return { kind: 'over', parked: { state: 'parked', on: 'time', until: clock.now() } }
  if (answer.kind === 'answered') faultPoint('K13')
  const verdict = classifyWrite(answer, history)
  const now = clock.now()
  if (answer.kind === 'answered' && verdict === 'confirmed') {
    const { status, body } = answer
    const output: ToolOutput = { ok: true, status, result: context.secrets.redactJson(answer.result) }
    const again = history.earlier === 'none' ? {} : { note: againNote(history) }
    const yields = idsWithout(context.secrets, readYields(tool, body))
    const scope = scopeOfRun(context.event.ids, journal.calls)
    const created = {
      ids: idsWithout(context.secrets, readCreated(tool, body)),
      bound: boundIdsOf(tool, scope),
    }
    const outcome = { state: 'confirmed', status, output, yields, created, ...again } as const
    await store.settle(lease, call.id, outcome, now)
    faultPoint('K14')
    return over
  }
  if (answer.kind === 'not_sent' && verdict === 'not_sent') return neverLeft(context, journal, call, answer)
  if (answer.kind === 'answered' && verdict === 'later') return askedToWait(context, journal, call, answer)
  if (answer.kind === 'answered' && verdict === 'rejected') {
    const { status } = answer
    const output = refused(answer, context.secrets)
    await store.settle(lease, call.id, { state: 'rejected', status, output }, now)
    faultPoint('K14')
    return over
  }
  const note = answer.kind === 'answered' ? `the API answered ${answer.status}` : answer.error.message
  const status = answer.kind === 'answered' ? { status: answer.status } : {}
  await store.settle(lease, call.id, { state: 'unknown', note, ...status }, now)
  if (verdict === 'clash') {
    const reason = `${note}: it knows the idempotency key from a request with other bytes`
    return { kind: 'clash', reason }
  }
  return { kind: 'unknown', retryAfterMs: answer.kind === 'answered' ? answer.retryAfterMs : undefined }
}

function againNote({ hasKey }: SendHistory): string {
  return hasKey ? 'settled by sending it again with the same key' : 'settled by sending it again'
}

/** How often a request that certainly did not reach the API is made again at once. */
const maxConnects = 3

/**
 * The call is `sent` when this resolves. A first send that never left is taken back and tried again before. `outdated`:
 * nothing was sent, because what let it through was over when its turn came.
 */
async function sendInTurn(
  context: RunContext,
  journal: Journal,
  call: ToolCall,
  { earlier }: SendHistory,
): Promise<ToolAnswer | 'outdated'> {
  const { store, lease, clock, signal } = context
  const { tool, request, key } = frozen(context, call)
  for (let connects = 1; ; connects++) {
    let isMarked = false
    const outdated = new Error('what let it through is over')
    const answer = await send(context, tool, request, {
      credential: credentialOf(context, tool),
      idempotencyKey: key,
      signal,
      beforeSend: async () => {
        if (earlier === 'none' && isOutdated(context, journal, call)) throw outdated
        await store.markSent(lease, call.id, clock.now())
        isMarked = true
        faultPoint('K10')
      },
    }).catch((error: unknown) => {
      if (error === outdated) return 'outdated' as const
      throw error
    })
    if (answer === 'outdated') return answer
    // Given up before its turn came: the call is as it was.
    if (!isMarked) throw signal.aborted || answer.kind === 'answered' ? signal.reason : answer.error
    const isOver = answer.kind !== 'not_sent' || answer.error.retry === 'never' || earlier !== 'none'
    if (isOver || connects === maxConnects || signal.aborted) return answer
    await store.takeBack(lease, call.id, clock.now())
    await sleep(backoffMs(connects, { firstMs: 250, maxMs: 2000 }), signal)
  }
}

/** How often in a row a run waits for an API that cannot be reached, before its write counts as refused. */
const maxConnectWaits = 20

/** No byte of a first send left. It waits as if it had not begun, unless there is nothing to wait for. */
async function neverLeft(
  { store, lease, clock, signal }: RunContext,
  { attempts }: Journal,
  call: ToolCall,
  { error: { code, message, retry } }: Extract<ToolAnswer, { kind: 'not_sent' }>,
): Promise<Transmitted> {
  const now = clock.now()
  const waits = waitsInARow(attempts, (other) => other === code)
  if (signal.aborted || (retry !== 'never' && waits < maxConnectWaits)) {
    await store.takeBack(lease, call.id, now)
    if (signal.aborted) throw signal.reason
    const until = now + waitMs(waits, undefined)
    return { kind: 'over', parked: { state: 'parked', on: 'api', until, error: { code, message } } }
  }
  const hint = 'Nothing was sent. Say in your answer that this did not happen.'
  const output = refusal(code, message, hint)
  await store.settle(lease, call.id, { state: 'rejected', output, note: 'never reached the API' }, now)
  return over
}

/** How often in a row a run waits for an API that says it is busy, before its write counts as refused. */
const maxBusyWaits = 20

/** The API did nothing and asks to come back: the write waits as if it had not begun. */
async function askedToWait(
  { store, lease, clock, secrets }: RunContext,
  { attempts }: Journal,
  call: ToolCall,
  answer: Extract<ToolAnswer, { kind: 'answered' }>,
): Promise<Transmitted> {
  const now = clock.now()
  const { status } = answer
  const waits = waitsInARow(attempts, (code) => code === 'tool.status')
  if (waits >= maxBusyWaits) {
    const output = refused(answer, secrets)
    await store.settle(lease, call.id, { state: 'rejected', status, output }, now)
    return over
  }
  await store.takeBack(lease, call.id, now)
  const message = `${call.tool}: the API asked to wait`
  const until = now + waitMs(waits, answer.retryAfterMs)
  return {
    kind: 'over',
    parked: { state: 'parked', on: 'api', until, error: { code: 'tool.status', message } },
  }
}
