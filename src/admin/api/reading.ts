import { z } from 'zod'
import { AppError } from '../../domain/errors.js'
import { parkedOns } from '../../domain/run.js'
import { blastRadius } from '../../runs/blast-radius.js'
import { agentDocument, sourceDocument } from '../../runs/config-documents.js'
import {
  alertDocument,
  approvalDocument,
  deliveryDocument,
  eventDocument,
  journalDocument,
  refusalDocument,
  runDocument,
  toolCallDocument,
} from '../../runs/documents.js'
import { reachDocument } from '../../runs/reach-document.js'
import { utcDay } from '../../util/clock.js'
import { parseMoment } from '../../util/duration.js'
import type { JsonObject } from '../../util/json.js'
import type { PageOptions } from '../pages/page.js'
import { arrivalText, parseArrival, unreadableDocument } from '../unreadable.js'
import * as documents from './documents.js'
import { type Endpoint, nothing, reading } from './endpoint.js'
import { before, idOf, isPartial, limit, moment, name, next } from './fields.js'

/** Only what was given, times as numbers. */
function searchOf<Query extends { since?: string | undefined; until?: string | undefined }>(
  query: Query,
  { clock }: PageOptions,
) {
  const now = clock.now()
  const { since, until, ...rest } = query
  return {
    ...rest,
    ...(since === undefined ? {} : { since: parseMoment(since, now) ?? now }),
    ...(until === undefined ? {} : { until: parseMoment(until, now) ?? now }),
  }
}

function found<Thing>(thing: Thing | undefined, what: string, id: string): Thing {
  if (thing === undefined) throw new AppError('store.not_found', `there is no ${what} ${id} in this ledger`)
  return thing
}

const events = reading({
  path: '/api/events',
  summary: 'Events, newest first.',
  query: z.strictObject({
    source: name.optional(),
    type: name.optional().describe('`*` stands for any run of characters'),
    state: documents.eventStates.optional(),
    subject: name.optional(),
    actor: name.optional(),
    agent: name.optional().describe('that it woke'),
    text: name.optional().describe('in the subject or the type'),
    since: moment.optional(),
    until: moment.optional(),
    before: before('event').optional(),
    limit,
  }),
  answer: z.strictObject({
    events: z.array(documents.event),
    refused_today: z.array(documents.refusal),
    next: next('event'),
    is_partial: isPartial,
  }),
  async does({ query }, options) {
    const { store, clock } = options
    const { events, next, isPartial } = await store.findEvents(searchOf(query, options))
    const refused = await store.refusals(utcDay(clock.now()))
    return {
      events: events.map(eventDocument),
      refused_today: refused.map(refusalDocument),
      next: next ?? null,
      is_partial: isPartial,
    }
  },
})

const event = reading({
  path: '/api/events/{event}',
  summary: 'An event with its content, the deliveries that brought it and the runs that see it.',
  query: nothing,
  answer: documents.event
    .extend({
      data: z.unknown(),
      deliveries: z.array(documents.delivery),
      runs: z.array(documents.run),
    })
    .meta({ id: 'EventWithContent' }),
  async does({ id }, { store }) {
    const one = found(await store.event(id), 'event', id)
    return {
      ...eventDocument(one),
      data: one.data,
      deliveries: (await store.deliveriesOf(id)).map(deliveryDocument),
      runs: (await store.runsOf(id)).map(runDocument),
    }
  },
})

const runs = reading({
  path: '/api/runs',
  summary: 'Runs, newest first.',
  query: z.strictObject({
    agent: name.optional(),
    state: documents.runStates.optional(),
    parked_on: z.enum(parkedOns).optional(),
    subject: name.optional(),
    event_id: idOf('event').describe('one of the events that it sees').optional(),
    error_code: name.optional(),
    replayed: z
      .enum(['true', 'false'])
      .describe('of the dead ones: whether a replay came after that was not cancelled')
      .optional(),
    since: moment.optional(),
    until: moment.optional(),
    before: before('run').optional(),
    limit,
  }),
  answer: z.strictObject({ runs: z.array(documents.run), next: next('run'), is_partial: isPartial }),
  async does(
    { query: { parked_on: parkedOn, event_id: eventId, error_code: errorCode, replayed, ...query } },
    options,
  ) {
    const search = {
      ...searchOf(query, options),
      ...(parkedOn === undefined ? {} : { parkedOn }),
      ...(eventId === undefined ? {} : { eventId }),
      ...(errorCode === undefined ? {} : { errorCode }),
      ...(replayed === undefined ? {} : { isReplayed: replayed === 'true' }),
    }
    const { runs, next, isPartial } = await options.store.findRuns(search)
    return { runs: runs.map(runDocument), next: next ?? null, is_partial: isPartial }
  },
})

const run = reading({
  path: '/api/runs/{run}',
  summary: 'A run with its turns, tool calls, approvals and tries.',
  query: nothing,
  answer: documents.journal,
  async does({ id }, { store }) {
    const { eventCount } = found(await store.run(id), 'run', id)
    return journalDocument(await store.journal(id), eventCount > 1 ? await store.eventsOf(id, 0) : [])
  },
})

