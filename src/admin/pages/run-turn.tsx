import { callTone, formatMs, Pill, Said, sayUsd, Text } from '../ui/parts.js'
import { count } from './amounts.js'
import { Lazy } from './excerpt.js'
import { Call, CallHead, type CallView } from './run-call.js'
import { approvalsOf, type RunView, type Turn } from './run-view.js'
import { At } from './timeline.js'

/** In a long run: as much of a text as says what it was. */
const mostInLong = 600
/** Of its words. */
const mostSaid = 2000

/** One turn: what the model was shown, what it said, and each of the calls that it asked for. */
export function TurnCard({
  of: { step, calls },
  view,
  isLast,
}: {
  readonly of: Turn
  readonly view: RunView
  readonly isLast: boolean
}) {
  const { turn, model, inputTokens, outputTokens, costUsd, durationMs, text, isUsable, createdAt } = step
  const { run } = view.journal
  const isClosing = isLast && text.trim() !== '' && text.trim() === run.summary?.trim()
  const isOpen = !view.isLong || isLast || calls.some(isTrouble)
  return (
    <section class={isOpen ? 'card' : 'card low'} id={`turn-${turn}`} aria-label={`Turn ${turn}`}>
      <details open={isOpen} class="turn">
        <summary>
          <b>Turn {turn}</b>{' '}
          <span class="small">
            <At at={createdAt - durationMs} /> · <Text of={model} /> · {formatMs(durationMs)} ·{' '}
            {inputTokens.toLocaleString('en')} tokens in, {outputTokens.toLocaleString('en')} out ·{' '}
            {sayUsd(costUsd)} · {calls.length === 0 ? 'no call' : count(calls.length, 'call')}
          </span>{' '}
          {!isUsable && <Pill tone="bad">cut off or withheld: none of its calls was made</Pill>}
        </summary>
        <div class="stack">
          {isClosing && <p class="small soft">Its closing words stand above.</p>}
          {text.trim() !== '' && !isClosing && <Said by="The model wrote" of={text.trim()} most={mostSaid} />}
          <Lazy href={`/runs/${run.id}/turns/${turn}/input`} summary="What the model was shown" />
          {text.length > mostSaid && (
            <Lazy href={`/runs/${run.id}/turns/${turn}/answer`} summary="All of what it wrote" />
          )}
          {calls.map((call) => {
            const of: CallView = {
              call,
              approvals: approvalsOf(view.journal, call),
              later: view.later.get(call.id),
              runId: run.id,
              ...(view.isLong ? { most: mostInLong } : {}),
            }
            if (!view.isLong || isTrouble(call)) return <Call of={of} />
            return (
              <Lazy
                id={call.id}
                href={`/runs/${run.id}/calls/${call.id}`}
                summary={<CallHead call={call} />}
              />
            )
          })}
        </div>
      </details>
    </section>
  )
}

function isTrouble({ state }: CallView['call']): boolean {
  const tone = callTone(state)
  return tone === 'bad' || tone === 'wait'
}
