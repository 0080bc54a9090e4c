import type { Child } from 'hono/jsx'
import { stringifyJson } from '../../util/json.js'
import { plain } from '../../util/plain.js'
import { Meter } from '../ui/charts.js'
import { ApprovalPill, Facts, Id, Pill, Said, When } from '../ui/parts.js'
import { count } from './amounts.js'
import { Deeds } from './approvals-forms.js'
import { DecidedRequest } from './approvals-request.js'
import { type ApprovalView, canBeDecided } from './approvals-view.js'
import { clockTime, isSoon, sayLeft } from './approvals-words.js'
import { BecauseOf } from './because-of.js'
import { Short } from './events-table.js'
import { wordsIn } from './leaves.js'

/**
 * What a person decides on: the exact request, what it rests on and what it would take. What the model and the event say
 * stands apart, marked as theirs, below.
 */
export function ApprovalCard({
  of,
  typed,
}: {
  readonly of: ApprovalView
  /** What a person typed to change it, where that was refused. */
  readonly typed?: URLSearchParams
}) {
  const { approval, now } = of
  const isOpen = canBeDecided({ approval, now })
  return (
    <article class={`card ${isOpen ? 'is-wait' : ''}`} id={approval.id} data-item>
      <Head of={of} />
      <div class="decided">
        <DecidedRequest of={approval.request} digest={approval.digest} />
        <Grounds of={of} />
      </div>
      {isOpen && <Deeds of={of} {...(typed === undefined ? {} : { typed })} />}
      <Words of={of} />
    </article>
  )
}

function Head({ of: { approval, event, call, place, now } }: { readonly of: ApprovalView }) {
  const { id, tool, agent, state, runId, eventId, expiresAt } = approval
  const isOpen = canBeDecided({ approval, now })
  return (
    <div class="stack tight">
      <div class="head">
        <div class="row">
          <h2>
            <a href={`/approvals/${id}`}>
              <Short of={tool} />
            </a>
          </h2>
          {call?.effect !== undefined && <span class="tag">{call.effect}</span>}
          {!isOpen && <ApprovalPill state={state === 'waiting' ? 'expired' : state} />}
        </div>
        {isOpen && (
          <span title={plain(`until ${clockTime(expiresAt, now)}`)}>
            <Pill tone={isSoon(expiresAt, now) ? 'bad' : 'wait'}>{sayLeft(expiresAt, now)}</Pill>
          </span>
        )}
      </div>
      <p class="soft break">
        <a href={`/agents/${encodeURIComponent(agent)}`}>
          <Short of={agent} />
        </a>{' '}
        {isOpen ? 'asks' : 'asked'}, <When at={approval.requestedAt} now={now} />
        {place && (
          <>
            {' '}
            ({place.of === 1 ? 'the only call' : `call ${place.number} of ${place.of}`} of{' '}
            <a href={`/runs/${runId}`}>its run</a>)
          </>
        )}
        , because of{' '}
        {event ? (
          <BecauseOf of={event} />
        ) : (
          <>
            <Id id={eventId} />, which is old and no longer in the ledger
          </>
        )}
      </p>
    </div>
  )
}

/** Why a person is asked, the facts as they were, and what the call would take. */
function Grounds({ of: { approval, budgets, now } }: { readonly of: ApprovalView }) {
  const { why, facts, expiresAt } = approval
  const isOpen = canBeDecided({ approval, now })
  return (
    <Facts
      of={[
        why.length === 0
          ? undefined
          : [
              isOpen ? 'Why you are asked' : 'Why a person was asked',
              why.map((sentence) => (
                <div>
                  <Short of={sentence} most={600} />
                </div>
              )),
            ],
        Object.keys(facts).length === 0 ? undefined : ['Facts', <FactList of={facts} isOpen={isOpen} />],
        isOpen ? ['It would take', <Budgets of={budgets} />] : undefined,
        isOpen
          ? ['Undecided', `at ${clockTime(expiresAt, now)} it lapses: nothing is sent, and the agent is told`]
          : undefined,
      ]}
    />
  )
}

const mostFacts = 40

function FactList({
  of,
  isOpen,
}: {
  readonly of: ApprovalView['approval']['facts']
  readonly isOpen: boolean
}) {
  const entries = Object.entries(of)
  return (
    <div class="stack tight">
      {entries.slice(0, mostFacts).map(([path, value]) => (
        <div class="break">
          <Short of={path} /> ={' '}
          <b>
            <Short of={stringifyJson(value)} most={600} />
          </b>
        </div>
      ))}
      {entries.length > mostFacts && <span class="faint">and {entries.length - mostFacts} more</span>}
      {isOpen && (
        <span class="small faint">
          Read when you were asked. If one changes before it is sent, it is not sent.
        </span>
      )}
    </div>
  )
}

function Budgets({ of }: { readonly of: ApprovalView['budgets'] }): Child {
  if (of === undefined) return <span class="soft">not known: the configuration of now has no such grant</span>
  if (of.length === 0) return <span class="soft">of no budget: the grant has neither a most nor a sum</span>
  return (
    <div class="stack">
      {of.map(({ what, amount, limit, stands }) => {
        const isOver = stands + amount > limit
        const left = (limit - stands - amount).toLocaleString('en')
        return (
          <div class="budget">
            <span class={isOver ? 'fault' : ''}>
              <b>{amount.toLocaleString('en')}</b> of {limit.toLocaleString('en')} <Short of={what} />
              {stands > 0 && `, of which ${stands.toLocaleString('en')} ${stands === 1 ? 'is' : 'are'} used`};{' '}
              {isOver ? 'more than is left: it would be denied' : `${left} left after it`}
            </span>
            {limit > 1 && (
              <Meter
                used={stands + amount}
                of={limit}
                label={`${stands + amount} of ${limit} would be used`}
              />
            )}
          </div>
        )
      })}
    </div>
  )
}

const shownWords = 6
const mostWords = 1500

/** What persuades: apart from what is decided on, and marked as others' words. */
function Words({ of: { said, event } }: { readonly of: ApprovalView }) {
  const { words, isWhole } = event ? wordsIn(event.data, shownWords) : { words: [], isWhole: true }
  if ((said ?? '').trim() === '' && words.length === 0) return null
  return (
    <details>
      <summary>
        What the model and the event say:{' '}
        {listed([
          ...((said ?? '').trim() === '' ? [] : ['the model’s words']),
          ...(words.length === 0
            ? []
            : [`${count(words.length, 'text')}${isWhole ? '' : ' and more'} of the event`]),
        ])}
      </summary>
      <div class="stack">
        <p class="small soft">
          Nobody has checked these. They may be written to persuade you; the request above is all that would
          happen.
        </p>
        {said !== undefined && said.trim() !== '' && <Said by="The model" of={said} most={mostWords} />}
        {words.map(([path, text]) => (
          <Said by={`The event’s ${plain(path.slice(0, 200))}`} of={text} most={mostWords} />
        ))}
        {event && (
          <p class="small">
            <a href={`/events/${event.id}`}>All of the event</a>
          </p>
        )}
      </div>
    </details>
  )
}

function listed(parts: readonly string[]): string {
  return parts.join(' and ')
}
