import { z } from 'zod'
import { approvalTransitions } from '../../domain/approval.js'
import { eventTransitions } from '../../domain/event.js'
import { labels } from '../../domain/label.js'
import { parkedOns, runTransitions } from '../../domain/run.js'
import { toolCallTransitions } from '../../domain/tool-call.js'
import { idOf } from './fields.js'

/** What the API answers with, field by field: the documents of `runs/documents.ts`, told to programs. */

const time = z.iso.datetime({ precision: 3 })
const text = z.string()
const number = z.number()
const orNull = <Type extends z.ZodType>(type: Type) => z.union([type, z.null()])
const prefixed = (prefix: string) => z.string().regex(new RegExp(`^${prefix}_[0-9a-f]{32}$`))
const json = z.unknown()
const stateOf = <State extends string>(transitions: Readonly<Record<State, unknown>>) =>
  z.enum(Object.keys(transitions) as [State, ...State[]])

export const eventStates = stateOf(eventTransitions)
export const runStates = stateOf(runTransitions)
export const approvalStates = stateOf(approvalTransitions)
const callStates = stateOf(toolCallTransitions)
const fault = z.strictObject({ code: text, message: text })

export const event = z
  .strictObject({
    id: idOf('event'),
    source: text,
    type: text,
    subject: orNull(text),
    time: time.describe('when it happened, as the sender says'),
    recorded_at: time,
    via: z.enum(['webhook', 'poll', 'schedule']),
    state: eventStates,
    source_event_id: orNull(text),
    delivery_id: orNull(prefixed('dlv')),
    ids: z.record(text, text).describe('what tools may be bound to'),
    actor: orNull(text),
    is_public: z.boolean(),
    echo_of: orNull(idOf('run')).describe('the run of ours that caused it'),
    chain: number.describe('how many of our own writes led to it'),
    decisions: z.array(z.strictObject({ agent: text, reason: text, detail: orNull(text) })),
  })
  .meta({ id: 'Event' })

export const delivery = z
  .strictObject({
    id: prefixed('dlv'),
    source: text,
    state: z.enum(['recorded', 'duplicate', 'malformed']),
    received_at: time,
    url: text,
    headers: z.array(z.tuple([text, text])),
    body_bytes: number,
    has_body: z.boolean(),
    secret_index: number.describe('which of the configured secrets proved it'),
    remote_address: orNull(text),
    reason: orNull(text),
    event_ids: z.array(idOf('event')),
  })
  .meta({ id: 'Delivery' })

const output = z
  .union([
    z.strictObject({ ok: z.literal(true), status: orNull(number), result: json }),
    z.strictObject({
      ok: z.literal(false),
      error: z.strictObject({ code: text, message: text, hint: text }),
      result: json,
    }),
  ])
  .meta({ id: 'ToolOutput', description: 'what the model is told' })

export const run = z
  .strictObject({
    id: idOf('run'),
    event_id: idOf('event'),
    event_count: number,
    agent: text,
    subject: text,
    state: runStates,
    replay: number,
    attempts: number,
    crashes: number,
    parked_on: orNull(z.enum(parkedOns)),
    next_at: orNull(time),
    created_at: time,
    started_at: orNull(time),
    finished_at: orNull(time),
    turns: number,
    calls: number,
    input_tokens: number,
    output_tokens: number,
    cost_usd: orNull(number).describe('null: not known'),
    active_ms: number,
    config_digest: orNull(text),
    error: orNull(fault),
    summary: orNull(text).describe('the model’s closing words'),
    superseded_by: orNull(idOf('event')),
    refreshed: orNull(z.strictObject({ tool: text, at: time, output })),
  })
  .meta({ id: 'Run' })

const request = z
  .strictObject({
    method: text,
    url: text,
    headers: z.record(text, text),
    body: orNull(text),
    credential: orNull(text).describe('added when it is sent, and shown nowhere'),
    digest: text,
  })
  .meta({ id: 'ExactRequest' })

export const toolCall = z
  .strictObject({
    id: idOf('call'),
    run_id: idOf('run'),
    step_id: prefixed('stp'),
    position: number,
    call_id: text,
    tool: text,
    arguments: text.describe('as the model wrote them: text that may not even be JSON'),
    edited_arguments: orNull(text),
    state: callStates,
    effect: orNull(z.enum(['read', 'write', 'destructive'])),
    request: orNull(request),
    idempotency_key: orNull(text),
    marker: orNull(text),
    ordinal: orNull(number),
    sends: number,
    first_sent_at: orNull(time),
    last_sent_at: orNull(time),
    looks: number,
    looked_at: orNull(time),
    proposed_at: time,
    settled_at: orNull(time),
    approval_id: orNull(idOf('approval')),
    status: orNull(number),
    note: orNull(text),
    output: orNull(output),
  })
  .meta({ id: 'ToolCall' })

export const approval = z
  .strictObject({
    id: idOf('approval'),
    run_id: idOf('run'),
    tool_call_id: idOf('call'),
    event_id: idOf('event'),
    agent: text,
    tool: text,
    state: approvalStates,
    request,
    digest: text.describe('what an approval has to name'),
    facts: z.record(text, json),
    why: z.array(text),
    requested_at: time,
    expires_at: time,
    decided_at: orNull(time),
    decided_by: orNull(text),
    reason: orNull(text),
  })
  .meta({ id: 'Approval' })

