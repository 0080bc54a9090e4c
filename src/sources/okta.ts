import { z } from 'zod'
import { type Delivery, headerValues, type Reply } from '../domain/delivery.js'
import type { JsonValue } from '../util/json.js'
import { credentialFields, credentialProof } from './engine/credentials.js'
import { echoJson } from './engine/echo.js'
import { webhookFields } from './engine/fields.js'
import { idRules } from './engine/ids.js'
import { firstText } from './engine/reading.js'
import { defineSender } from './engine/sender.js'
import { isObject, malformed } from './engine/verified.js'
import { oktaSamples } from './samples/okta.js'

/*
 * Okta, event hooks. https://developer.okta.com/docs/concepts/event-hooks, read 2026-11-21.
 * Nothing is signed: the authentication secret, in `Authorization` or the header that the hook names, alone speaks.
 * Handshake: one GET with X-Okta-Verification-Challenge, answered with its value in JSON.
 * Dedupe: `uuid` of each event. Answer 200 or 204 with nothing within 3 s; tried once more after 5xx and timeouts,
 * and never after a 4xx.
 */
const options = z.strictObject({ ...credentialFields(''), ...webhookFields('1MB') })

/** Whom or what it happened to; who did it is the actor. */
const targets = ['target[0].id', 'target[1].id', 'target[2].id'] as const
const rules = idRules({
  actor: ['00u[A-Za-z0-9]{17}', 'actor.id'],
  user: ['00u[A-Za-z0-9]{17}', ...targets],
  group: ['00g[A-Za-z0-9]{17}', ...targets],
  app: ['0oa[A-Za-z0-9]{17}', ...targets],
})

/** Not signed, and says nothing about later requests. */
function greet({ method, rawHeaders }: Delivery): Reply | undefined {
  const [challenge, second] = headerValues(rawHeaders, 'x-okta-verification-challenge')
  return method === 'GET' && second === undefined ? echoJson('verification', challenge) : undefined
}

function eventsOf(body: JsonValue): readonly JsonValue[] {
  const data = isObject(body) ? body['data'] : undefined
  const events = isObject(data) ? data['events'] : undefined
  if (Array.isArray(events)) return events
  throw malformed('the body has no list at data.events')
}

export const okta = defineSender({
  kind: 'okta',
  title: 'Okta',
  link: 'https://developer.okta.com/docs/concepts/event-hooks',
  options,
  proof: credentialProof,
  greetingMethods: ['GET'],
  greet,
  items: eventsOf,
  ids: rules,
  event: {
    id: ({ text }) => text('uuid'),
    isIdAuthentic: true,
    type: ({ text }) => text('eventType'),
    subject: ({ ids, text }) => ids['user'] ?? text('target[0].id') ?? text('actor.id'),
    actor: firstText('actor.id'),
    time: ({ text }) => text('published'),
  },
  reply: () => ({ status: 200, body: '' }),
  headers: () => ({ 'user-agent': 'okta-event-hooks' }),
  samples: oktaSamples,
})
