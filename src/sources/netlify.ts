import { z } from 'zod'
import { VerificationError } from '../domain/errors.js'
import type { JsonObject } from '../util/json.js'
import { hmac, secretsEqual, sha256 } from '../util/signature.js'
import { webhookFields } from './engine/fields.js'
import { requiredHeader } from './engine/headers.js'
import { idRules } from './engine/ids.js'
import { verifyJwt } from './engine/jwt.js'
import { type Proof, secretAt } from './engine/proof.js'
import type { Reading } from './engine/reading.js'
import { type Secret, secretField } from './engine/secret.js'
import { defineSender } from './engine/sender.js'
import { jsonObject } from './engine/verified.js'
import { netlifySamples } from './samples/netlify.js'

/*
 * Netlify. https://docs.netlify.com/deploy/deploy-notifications (payload signature), read 2026-11-21.
 * Signed: a JWS (HS256) with the claims `iss: netlify` and `sha256`, the digest of the body. The algorithm is pinned,
 * and both claims are required. No time is signed.
 * Dedupe: there is no id of the event, and one deploy is locked and unlocked in the same state, so the digest of the
 * body stands for it. X-Netlify-Event is not signed; the type is made of the body.
 * Any 2xx; retries are not documented.
 */
const options = z.strictObject({ secret: secretField(), ...webhookFields('1MB') })

const signatureHeader = 'x-webhook-signature'

/** What every token of Netlify begins with. */
const head = base64url({ alg: 'HS256', typ: 'JWT' })

function base64url(value: JsonObject): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

function proof(secrets: readonly Secret[]): Proof {
  const keys = secrets.map(({ key }) => ({ algorithm: 'HS256' as const, secret: key }))
  return {
    prove(delivery, now, trace) {
      const token = requiredHeader(delivery, signatureHeader)
      trace?.found(`token (${signatureHeader})`, token)
      const { claims, keyIndex } = verifyJwt(token, keys, now, trace)
      if (claims['iss'] !== 'netlify') throw mismatch('the token is not one of Netlify’s')
      const digest = claims['sha256']
      if (typeof digest !== 'string' || !secretsEqual(digest, sha256(delivery.body).toString('hex'))) {
        throw mismatch('the token is of another body')
      }
      return { secretIndex: keyIndex }
    },
    sign({ body, secretIndex = 0 }) {
      const { key } = secretAt(secrets, secretIndex)
      const signed = `${head}.${base64url({ iss: 'netlify', sha256: sha256(body).toString('hex') })}`
      const signature = hmac('sha256', key, [signed]).toString('base64url')
      return { headers: { [signatureHeader]: `${signed}.${signature}` } }
    },
  }
}

function mismatch(reason: string): VerificationError {
  return new VerificationError('verification.signature_mismatch', reason)
}

const uuid = '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}'
const objectId = '[0-9a-f]{24}'
const rules = idRules({
  site: [uuid, 'site_id'],
  deploy: [objectId, 'id'],
  build: [objectId, 'build_id'],
  form: [objectId, 'form_id'],
  pull_request: ['[1-9][0-9]{0,19}', 'review_id'],
  sha: ['[0-9a-f]{40}', 'commit_ref'],
})

/** `deploy.ready`, `deploy.error`, `deploy.building`; `submission` for what was written into a form. */
function typeOf({ text }: Reading): string {
  if (text('form_id') !== undefined) return 'submission'
  const state = text('state')
  return state !== undefined && /^[a-z_]{1,40}$/.test(state) ? `deploy.${state}` : 'event'
}

export const netlify = defineSender({
  kind: 'netlify',
  title: 'Netlify',
  link: 'https://docs.netlify.com/deploy/deploy-notifications',
  options,
  proof: ({ secret }) => proof(secret),
  body: jsonObject,
  ids: rules,
  refineIds({ ids: { form, deploy, ...others } }) {
    // Of a submission `id` is the submission's.
    return form === undefined
      ? { ...others, ...(deploy && { deploy }) }
      : { ...others, form, ...(deploy && { submission: deploy }) }
  },
  moreIdNames: ['submission'],
  event: {
    type: typeOf,
    subject: ({ ids }) => ids['deploy'] ?? ids['form'] ?? ids['site'],
    time: ({ text }) => text('updated_at') ?? text('created_at'),
  },
  headers: ({ type }) => ({
    'user-agent': 'Netlify',
    'x-netlify-event': type === 'submission' ? 'submission_created' : 'deploy_created',
  }),
  samples: netlifySamples,
})
