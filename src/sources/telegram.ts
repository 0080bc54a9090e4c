import { z } from 'zod'
import type { Ids } from '../domain/event.js'
import { webhookFields } from './engine/fields.js'
import { tokenProof } from './engine/proof.js'
import type { Reading } from './engine/reading.js'
import { secretField } from './engine/secret.js'
import { defineSender } from './engine/sender.js'
import { isObject, jsonObject, malformed } from './engine/verified.js'
import { telegramSamples } from './samples/telegram.js'

/*
 * Telegram Bot API. https://core.telegram.org/bots/api#setwebhook, read 2026-11-21. The token that was given to
 * setWebhook as `secret_token` is sent in clear: nothing of the body is signed, and no time.
 * Dedupe: `update_id`, the same when it is sent again, which Telegram does for a time after any answer but 2xx.
 * An update has one more key beside `update_id`, and that is its type.
 */
const scheme = { header: 'x-telegram-bot-api-secret-token' }

const options = z.strictObject({ secret: secretField({ isToken: true }), ...webhookFields('1MB') })

/** `message`, `callback_query`, …: the key beside `update_id`. */
function contentKey({ data }: Reading): string {
  const keys = isObject(data) ? Object.keys(data).filter((key) => key !== 'update_id') : []
  const [key, second] = keys
  if (key !== undefined && second === undefined && /^[a-z][a-z_]{0,63}$/.test(key)) return key
  throw malformed('the update does not have exactly one content')
}

const names = ['update', 'chat', 'message', 'thread', 'user', 'callback_query', 'inline_query'] as const
const positive = /^[1-9][0-9]{0,19}$/

/** What of the content has each id, and what it looks like. A group's chat id is negative. */
function candidates(key: string): Readonly<Record<string, readonly [pattern: RegExp, ...paths: string[]]>> {
  const query = /^[0-9]{1,32}$/
  return {
    update: [positive, 'update_id'],
    chat: [/^-?[1-9][0-9]{0,19}$/, `${key}.chat.id`, `${key}.message.chat.id`],
    message: [positive, `${key}.message_id`, `${key}.message.message_id`],
    thread: [positive, `${key}.message_thread_id`, `${key}.message.message_thread_id`],
    user: [positive, `${key}.from.id`, `${key}.user.id`],
    ...(key === 'callback_query' ? { callback_query: [query, `${key}.id`] } : {}),
    ...(key === 'inline_query' ? { inline_query: [query, `${key}.id`] } : {}),
  }
}

function refineIds(reading: Reading): Ids {
  const found: Record<string, string> = {}
  for (const [name, [pattern, ...paths]] of Object.entries(candidates(contentKey(reading)))) {
    const id = paths.map((path) => reading.text(path)).find((text) => text !== undefined)
    if (id !== undefined && pattern.test(id)) found[name] = id
  }
  return { ...found, ...reading.ids }
}

export const telegram = defineSender({
  kind: 'telegram',
  title: 'Telegram',
  link: 'https://core.telegram.org/bots/api#setwebhook',
  options,
  proof: ({ secret }) => tokenProof(scheme, secret),
  body: jsonObject,
  ids: [],
  refineIds,
  moreIdNames: names,
  event: {
    id: ({ text }) => text('update_id'),
    isIdAuthentic: true,
    type: contentKey,
    subject: ({ ids }) => ids['chat'] ?? ids['user'],
    actor: (reading) =>
      reading.text(`${contentKey(reading)}.from.id`) ?? reading.text(`${contentKey(reading)}.user.id`),
    time: (reading) =>
      reading.text(`${contentKey(reading)}.edit_date`) ?? reading.text(`${contentKey(reading)}.date`),
  },
  // What is in the answer could be taken for a call of the Bot API.
  reply: () => ({ status: 200, body: '' }),
  samples: telegramSamples,
})
