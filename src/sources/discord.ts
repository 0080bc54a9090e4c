import { z } from 'zod'
import type { Reply, VerifiedDelivery } from '../domain/delivery.js'
import type { Ids } from '../domain/event.js'
import { toleranceField, webhookFields } from './engine/fields.js'
import { idRules } from './engine/ids.js'
import { signatureProof } from './engine/proof.js'
import { firstText, type Reading } from './engine/reading.js'
import { publicKeyField } from './engine/secret.js'
import { defineSender } from './engine/sender.js'
import type { SignatureScheme } from './engine/signature-scheme.js'
import { compileMessage } from './engine/template.js'
import { isObject, jsonObject, malformed, readableObject } from './engine/verified.js'
import { discordSamples } from './samples/discord.js'

/*
 * Discord: interactions (https://docs.discord.com/developers/interactions/overview) and webhook events
 * (https://docs.discord.com/developers/events/webhook-events), read 2026-11-21. Signed by ed25519: `{timestamp}{body}`,
 * the timestamp as it is written. Discord says nothing of how old it may be; five minutes are allowed.
 * Dedupe: `id` of an interaction, signed. Webhook events have no id; the digest of the signed body stands for it.
 * Handshakes: PING, of interactions (type 1) and of webhook events (type 0), each with its own answer, both signed.
 * Discord keeps sending bad signatures and takes the URL away unless they are answered 401.
 * Must be answered within 3 s. Webhook events are sent again for ten minutes, interactions never.
 */
function scheme(toleranceMs: number): SignatureScheme {
  return {
    algorithm: 'ed25519',
    hash: 'sha512',
    signature: { header: 'x-signature-ed25519', encoding: 'hex' },
    message: compileMessage('{timestamp}{body}'),
    timestamp: {
      header: 'x-signature-timestamp',
      unit: 's',
      tolerance: { pastMs: toleranceMs, futureMs: toleranceMs },
    },
  }
}

const options = z.strictObject({
  public_key: publicKeyField('ed25519'),
  tolerance: toleranceField.transform(scheme),
  ...webhookFields('1MB'),
})

const snowflake = '[1-9][0-9]{14,19}'
const rules = idRules({
  application: [snowflake, 'application_id'],
  guild: [snowflake, 'guild_id', 'event.data.guild.id', 'event.data.guild_id'],
  channel: [snowflake, 'channel_id', 'event.data.channel_id'],
  user: [
    snowflake,
    'member.user.id',
    'user.id',
    'event.data.user.id',
    'event.data.user_id',
    'event.data.author.id',
  ],
  interaction: [snowflake, 'id'],
  interaction_token: ['[A-Za-z0-9_.=-]{16,256}', 'token'],
  lobby: [snowflake, 'event.data.lobby_id'],
})

/** What `id` stands for depends on what it is the id of. */
function refineIds(reading: Reading): Ids {
  const { ids, text } = reading
  const type = typeOf(reading)
  const own = {
    command: type === 'APPLICATION_COMMAND' ? text('data.id') : undefined,
    message: type.includes('MESSAGE') ? (text('message.id') ?? text('event.data.id')) : undefined,
    entitlement: type.startsWith('ENTITLEMENT_') ? text('event.data.id') : undefined,
  }
  const found = Object.entries(own).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && /^[1-9][0-9]{14,19}$/.test(entry[1]),
  )
  return { ...ids, ...Object.fromEntries(found) }
}

const ping = 1
const autocomplete = 4

interface Interaction {
  readonly name: string
  /** Says that an answer comes later; without one Discord tells the user that the app did not respond. */
  readonly answer: number
}

const deferredMessage = 5
const deferredUpdate = 6
const interactions: ReadonlyMap<unknown, Interaction> = new Map([
  [2, { name: 'APPLICATION_COMMAND', answer: deferredMessage }],
  [3, { name: 'MESSAGE_COMPONENT', answer: deferredUpdate }],
  [5, { name: 'MODAL_SUBMIT', answer: deferredMessage }],
])

/** In both products the body has a number `type`; only webhook events have an `event`. */
function typeOf({ data, text }: Reading): string {
  const type = isObject(data) ? data['type'] : undefined
  const name = text('event.type') ?? interactions.get(type)?.name
  if (name === undefined) throw malformed('the body is neither an interaction nor a webhook event')
  return name
}

function json(body: unknown): Reply {
  return { status: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
}

/** Discord wants a content type even where there is no content. */
const empty: Reply = { status: 204, headers: { 'content-type': 'application/json' }, body: '' }

/** PINGs, and the wish for completions while a user types, to which there is only one answer. */
function handshake(verified: VerifiedDelivery): Reply | undefined {
  const data = readableObject(verified)
  if (!data || 'event' in data) return undefined
  switch (data['type']) {
    case 0:
      return empty
    case ping:
      return json({ type: ping })
    case autocomplete:
      return json({ type: 8, data: { choices: [] } })
    default:
      return undefined
  }
}

function reply(verified: VerifiedDelivery | undefined): Reply {
  const data = verified && readableObject(verified)
  const interaction = data && !('event' in data) ? interactions.get(data['type']) : undefined
  return interaction ? json({ type: interaction.answer }) : empty
}

const discordEpoch = 1_420_070_400_000n

/** Webhook events have a time without a zone, which is UTC; of an interaction, the id says it. */
function timeOf({ text, ids }: Reading): string | undefined {
  const stated = text('event.timestamp')
  if (stated !== undefined) return /(Z|[+-]\d{2}:\d{2})$/.test(stated) ? stated : `${stated}Z`
  const { interaction } = ids
  return interaction === undefined ? undefined : String((BigInt(interaction) >> 22n) + discordEpoch)
}

export const discord = defineSender({
  kind: 'discord',
  title: 'Discord',
  link: 'https://docs.discord.com/developers/interactions/overview#validating-security-request-headers',
  options,
  proof: ({ public_key, tolerance }) => signatureProof(tolerance, public_key),
  handshake,
  body: jsonObject,
  ids: rules,
  refineIds,
  moreIdNames: ['command', 'message', 'entitlement'],
  event: {
    id: ({ ids }) => ids['interaction'],
    type: typeOf,
    subject: ({ ids }) => ids['channel'] ?? ids['lobby'] ?? ids['user'],
    actor: firstText('member.user.id', 'user.id', 'event.data.user.id', 'event.data.user_id'),
    time: timeOf,
  },
  reply: (_state, _options, verified) => reply(verified),
  samples: discordSamples,
})
