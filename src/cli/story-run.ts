import { isFinal, type Refreshed, type Run } from '../domain/run.js'
import type { Attempt, Journal, StoredEvent, StoredStep, ToolCallRow } from '../store/records.js'
import { formatDuration } from '../util/duration.js'
import { sayCost, sayRunState, sayTokens, sayUsage, toneOfRun } from './say.js'
import { formatSeen } from './seen-events.js'
import type { SinceThen } from './since-then.js'
import { callStory, resultBelow } from './story-call.js'
import type { StoryLine } from './story-line.js'
import { count, plain, plainBlock } from './text.js'
import type { When } from './when.js'

/** What happened to a run: every try, turn, tool call, decision, and how it stands. */
export function runStory(
  { run, steps, calls, approvals, attempts, behind }: Journal,
  when: When,
  seen: readonly StoredEvent[] = [],
  later?: SinceThen,
): StoryLine[] {
  const replay = run.replay === 0 ? '' : `, replay ${run.replay}: its writes have new keys`
  const lines: StoryLine[] = [
    {
      key: `${run.id} enqueued`,
      at: run.createdAt,
      verb: 'enqueued',
      text: `${run.id} for ${plain(run.agent)}${replay}${run.eventCount > 1 ? `, for ${run.eventCount} events` : ''}`,
      ...(seen.length > 1 ? { detail: formatSeen(seen) } : {}),
      tone: 'plain',
    },
  ]
  if (run.refreshed) lines.push(refreshedLine(run.id, run.refreshed))
  const hasWrites = calls.some(({ idempotencyKey }) => idempotencyKey !== undefined)
  for (const attempt of attempts) {
    lines.push(...attemptStory(run, attempt, { isLast: attempt === attempts.at(-1), hasWrites }, when))
  }
  for (const step of steps) {
    const own = calls.filter(({ stepId }) => stepId === step.id)
    lines.push(turnLine(step, own))
    for (const call of own) {
      lines.push(...callStory(call, approvals, { isOver: isFinal(run.state), later: later?.get(call.id) }))
    }
  }
  lines.sort((left, right) => (left.at ?? 0) - (right.at ?? 0))
  lines.push(...firstWait(run, attempts, behind, when))
  if (isFinal(run.state)) lines.push(outcomeLine(run))
  else if (run.supersededBy !== undefined) {
    const text = `by ${run.supersededBy}: nothing new is begun, and what was sent is waited for`
    lines.push({ key: `${run.id} superseded`, at: undefined, verb: 'superseded', text, tone: 'wait' })
  }
  return lines
}

/** What keeps a run from being tried: no try tells of it. */
function firstWait(
  run: Run,
  attempts: readonly Attempt[],
  behind: string | undefined,
  when: When,
): StoryLine[] {
  const lines: StoryLine[] = []
  if (behind !== undefined) {
    const text = `behind ${behind}, the run of ${plain(run.agent)} about the same subject that is to end first`
    lines.push({ key: `${run.id} behind ${behind}`, at: undefined, verb: 'blocked', text, tone: 'wait' })
  }
  if (run.state === 'parked' && attempts.length === 0) {
    const [, ...waits] = sayRunState(run, when).split(', ')
    const key = `${run.id} parked ${run.parkedOn}`
    lines.push({ key, at: undefined, verb: 'parked', text: waits.join(', '), tone: 'wait' })
  }
  return lines
}

function refreshedLine(runId: string, { tool, at, output }: Refreshed): StoryLine {
  const said = output.ok
    ? `answered ${output.status ?? 'well'}`
    : `${output.error.code}, ${plain(output.error.message)}`
  return {
    key: `${runId} refreshed ${at}`,
    at,
    verb: 'refreshed',
    text: `${plain(tool)}, before the model was asked: ${said}`,
    ...resultBelow({ output }),
    tone: output.ok ? 'good' : 'bad',
  }
}

function attemptStory(
  run: Run,
  attempt: Attempt,
  { isLast, hasWrites }: { isLast: boolean; hasWrites: boolean },
  when: When,
): StoryLine[] {
  const { number, node, startedAt, endedAt, outcome, error } = attempt
  const key = `${run.id} attempt ${number}`
  const lines: StoryLine[] = [
    {
      key: `${key} began`,
      at: startedAt,
      verb: number === 1 ? 'running' : 'running again',
      text: `attempt ${number}, on node ${plain(node)}${number > 1 && hasWrites ? '; its writes keep their keys' : ''}`,
      tone: 'plain',
    },
  ]
  const why = error ? `: ${error.code}, ${plain(error.message)}` : ''
  if (outcome === 'crashed') {
    const text = `the process ended while it held the run${why}`
    lines.push({ key: `${key} ended`, at: endedAt ?? startedAt, verb: 'crashed', text, tone: 'bad' })
  } else if ((outcome === 'parked' || outcome === 'failed') && endedAt !== undefined) {
    const [, ...waits] = isLast && run.state === outcome ? sayRunState(run, when).split(', ') : []
    const text = `after ${[formatDuration(endedAt - startedAt), ...waits].join(', ')}${why}`
    lines.push({ key: `${key} ended`, at: endedAt, verb: outcome, text, tone: toneOfRun(outcome) })
  }
  return lines
}

function turnLine(step: StoredStep, calls: readonly ToolCallRow[]): StoryLine {
  const { inputTokens, outputTokens, costUsd, durationMs } = step
  const asked = calls.length === 0 ? 'asks for nothing more' : `asks for ${count(calls.length, 'tool call')}`
  const usage = `${sayTokens(inputTokens, outputTokens)}, ${sayCost(costUsd)}, ${formatDuration(durationMs)}`
  const unusable = step.isUsable ? '' : '; cut off or withheld, so none of its calls is made'
  return {
    key: step.id,
    at: step.createdAt,
    verb: 'model',
    text: `turn ${step.turn}, ${plain(step.model)} ${asked}${unusable} (${usage})`,
    ...(step.text === '' ? {} : { detail: plainBlock(step.text.trim()) }),
    tone: step.isUsable ? 'plain' : 'bad',
  }
}

function outcomeLine(run: Run): StoryLine {
  const why = run.error && run.state !== 'completed' ? `: ${run.error.code}, ${plain(run.error.message)}` : ''
  return {
    key: `${run.id} finished`,
    at: run.finishedAt,
    verb: run.state,
    text: `${plain(run.agent)}${why} (${sayUsage(run.usage)})`,
    ...(run.summary === undefined ? {} : { detail: plainBlock(run.summary.trim()) }),
    tone: toneOfRun(run.state),
  }
}
