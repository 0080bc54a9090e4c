import { createHmac, randomUUID } from 'node:crypto'
import type { JsonObject } from '../../../src/util/json.js'
import type { Scope } from './format.js'
import { eventIds, formOf, hookSecret, isPublic, typeOf } from './setting.js'

export interface Signed {
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export interface DeliveryOptions {
  /** Other ids than the scope's. */
  readonly ids?: Readonly<Record<string, string | number>>
  /** What an attacker could write: a title, a reason, the text of a ticket. */
  readonly text?: string
  readonly type?: string
  readonly login?: string
  readonly secret?: string
  /** Changes the body before it is signed. */
  readonly change?: (body: JsonObject) => void
  /** The body as it is sent, instead of all this. */
  readonly raw?: string
  /** Makes this delivery another event than one before. */
  readonly number?: number
}

const at = '2026-11-21T07:00:00Z'

/** A delivery that the scope's sender would make, signed as it signs. */
export function deliveryOf(scope: Scope, options: DeliveryOptions = {}): Signed {
  const ids = {
    ...Object.fromEntries(eventIds(scope).map((id) => [id, scope.scope[id] ?? ''])),
    ...options.ids,
  }
  const given: Given = { scope, ids, options, type: options.type ?? typeOf(scope) }
  const sender = formOf(scope)
  const make = sender === 'stripe' ? stripeBody : sender === 'github' ? githubBody : customBody
  const body = make(given)
  options.change?.(body)
  return sign(sender, given, options.raw ?? JSON.stringify(body))
}

interface Given {
  readonly scope: Scope
  readonly ids: Readonly<Record<string, string | number>>
  readonly options: DeliveryOptions
  readonly type: string
}

function sign(sender: string, { type, options }: Given, body: string): Signed {
  const hmac = (text: string) =>
    createHmac('sha256', options.secret ?? hookSecret)
      .update(text)
      .digest('hex')
  const json = { 'content-type': 'application/json' }
  if (sender === 'stripe') {
    const seconds = Math.floor(Date.now() / 1000)
    return { headers: { ...json, 'stripe-signature': `t=${seconds},v1=${hmac(`${seconds}.${body}`)}` }, body }
  }
  if (sender !== 'github') return { headers: { ...json, 'x-signature': `sha256=${hmac(body)}` }, body }
  const headers = {
    ...json,
    'x-github-event': type.split('.')[0] ?? '',
    'x-github-delivery': randomUUID(),
    'x-hub-signature-256': `sha256=${hmac(body)}`,
  }
  return { headers, body }
}

function stripeBody({ scope, ids, options, type }: Given): JsonObject {
  const [charge = ''] = Object.values(ids)
  const id = /\bevt_\w+/.exec(scope.event)?.[0] ?? 'evt_A1'
  const reason = options.text ?? 'product_not_received'
  return {
    id: `${id}${options.number ?? ''}`,
    object: 'event',
    type,
    created: 1_795_000_000 + (options.number ?? 0),
    data: { object: { id: `dp_${String(charge).replace(/\W|_/g, '')}`, object: 'dispute', ...ids, reason } },
  }
}

function githubBody({ scope, ids, options, type }: Given): JsonObject {
  const { repo = 'acme/api', issue, run, run_attempt: attempt = 1, pull_request: pull } = ids
  const login = options.login ?? 'mallory'
  const text = options.text ?? 'It does not work'
  const repository = { id: 42, full_name: repo, private: !isPublic(scope) }
  return {
    action: type.split('.')[1] ?? 'opened',
    repository,
    sender: { login, id: 666 },
    ...(issue !== undefined && {
      issue: { id: 9_000_000, number: issue, title: text, body: text, user: { login }, updated_at: at },
    }),
    ...(pull !== undefined && {
      pull_request: { number: pull, title: text, body: text, head: { ref: 'patch-1' }, updated_at: at },
    }),
    ...(run !== undefined && {
      workflow_run: {
        id: run,
        run_attempt: attempt,
        name: text,
        head_branch: 'patch-1',
        head_sha: 'a'.repeat(40),
        conclusion: 'failure',
        head_repository: { id: 42, full_name: repo },
        updated_at: at,
      },
    }),
    ...(options.number !== undefined && { installation: { id: options.number } }),
  }
}

function customBody({ ids, options, type }: Given): JsonObject {
  const [subject = ''] = Object.values(ids)
  return {
    id: `occ_${subject}_${options.number ?? 0}`,
    type,
    subject: String(subject),
    created_at: at,
    ids: { ...ids },
    text: options.text ?? 'Please help',
  }
}
