import { AppError, PolicyError } from '../domain/errors.js'
import type { RunOutcome } from '../domain/run.js'
import type { Probe, Tool } from '../domain/tool.js'
import type { ToolCall, ToolOutput } from '../domain/tool-call.js'
import { markerOf } from '../policy/idempotency.js'
import { judgeLook } from '../policy/probe.js'
import { scopeOfRun } from '../policy/scope.js'
import type { Journal } from '../store/records.js'
import { parseArguments } from '../tools/arguments.js'
import { withOptionals } from '../tools/template.js'
import type { ToolAnswer } from '../tools/tool.js'
import type { RunContext } from './context.js'
import { eventObject } from './event-object.js'
import { isPassing, passingFault, readWithRetries } from './read.js'
import { waitMs, waitsInARow } from './waits.js'
import { frozen } from './write.js'

export type Seen =
  /** And recorded: the write is confirmed. */
  | { readonly kind: 'found' }
  | { readonly kind: 'not_found' }
  | { readonly kind: 'waits'; readonly parked: RunOutcome }
  | { readonly kind: 'unclear'; readonly reason: string }

/** Asks the write's probe once whether it happened. */
export async function look(context: RunContext, journal: Journal, call: ToolCall): Promise<Seen> {
  const { tool, key } = frozen(context, call)
  const { probe } = tool
  const source = probe && context.config.tools.get(probe.tool)
  if (!probe || !source) throw new AppError('internal.unexpected', `${tool.name} has no probe`)
  const ids = scopeOfRun(context.event.ids, journal.calls)
  const event = eventObject(context)
  const answer = await ask(context, source, ids, event)
  if (answer instanceof PolicyError) return unclear(source, answer.message)
  if (context.signal.aborted) throw context.signal.reason
  if (isPassing(answer)) return waitForProbe(context, journal, source, answer)
  if (answer.kind !== 'answered') return unclear(source, answer.error.message)
  if (answer.status < 200 || answer.status >= 300) return unclear(source, `the API answered ${answer.status}`)
  const args = withOptionals(tool, parseArguments(tool, call.editedArguments ?? call.argumentsText))
  const { body, hasMore } = answer
  const finding = judgeLook(probe, { answer: body, hasMore, marker: markerOf(key), args, ids, event })
  if (finding.finding === 'unclear') return unclear(source, finding.reason)
  if (finding.finding === 'found') await confirm(context, call, probe, answer)
  return { kind: finding.finding }
}

async function ask(
  context: RunContext,
  source: Tool,
  ids: Readonly<Record<string, string>>,
  event: ReturnType<typeof eventObject>,
): Promise<ToolAnswer | PolicyError> {
  try {
    const bindings = { ids, args: {}, facts: {}, event, marker: undefined }
    return await readWithRetries(context, source, context.tools.freeze(source, bindings))
  } catch (cause) {
    if (cause instanceof PolicyError) return cause
    throw cause
  }
}

/** How often in a row a run waits for a probe that does not answer, before a person is asked instead. */
const maxProbeWaits = 20
/** Codes that a write waits under for other reasons than its probe. */
const ownCodes: readonly string[] = ['tool.unknown_outcome', 'tool.held']

function waitForProbe({ clock }: RunContext, { attempts }: Journal, source: Tool, answer: ToolAnswer): Seen {
  const { code, message, retry } = passingFault(source, answer)
  const waits = waitsInARow(attempts, (other) => other.startsWith('tool.') && !ownCodes.includes(other))
  if (waits >= maxProbeWaits) return unclear(source, `it did not answer in ${waits} tries: ${message}`)
  const until = clock.now() + waitMs(waits, typeof retry === 'object' ? retry.afterMs : undefined)
  return { kind: 'waits', parked: { state: 'parked', on: 'api', until, error: { code, message } } }
}

async function confirm(
  { store, lease, clock }: RunContext,
  { id }: ToolCall,
  probe: Probe,
  { result }: Extract<ToolAnswer, { kind: 'answered' }>,
): Promise<void> {
  const said = 'The answer to this write was lost. A look at the API shows that it happened.'
  const output: ToolOutput = { ok: true, result: { note: said, seen: result } }
  await store.settle(
    lease,
    id,
    { state: 'confirmed', output, note: `found by its probe ${probe.tool}` },
    clock.now(),
  )
}

function unclear(source: Tool, reason: string): Seen {
  return { kind: 'unclear', reason: `its probe ${source.name} does not say: ${reason}` }
}
