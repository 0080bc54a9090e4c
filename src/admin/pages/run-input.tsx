import type { Config } from '../../config/config.js'
import { StoreError, toAppError } from '../../domain/errors.js'
import type { ConversationItem, ModelRequest } from '../../models/model.js'
import { buildPrompt } from '../../runs/prompt.js'
import { wholeEvents } from '../../runs/prompt-events.js'
import { secretsFor } from '../../runs/secrets.js'
import type { Journal } from '../../store/records.js'
import { toolSchema } from '../../tools/arguments.js'
import { type JsonValue, stringifyJson } from '../../util/json.js'
import { Card, Id, Text } from '../ui/parts.js'
import { count } from './amounts.js'
import { Excerpt, JsonExcerpt } from './excerpt.js'
import type { Page, PageOptions } from './page.js'
import { isConfigOf } from './run-view.js'

/** What the model was shown before one of its turns. */
export const turnInput: Page = {
  method: 'GET',
  path: /^\/runs\/(run_[0-9a-f]{32})\/turns\/(\d{1,6})\/input$/,
  role: 'read',
  place: 'runs',
  async show({ captured: [runId = '', turn = ''], isPart }, options) {
    const { store } = options
    if (!(await store.run(runId)))
      throw new StoreError('store.not_found', `there is no run ${runId} in this ledger`)
    const journal = await store.journal(runId)
    const place = journal.steps.findIndex((step) => step.turn === Number(turn))
    if (place < 0) throw new StoreError('store.not_found', `run ${runId} has no turn ${turn}`)
    const shown = (
      <Input
        of={await inputOf(journal, place, options)}
        most={isPart ? 20_000 : 500_000}
        href={`/runs/${runId}/turns/${turn}/input`}
      />
    )
    if (isPart) return { kind: 'part', html: shown }
    const html = (
      <div class="stack page">
        <p class="trail">
          <a href="/runs">Runs</a> / <Id id={runId} href={`/runs/${runId}#turn-${turn}`} /> / turn {turn}
        </p>
        <h1>What the model was shown before turn {turn}</h1>
        <Card>{shown}</Card>
      </div>
    )
    return { kind: 'page', title: `Input of turn ${turn}`, html }
  },
}

interface Rebuilt {
  readonly request: ModelRequest | undefined
  /** Where it may differ from what was shown then, or why it could not be made. */
  readonly notes: readonly string[]
}

/**
 * Made again from the journal up to there, as it was made then. Not in the ledger, so not told: whether the model was
 * told that the event came out of order.
 */
async function inputOf(journal: Journal, place: number, options: PageOptions): Promise<Rebuilt> {
  const { store, config: inForce } = options
  const { run } = journal
  const { config, notes } = await configOf(journal, options)
  const agent = config.agents.get(run.agent)
  const event = await store.event(run.eventId)
  if (!agent || !event) {
    const missing = event
      ? `the agent ${run.agent} is no longer declared`
      : 'its event is no longer in the ledger'
    return { request: undefined, notes: [`It cannot be made again: ${missing}.`] }
  }
  const tools = agent.grants.flatMap(({ tool }) => {
    const found = config.tools.get(tool)
    return found ? [toolSchema(found)] : []
  })
  const events = run.eventCount > 1 ? await store.eventsOf(run.id, wholeEvents) : [event]
  const steps = journal.steps.slice(0, place)
  try {
    const request = buildPrompt(
      agent,
      { event, events, newerEventAt: undefined },
      { ...journal, steps },
      tools,
    )
    const { redact } = secretsFor(config, inForce())
    const conversation = request.conversation.map(
      (item): ConversationItem => (item.kind === 'answer' ? item : { ...item, text: redact(item.text) }),
    )
    return { request: { ...request, conversation }, notes }
  } catch (cause) {
    return { request: undefined, notes: [`It cannot be made again: ${toAppError(cause).message}.`] }
  }
}

async function configOf(
  journal: Journal,
  { config, configBy }: PageOptions,
): Promise<{ config: Config; notes: readonly string[] }> {
  const inForce = config()
  const digest = journal.run.configDigest
  if (digest === undefined || isConfigOf(journal, inForce)) return { config: inForce, notes: [] }
  try {
    if (configBy) return { config: await configBy(digest), notes: [] }
  } catch {
    // It no longer loads; what is shown says so.
  }
  const note = `Instructions and tools are those of now: the run began with another configuration, ${digest.slice(0, 12)}, which does not load here.`
  return { config: inForce, notes: [note] }
}

function Input({
  of: { request, notes },
  most,
  href,
}: {
  readonly of: Rebuilt
  readonly most: number
  readonly href: string
}) {
  return (
    <div class="stack">
      {notes.map((note) => (
        <p class="notice is-wait break">
          <Text of={note} />
        </p>
      ))}
      {request && (
        <>
          <Piece name="Instructions" of={request.instructions} most={most} href={href} isFolded />
          <details>
            <summary>{count(request.tools.length, 'tool')}, as the model sees them</summary>
            <div class="stack">
              {request.tools.map(({ name, description, parameters }) => (
                <div class="stack tight">
                  <span>
                    <b class="mono">
                      <Text of={name} />
                    </b>{' '}
                    <Text of={description} />
                  </span>
                  <JsonExcerpt of={stringifyJson(parameters)} label={`Parameters of ${name}`} />
                </div>
              ))}
            </div>
          </details>
          {request.conversation.map((item, index) => (
            <Item
              of={item}
              isFolded={index > 0 && index < request.conversation.length - 1}
              most={most}
              href={href}
            />
          ))}
        </>
      )}
    </div>
  )
}

function Item({
  of,
  isFolded,
  most,
  href,
}: {
  readonly of: ConversationItem
  readonly isFolded: boolean
  readonly most: number
  readonly href: string
}) {
  const bounds = { most, href, isFolded }
  if (of.kind === 'input') return <Piece name="The event" of={of.text} {...bounds} />
  if (of.kind === 'answer') {
    return <Piece name="Its own earlier answer" of={stringifyJson(of.items as JsonValue[], 1)} {...bounds} />
  }
  return <Piece name={`Output of ${of.callId}`} of={of.text} {...bounds} />
}

function Piece({
  name,
  of,
  most,
  href,
  isFolded,
}: {
  readonly name: string
  readonly of: string
  readonly most: number
  readonly href: string
  readonly isFolded: boolean
}) {
  return (
    <details open={!isFolded}>
      <summary>
        <Text of={name} />, {count(of.length, 'character')}
      </summary>
      <Excerpt of={of} label={name} most={most} href={href} />
    </details>
  )
}