const step = z
  .strictObject({
    id: prefixed('stp'),
    turn: number,
    api: z.enum(['responses', 'chat']),
    model: text,
    is_usable: z.boolean(),
    text,
    items: z.array(json),
    input_tokens: number,
    output_tokens: number,
    cost_usd: orNull(number),
    duration_ms: number,
    created_at: time,
    tool_calls: z.array(toolCall),
  })
  .meta({ id: 'Step' })

export const journal = run
  .extend({
    behind: orNull(idOf('run')).describe('the run of its subject whose turn it is before this one’s'),
    event_ids: z.array(idOf('event')),
    tries: z.array(
      z.strictObject({
        number,
        node: text,
        started_at: time,
        ended_at: orNull(time),
        outcome: orNull(text),
        error: orNull(fault),
      }),
    ),
    steps: z.array(step),
    approvals: z.array(approval),
  })
  .meta({ id: 'RunWithSteps' })

export const alert = z
  .strictObject({ cause: text, code: text, message: text, raised_at: time, last_at: time, count: number })
  .meta({ id: 'Alert' })

export const refusal = z
  .strictObject({ source: text, reason: text, day: text, count: number, last_at: time, sample: orNull(text) })
  .meta({ id: 'Refusal' })

export const source = z
  .strictObject({
    name: text,
    kind: text,
    url: orNull(text),
    ids: z.array(text),
    next_at: orNull(time).describe('when it is due, where it comes by the clock'),
    keep_ms: orNull(number),
  })
  .meta({ id: 'Source' })

const per = z.enum(['run', 'subject', 'day'])

const bound = orNull(number).describe('null: nothing in the configuration bounds it')
const most = { per_run: bound, per_subject: bound, per_day: bound }
const label = z.enum(labels)

const reach = z
  .strictObject({
    runs_per_day: bound,
    runs_per_source_per_day: bound,
    runs_per_actor_per_day: bound,
    model_usd_per_run: bound,
    model_usd_per_day: bound,
    model_tokens_per_run: number,
    model_tokens_per_day: bound,
    tools: z.array(
      z.strictObject({
        name: text,
        effect: z.enum(['read', 'write', 'destructive']),
        decided_by: z.enum(['auto', 'approve', 'shadow']),
        ...most,
        sums: z.array(z.strictObject({ arg: text, ...most })),
        shared_with: z.array(text).describe('agents that spend of the same budgets'),
        objects: z.array(z.strictObject({ id: text, yielded_by: orNull(text) })),
        audience: orNull(label).describe('who sees what it sends'),
        text_per_call: number.describe('characters of free text'),
        bits_per_call: number.describe('what one call can tell by its choices'),
        flow: orNull(z.strictObject({ from: text, label, outcome: z.enum(['denied', 'asked']) })).describe(
          'the most private thing that it may have read and that is not for them',
        ),
      }),
    ),
    origins: z.array(z.strictObject({ origin: text, credentials: z.array(text) })),
    reads: z.array(z.strictObject({ from: text, label })),
    unasked_bits_per_day: bound,
  })
  .meta({ id: 'Reach', description: 'the most that it can do, whatever its model says' })

export const agent = z
  .strictObject({
    name: text,
    mode: z.enum(['live', 'shadow', 'off']),
    model: text,
    on: z.array(
      z.strictObject({ source: text, types: z.array(text), if: orNull(text), echoes: z.boolean() }),
    ),
    mailbox: z.strictObject({
      when_busy: z.enum(['queue', 'coalesce', 'supersede']),
      quiet_ms: orNull(number),
      max_wait_ms: orNull(number),
    }),
    refresh: orNull(text),
    limits: z.record(text, orNull(number)),
    tools: z.array(
      z.strictObject({
        name: text,
        effect: orNull(z.enum(['read', 'write', 'destructive'])),
        method: orNull(text),
        url: orNull(text),
        credential: orNull(text),
        gate: z.enum(['auto', 'approve', 'shadow']),
        if: orNull(text),
        max: z.array(z.strictObject({ limit: number, per })),
        sum: z.array(z.strictObject({ arg: text, limit: number, per })),
      }),
    ),
    reach,
  })
  .meta({ id: 'Agent' })

export const counts = z
  .strictObject({
    deliveries: z.record(text, number),
    events: z.record(eventStates, number),
    runs: z.record(runStates, number),
    approvals_waiting: number,
    held: number,
  })
  .meta({ id: 'Counts' })

const writes = z.array(
  z.strictObject({ tool_call_id: idOf('call'), run_id: idOf('run'), tool: text, state: callStates }),
)
const last = { last_run_id: orNull(idOf('run')), last_state: orNull(runStates) }

export const replayed = z
  .strictObject({
    planned: z.array(
      z.strictObject({
        event_id: idOf('event'),
        agent: text,
        why: z.enum(['again', 'first', 'would_wake']),
        ...last,
        last_error: orNull(text),
        writes: writes.describe('what earlier runs wrote, and what this one may write again'),
      }),
    ),
    left_out: z.array(
      z.strictObject({ event_id: idOf('event'), agent: orNull(text), reason: text, ...last, writes }),
    ),
    runs: z.array(run).describe('that were made'),
    stopped_by: z.null(),
  })
  .meta({ id: 'Replayed' })

/** Every answer that is not 2xx and says more than its status. */
export const refused = z
  .strictObject({
    error: z.strictObject({
      code: text,
      message: text,
      fields: z.array(z.strictObject({ field: text, message: text })).optional(),
    }),
  })
  .meta({ id: 'Refused' })
