import { z } from 'zod'
import { AppError } from '../../domain/errors.js'
import { wakingToday } from '../../ingest/waking.js'
import { cancelReason } from '../../runs/cancel.js'
import { approvalDocument, runDocument, toolCallDocument } from '../../runs/documents.js'
import { argumentsOf, editedText } from '../../runs/edit.js'
import { resolveHeld } from '../../runs/held.js'
import { planOfNamed, planOfStretch, type WhatIsWished } from '../../runs/replay-choice.js'
import { resultDocument } from '../../runs/replay-document.js'
import { type LeftOut, leftOutAsChanged, makeReplay, type Plan } from '../../runs/replay-plan.js'
import { parseMoment } from '../../util/duration.js'
import type { JsonObject } from '../../util/json.js'
import type { PageOptions } from '../pages/page.js'
import * as documents from './documents.js'
import { deciding, type Endpoint } from './endpoint.js'
import { digest, idOf, moment, name, reason } from './fields.js'

const approve = deciding({
  path: '/api/approvals/{approval}/approve',
  summary: 'Lets exactly this request through, if it is still the one with this digest.',
  body: z.strictObject({ digest, reason: reason.optional() }),
  answer: documents.approval,
  async does({ id, body, caller }, { store, clock, onDecided }) {
    const { digest, reason } = body
    const decision = { state: 'approved', by: caller.name, reason, digest } as const
    const decided = await store.decide(id, decision, clock.now())
    onDecided()
    return approvalDocument(decided)
  },
})

const deny = deciding({
  path: '/api/approvals/{approval}/deny',
  summary: 'Refuses the call; the agent is told, with the reason.',
  body: z.strictObject({ digest: digest.optional(), reason: reason.optional() }),
  answer: documents.approval,
  async does({ id, body: { digest = '', reason }, caller }, { store, clock, onDecided }) {
    const decided = await store.decide(id, { state: 'denied', by: caller.name, reason, digest }, clock.now())
    onDecided()
    return approvalDocument(decided)
  },
})

const edit = deciding({
  path: '/api/approvals/{approval}/edit',
  summary: 'Changes arguments of the call. It is decided anew with them, and asked for under a new digest.',
  body: z.strictObject({
    digest,
    arguments: z.record(z.string(), z.json()).describe('those that change; the others stay'),
    reason: reason.optional(),
  }),
  answer: documents.approval,
  async does({ id, body, caller }, { store, clock, config, onDecided }) {
    const approval = await store.approval(id)
    const call = approval && (await store.toolCall(approval.toolCallId))
    if (!approval || !call) throw new AppError('store.not_found', `there is no approval ${id} in this ledger`)
    const before = argumentsOf(call)
    const after: JsonObject = { ...before, ...(body.arguments as JsonObject) }
    const argumentsText = editedText(before, after, config().tools.get(call.tool))
    const change = { by: caller.name, argumentsText, reason: body.reason, digest: body.digest }
    const edited = await store.editApproval(id, change, clock.now())
    onDecided()
    return approvalDocument(edited)
  },
})

const cancel = deciding({
  path: '/api/runs/{run}/cancel',
  summary: 'Ends a run that is queued, parked or failed.',
  body: z.strictObject({ reason: reason.optional() }),
  answer: documents.run,
  async does({ id, body, caller }, { store, clock, onDecided }) {
    await store.cancelRun(id, cancelReason(caller.name, body.reason), clock.now())
    onDecided()
    return runDocument((await store.journal(id)).run)
  },
})

const resolve = deciding({
  path: '/api/calls/{call}/resolve',
  summary: 'Says what became of a held write.',
  body: z.strictObject({
    outcome: z
      .enum(['confirmed', 'rejected', 'send_again'])
      .describe('it happened; it did not; send the same bytes with the same key again'),
  }),
  answer: documents.toolCall,
  async does({ id, body, caller }, { store, clock, onDecided }) {
    const resolved = await resolveHeld(store, id, { state: body.outcome, by: caller.name }, clock.now())
    onDecided()
    return toolCallDocument(resolved)
  },
})

const wish = z
  .strictObject({
    events: z.array(idOf('event')).min(1).max(100).optional(),
    since: moment.describe('instead of `events`: all that were recorded since').optional(),
    until: moment.optional(),
    source: name.optional(),
    type: name.optional(),
    agent: name.optional().describe('this one only; else the agents that the event woke'),
    failed: z.boolean().default(false).describe('only where the agent’s last run is dead'),
    if_no_runs: z
      .boolean()
      .default(false)
      .describe('only agents of the configuration in force that would be woken and have no run of it'),
    replayed_before: moment.describe('of several events also those whose last replay is older').optional(),
    even_if_held: z.boolean().default(false).describe('also where what an earlier write did is not known'),
    dry_run: z.boolean().default(false).describe('answer what would be run, and make no run'),
  })
  .refine(({ events, since }) => (events === undefined) !== (since === undefined), {
    path: ['events'],
    error: 'expected either events or since',
  })
  .refine(({ events, until, source, type }) => events === undefined || !(until ?? source ?? type), {
    path: ['events'],
    error: 'until, source and type go with since, not with events',
  })
  .refine(({ failed, if_no_runs }) => !(failed && if_no_runs), {
    path: ['if_no_runs'],
    error: 'failed is about runs and if_no_runs about none; give one of them',
  })

/** More at once would be made faster than anybody can stop: `rouse replay` makes them at a pace. */
const mostRuns = 200

const replay = deciding({
  path: '/api/replay',
  summary: 'Runs agents on recorded events again, on purpose. Say `dry_run` first.',
  body: wish,
  answer: documents.replayed,
  async does({ body }, options) {
    const { store, clock, onDecided } = options
    const plan = await planOf(body, options)
    if (body.dry_run) return resultDocument(plan, { runs: [], changed: [], stoppedBy: undefined })
    if (plan.planned.length > mostRuns) {
      const message = `that would be ${plan.planned.length} runs; at most ${mostRuns} at once: narrow it down, or use rouse replay, which makes them at a pace`
      throw new AppError('command.failed', message)
    }
    const runs = []
    const changed: LeftOut[] = []
    for (const planned of plan.planned) {
      const run = await makeReplay(store, planned, clock.now())
      if (run) runs.push(run)
      else changed.push(leftOutAsChanged(planned))
    }
    onDecided()
    return resultDocument(plan, { runs, changed, stoppedBy: undefined })
  },
})

function planOf(body: z.output<typeof wish>, { store, clock, config }: PageOptions): Promise<Plan> {
  const now = clock.now()
  const at = (text: string | undefined) => (text === undefined ? undefined : parseMoment(text, now))
  const what: WhatIsWished = {
    agent: body.agent,
    isFailedOnly: body.failed,
    wouldWake: body.if_no_runs ? wakingToday(config().agents, body.agent) : undefined,
    replayedBefore: at(body.replayed_before),
    isEvenIfHeld: body.even_if_held,
  }
  if (body.events) return planOfNamed(store, body.events, what)
  const { source, type } = body
  return planOfStretch(store, { since: at(body.since) ?? now, until: at(body.until), source, type }, what)
}

export const decidingEndpoints: readonly Endpoint[] = [approve, deny, edit, cancel, resolve, replay]
