import { z } from 'zod'
import type { Delivery, Reply } from '../domain/delivery.js'
import { VerificationError } from '../domain/errors.js'
import { JsonError, parseJson } from '../util/json.js'
import { echoJson } from './engine/echo.js'
import { signedUrlField, webhookFields } from './engine/fields.js'
import { requiredHeader } from './engine/headers.js'
import { idRules } from './engine/ids.js'
import { signJwt, verifyJwt } from './engine/jwt.js'
import { type Proof, secretAt, tokenProof } from './engine/proof.js'
import { firstText } from './engine/reading.js'
import { type Secret, secretField } from './engine/secret.js'
import { defineSender } from './engine/sender.js'
import { isObject, jsonObject } from './engine/verified.js'
import type { SourceContext } from './source.js'

/*
 * monday.com. https://developer.monday.com/api-reference/reference/webhooks, read 2026-11-21. Two modes, by which key is
 * given. `secret:` is the signing secret of an app: its webhooks carry a JWT (HS256) in Authorization, which is for the
 * registered URL. `token:` is for webhooks of a board, which monday does not sign at all: it stands in the registered
 * URL, ?token=…, and is all there is. In neither is the body signed.
 * Dedupe: `event.triggerUuid`. Handshake: {"challenge": …}, not signed, given back.
 * Sent again once a minute for half an hour.
 */
const options = z
  .strictObject({
    secret: secretField().optional(),
    token: secretField({ isToken: true })
      .optional()
      .describe('For webhooks of a board: the token in the URL, ?token=…'),
    url: signedUrlField,
    ...webhookFields('1MB'),
  })
  .refine(({ secret, token }) => (secret === undefined) !== (token === undefined), {
    error:
      'needs secret (the signing secret of an app) or token (in the URL of a board’s webhook), one of them',
  })
type Options = z.output<typeof options>

function proof({ secret, token, url }: Options, context: SourceContext): Proof {
  if (token) return tokenProof({ query: 'token' }, token)
  return jwtProof(secret ?? [], url ?? context.url)
}

function jwtProof(secrets: readonly Secret[], url: string): Proof {
  return {
    prove(delivery, now, trace) {
      const token = requiredHeader(delivery, 'authorization')
      trace?.found('token (authorization)', token.slice(0, 12))
      const keys = secrets.map(({ key }) => ({ algorithm: 'HS256' as const, secret: key }))
      const { claims, keyIndex } = verifyJwt(token, keys, now, trace)
      if (claims['exp'] === undefined) {
        throw new VerificationError(
          'verification.malformed_timestamp',
          'the token does not say when it expires',
        )
      }
      if (claims['aud'] !== url) {
        throw new VerificationError(
          'verification.signature_mismatch',
          'the token is for another URL than this source’s',
        )
      }
      return { secretIndex: keyIndex }
    },
    sign({ secretIndex = 0 }, now) {
      const seconds = Math.floor(now / 1000)
      const claims = { aud: url, iat: seconds, exp: seconds + 300 }
      return { headers: { authorization: signJwt(claims, secretAt(secrets, secretIndex).key) } }
    },
  }
}

const longestChallenge = 400

/** Nothing but a challenge is given back. With a token it has to be there too. */
function greet(delivery: Delivery, given: Options, context: SourceContext): Reply | undefined {
  const challenge = delivery.body.length <= longestChallenge ? onlyChallenge(delivery.body) : undefined
  if (challenge === undefined) return undefined
  if (given.token) proof(given, context).prove(delivery, 0)
  return echoJson('challenge', challenge)
}

function onlyChallenge(body: Uint8Array): string | undefined {
  try {
    const data = parseJson(body)
    if (!isObject(data) || Object.keys(data).join() !== 'challenge') return undefined
    return typeof data['challenge'] === 'string' ? data['challenge'] : undefined
  } catch (cause) {
    if (cause instanceof JsonError) return undefined
    throw cause
  }
}

const number = '[1-9][0-9]{0,19}'
const rules = idRules({
  trigger: ['[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}', 'event.triggerUuid'],
  board: [number, 'event.boardId'],
  item: [number, 'event.pulseId', 'event.itemId'],
  user: [number, 'event.userId'],
  update: [number, 'event.updateId'],
  subscription: [number, 'event.subscriptionId'],
})

export const monday = defineSender({
  kind: 'monday',
  title: 'monday.com',
  link: 'https://developer.monday.com/api-reference/reference/webhooks',
  options,
  proof,
  greet,
  body: jsonObject,
  ids: rules,
  event: {
    id: ({ text }) => text('event.triggerUuid'),
    isIdAuthentic: true,
    type: ({ text }) => text('event.type'),
    subject: ({ ids }) => ids['item'] ?? ids['board'],
    actor: firstText('event.userId'),
    time: ({ text }) => text('event.triggerTime'),
  },
  reply: () => ({ status: 200, body: '' }),
  samples: [
    {
      type: 'update_column_value',
      body: {
        event: {
          app: 'monday',
          type: 'update_column_value',
          triggerTime: '2026-01-01T00:00:00.000Z',
          subscriptionId: 73759690,
          userId: 9603417,
          boardId: 1771812698,
          pulseId: 1772099344,
          pulseName: 'Create_item webhook',
          columnId: 'status',
          value: { label: { text: 'Done' } },
          triggerUuid: '504b2eb76c80f672a18f892c0f700e41',
        },
      },
      idPath: 'event.triggerUuid',
    },
  ],
})
