import { z } from 'zod'
import type { Delivery, Reply } from '../domain/delivery.js'
import { headerValues } from '../domain/delivery.js'
import { JsonError, parseJson } from '../util/json.js'
import { webhookFields } from './engine/fields.js'
import {
  handedSecretFields,
  handedSecretProof,
  handedSecretsMissing,
  hasHandedSecrets,
  takeSecret,
} from './engine/handed-secrets.js'
import { idRules } from './engine/ids.js'
import { firstText } from './engine/reading.js'
import { defineSender } from './engine/sender.js'
import type { SignatureScheme } from './engine/signature-scheme.js'
import { compileMessage } from './engine/template.js'
import { isObject, jsonObject } from './engine/verified.js'
import type { SourceContext } from './source.js'

/*
 * Notion. https://developers.notion.com/reference/webhooks, read 2026-11-21. Signed: the raw body, with the
 * verification token that Notion sends once, unsigned, when the subscription is made, and that a person pastes back
 * there. A body that has such a token later is a body like any other. No time is signed.
 * Dedupe: `id`, signed, the same over all attempts (`attempt_number`); up to eight within 24 hours.
 * An event says what changed and not to what: a tool reads that.
 */
const scheme: SignatureScheme = {
  hash: 'sha256',
  signature: { header: 'x-notion-signature', prefix: 'sha256=', encoding: 'hex' },
  message: compileMessage('{body}'),
}

const options = z
  .strictObject({ ...handedSecretFields, ...webhookFields('1MB') })
  .refine(hasHandedSecrets, { error: handedSecretsMissing })
type Options = z.output<typeof options>

const longestFirst = 1000

/** The first request: only a token, and no signature. Kept where the URL is the registered one, and never answered with it. */
function register(delivery: Delivery, given: Options, context: SourceContext): Reply | undefined {
  const isFirst =
    given.secret_file !== undefined &&
    delivery.body.length <= longestFirst &&
    headerValues(delivery.rawHeaders, 'x-notion-signature').length === 0
  const token = isFirst ? onlyToken(delivery.body) : undefined
  if (token === undefined) return undefined
  takeSecret(token, delivery, given, context)
  return { status: 200, body: '' }
}

function onlyToken(body: Uint8Array): string | undefined {
  try {
    const data = parseJson(body)
    if (!isObject(data) || Object.keys(data).join() !== 'verification_token') return undefined
    const token = data['verification_token']
    return typeof token === 'string' ? token : undefined
  } catch (cause) {
    if (cause instanceof JsonError) return undefined
    throw cause
  }
}

const uuid = '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}'
const rules = idRules({
  event: [uuid, 'id'],
  workspace: [uuid, 'workspace_id'],
  subscription: [uuid, 'subscription_id'],
  entity: [uuid, 'entity.id'],
  parent: [uuid, 'data.parent.id'],
  author: [uuid, 'authors[0].id'],
})

export const notion = defineSender({
  kind: 'notion',
  title: 'Notion',
  link: 'https://developers.notion.com/reference/webhooks',
  options,
  proof: (given, context) => handedSecretProof(scheme, given, context),
  greet: register,
  body: jsonObject,
  ids: rules,
  event: {
    id: ({ text }) => text('id'),
    type: ({ text }) => text('type'),
    subject: ({ ids }) => ids['entity'],
    actor: firstText('authors[0].id'),
    time: ({ text }) => text('timestamp'),
  },
  reply: () => ({ status: 200, body: '' }),
  headers: () => ({ 'user-agent': 'notion-webhooks' }),
  samples: [
    {
      type: 'page.content_updated',
      body: {
        id: '1782edd6-a853-4d4a-b02c-9c8c16f28e53',
        timestamp: '2026-01-01T00:00:00.000Z',
        workspace_id: '13950b26-c203-4f3b-b97d-93ec06319565',
        subscription_id: '29d75c0d-5546-4414-8459-7b7a92f1fc4b',
        type: 'page.content_updated',
        authors: [{ id: 'c7c11cca-1d73-471d-9b6e-bdef51470190', type: 'person' }],
        attempt_number: 1,
        entity: { id: '153104cd-477e-809d-8dc4-ff2d96ae3090', type: 'page' },
        data: { parent: { id: '13950b26-c203-4f3b-b97d-93ec06319565', type: 'space' } },
      },
      idPath: 'id',
    },
  ],
})
