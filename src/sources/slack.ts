import { z } from 'zod'
import type { Reply, VerifiedDelivery } from '../domain/delivery.js'
import { AppError } from '../domain/errors.js'
import type { JsonObject, JsonValue } from '../util/json.js'
import { toleranceField, webhookFields } from './engine/fields.js'
import { parseForm } from './engine/form.js'
import { idRules } from './engine/ids.js'
import { signatureProof } from './engine/proof.js'
import { firstText } from './engine/reading.js'
import { secretField } from './engine/secret.js'
import { defineSender } from './engine/sender.js'
import type { SignatureScheme } from './engine/signature-scheme.js'
import { compileMessage } from './engine/template.js'
import { isObject, jsonObject, malformed } from './engine/verified.js'
import { slackSamples } from './samples/slack.js'

/*
 * Slack: Events API, slash commands, interactivity. https://docs.slack.dev/authentication/verifying-requests-from-slack,
 * read 2026-11-21. Signed: `v0:{timestamp}:{body}`, the raw body in all three forms.
 * Dedupe: `event_id` of events, `trigger_id` of the other two, both signed.
 * Handshake: `url_verification`, signed as everything else: answered only after `verify`.
 * Must be answered 200 within 3 s; retried at once, after 1 and after 5 minutes with the same event_id.
 */
function scheme(toleranceMs: number): SignatureScheme {
  return {
    hash: 'sha256',
    signature: {
      header: 'x-slack-signature',
      prefix: 'v0=',
      encoding: 'hex',
    },
    message: compileMessage('v0:{timestamp}:{body}'),
    timestamp: {
      header: 'x-slack-request-timestamp',
      unit: 's',
      tolerance: { pastMs: toleranceMs, futureMs: toleranceMs },
    },
  }
}

const options = z.strictObject({
  secret: secretField(),
  tolerance: toleranceField.transform(scheme),
  ...webhookFields('1MB'),
})

const stamp = '[0-9]{10}\\.[0-9]{6}'
const rules = idRules({
  team: ['[TE][A-Z0-9]{2,20}', 'team_id', 'team.id', 'event.team'],
  channel: [
    '[CDG][A-Z0-9]{2,20}',
    'event.channel',
    'event.item.channel',
    'event.channel.id',
    'channel_id',
    'channel.id',
    'container.channel_id',
  ],
  user: ['[UWB][A-Z0-9]{2,20}', 'event.user', 'event.user.id', 'user_id', 'user.id'],
  ts: [stamp, 'event.ts', 'event.item.ts', 'message.ts', 'container.message_ts'],
  thread: [stamp, 'event.thread_ts', 'event.ts', 'message.thread_ts', 'message.ts'],
})

function isForm(body: Uint8Array): boolean {
  return body[0] !== 0x7b
}

/** The event's content: the JSON, the JSON in `payload` of an interaction, or the fields of a slash command. */
function contentOf(verified: VerifiedDelivery): JsonObject {
  const { body } = verified.delivery
  if (!isForm(body) || parseForm(body).has('payload')) return jsonObject(verified)
  const fields: Record<string, JsonValue> = Object.create(null)
  for (const [name, value] of parseForm(body)) {
    // The command's own proof and a URL that speaks for it; both are secrets of a sort.
    if (name !== 'token' && name !== 'response_url') fields[name] = utf8(value)
  }
  if (typeof fields['command'] !== 'string')
    throw malformed('the form is neither an interaction nor a command')
  return fields
}

function utf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (cause) {
    throw malformed('a field of the form is not valid UTF-8', cause)
  }
}

/** `url_verification`: gives the challenge back as plain text, if it is nothing but a token. */
function challenge(verified: VerifiedDelivery): Reply | undefined {
  if (isForm(verified.delivery.body)) return undefined
  const data = readable(verified)
  if (!isObject(data) || data['type'] !== 'url_verification') return undefined
  const given = data['challenge']
  if (typeof given !== 'string' || !/^[A-Za-z0-9._~+/=-]{1,256}$/.test(given)) return undefined
  return {
    status: 200,
    headers: { 'content-type': 'text/plain', 'x-content-type-options': 'nosniff' },
    body: given,
  }
}

/** What cannot be read is no handshake; `events` says what is wrong with it. */
function readable(verified: VerifiedDelivery): JsonValue | undefined {
  try {
    return verified.json()
  } catch (cause) {
    if (cause instanceof AppError) return undefined
    throw cause
  }
}

export const slack = defineSender({
  kind: 'slack',
  title: 'Slack',
  link: 'https://docs.slack.dev/authentication/verifying-requests-from-slack',
  options,
  proof: ({ secret, tolerance }) => signatureProof(tolerance, secret),
  content: (body) => (isForm(body) ? (parseForm(body).get('payload') ?? Buffer.alloc(0)) : body),
  handshake: challenge,
  body: contentOf,
  ids: rules,
  event: {
    id: ({ text }) => text('event_id') ?? text('trigger_id'),
    type({ text }) {
      const type = text('type')
      if (type !== 'event_callback') return type ?? 'slash_command'
      const inner = text('event.type')
      if (inner === undefined) throw malformed('the event_callback has no event.type')
      return inner
    },
    subject: ({ ids, text }) =>
      ids['thread'] === undefined || text('type') === undefined
        ? ids['channel']
        : `${ids['channel'] ?? ''}/${ids['thread']}`,
    actor: firstText(
      'event.user',
      'event.bot_id',
      'event.message.user',
      'event.message.bot_id',
      'user.id',
      'user_id',
    ),
    time: ({ text }) => text('event_time'),
  },
  reply: () => ({ status: 200, body: '' }),
  headers: ({ body }) => ({
    'content-type': isForm(body) ? 'application/x-www-form-urlencoded' : 'application/json',
    'user-agent': 'Slackbot 1.0 (+https://api.slack.com/robots)',
  }),
  samples: slackSamples,
})