const approvals = reading({
  path: '/api/approvals',
  summary: 'Approvals, newest first, and the writes that are held.',
  query: z.strictObject({
    state: documents.approvalStates.default('waiting'),
    agent: name.optional(),
    tool: name.optional(),
    since: moment.optional(),
    until: moment.optional(),
    before: before('approval').optional(),
    limit,
  }),
  answer: z.strictObject({
    approvals: z.array(documents.approval),
    held: z.array(documents.toolCall).describe('with `state=waiting`: they wait for a person too'),
    next: next('approval'),
    is_partial: isPartial,
  }),
  async does({ query }, options) {
    const { store } = options
    const { approvals, next, isPartial } = await store.findApprovals(searchOf(query, options))
    const held = query.state === 'waiting' ? await store.listHeld() : []
    return {
      approvals: approvals.map(approvalDocument),
      held: held.map(toolCallDocument),
      next: next ?? null,
      is_partial: isPartial,
    }
  },
})

const approval = reading({
  path: '/api/approvals/{approval}',
  summary: 'An approval, with the exact request that would be sent.',
  query: nothing,
  answer: documents.approval,
  does: async ({ id }, { store }) => approvalDocument(found(await store.approval(id), 'approval', id)),
})

const held = reading({
  path: '/api/held',
  summary: 'Writes that were sent and whose outcome nobody knows, oldest first.',
  query: z.strictObject({ limit }),
  answer: z.strictObject({ held: z.array(documents.toolCall) }),
  does: async ({ query }, { store }) => ({ held: (await store.listHeld(query.limit)).map(toolCallDocument) }),
})

const unreadable = reading({
  path: '/api/unreadable',
  summary: 'Verified deliveries that could not be read, newest first: no event came of them.',
  query: z.strictObject({
    before: z
      .string()
      .refine((text) => parseArrival(text) !== undefined, { error: 'expected the `next` of a page' })
      .describe('the `next` of the page before: only older ones')
      .optional(),
    limit,
  }),
  answer: z.strictObject({
    deliveries: z.array(documents.delivery),
    next: z.union([z.string(), z.null()]).describe('for `before`; null: there are no more'),
    is_partial: isPartial,
  }),
  async does({ query: { before, limit } }, { store }) {
    const from = before === undefined ? undefined : parseArrival(before)
    const { deliveries, next, isPartial } = await store.findMalformed({
      limit,
      ...(from && { before: from }),
    })
    return {
      deliveries: deliveries.map(unreadableDocument),
      next: next === undefined ? null : arrivalText(next),
      is_partial: isPartial,
    }
  },
})

const alerts = reading({
  path: '/api/alerts',
  summary: 'What stands and needs somebody, newest first.',
  query: z.strictObject({ limit }),
  answer: z.strictObject({ alerts: z.array(documents.alert) }),
  async does({ query }, { store }) {
    const standing = (await store.listAlerts(query.limit)).filter(
      ({ resolvedAt }) => resolvedAt === undefined,
    )
    return { alerts: standing.map(alertDocument) }
  },
})

const counts = reading({
  path: '/api/counts',
  summary: 'How much there is, by state.',
  query: nothing,
  answer: documents.counts,
  async does(_asked, { store }) {
    const { deliveries, events, runs, approvalsWaiting, held } = await store.counts()
    return {
      deliveries: { ...deliveries },
      events: { ...events },
      runs: { ...runs },
      approvals_waiting: approvalsWaiting,
      held,
    }
  },
})

const agents = reading({
  path: '/api/agents',
  summary: 'The agents of the configuration in force, and the most that each can do.',
  query: nothing,
  answer: z.strictObject({ agents: z.array(documents.agent) }),
  async does(_asked, options) {
    const config = options.config()
    return {
      agents: [...config.agents.values()].map((agent) => ({
        ...agentDocument(agent, config),
        reach: reachDocument(blastRadius(agent, config)),
      })),
    }
  },
})

const sources = reading({
  path: '/api/sources',
  summary: 'The sources of the configuration in force.',
  query: nothing,
  answer: z.strictObject({ sources: z.array(documents.source) }),
  async does(_asked, { store, config, sources }) {
    const { server, sources: declared } = config()
    const shown: JsonObject[] = []
    for (const source of declared.values()) {
      const isSentTo = sources().has(source.name)
      const url = isSentTo ? `${server.publicUrl}/hooks/${source.name}` : undefined
      shown.push(sourceDocument(source, { url, nextAt: (await store.cursor(source.name))?.nextAt }))
    }
    return { sources: shown }
  },
})

export const readingEndpoints: readonly Endpoint[] = [
  events,
  event,
  runs,
  run,
  approvals,
  approval,
  held,
  unreadable,
  alerts,
  counts,
  agents,
  sources,
]
