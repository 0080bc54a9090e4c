import { z } from 'zod'
import { webhookFields } from './engine/fields.js'
import { idRules } from './engine/ids.js'
import { signatureProof } from './engine/proof.js'
import { secretField } from './engine/secret.js'
import { defineSender } from './engine/sender.js'
import type { SignatureScheme } from './engine/signature-scheme.js'
import { compileMessage } from './engine/template.js'
import { jsonObject } from './engine/verified.js'

/*
 * Typeform. https://www.typeform.com/developers/webhooks/secure-your-webhooks/, read 2026-11-21. Signed: the raw body.
 * No time is signed. Dedupe: `event_id`, signed, the same when it is sent again.
 * Answers are what people typed: none of them is an id.
 */
const scheme: SignatureScheme = {
  hash: 'sha256',
  signature: { header: 'typeform-signature', prefix: 'sha256=', encoding: 'base64' },
  message: compileMessage('{body}'),
}

const options = z.strictObject({ secret: secretField(), ...webhookFields('1MB') })

const rules = idRules({
  event: ['[0-9A-Z]{26}|[A-Za-z0-9_-]{10,40}', 'event_id'],
  form: ['[A-Za-z0-9]{4,16}', 'form_response.form_id'],
  response: ['[A-Za-z0-9]{16,64}', 'form_response.token'],
})

export const typeform = defineSender({
  kind: 'typeform',
  title: 'Typeform',
  link: 'https://www.typeform.com/developers/webhooks/secure-your-webhooks/',
  options,
  proof: ({ secret }) => signatureProof(scheme, secret),
  body: jsonObject,
  ids: rules,
  event: {
    id: ({ text }) => text('event_id'),
    type: ({ text }) => text('event_type'),
    subject: ({ ids }) => ids['form'],
    time: ({ text }) => text('form_response.submitted_at'),
  },
  headers: () => ({ 'user-agent': 'Typeform Webhooks' }),
  samples: [
    {
      type: 'form_response',
      body: {
        event_id: '01FJ5YQ8VY8YJ6V9Z6QG2JQ4ZC',
        event_type: 'form_response',
        form_response: {
          form_id: 'lT4Z3j',
          token: 'a3a12ec67a1365927098a606107fac15',
          submitted_at: '2026-01-01T00:00:00Z',
          landed_at: '2025-12-31T23:58:00Z',
          answers: [
            {
              type: 'text',
              text: 'It is dark',
              field: { id: 'DlXFaesGBpoF', type: 'long_text', ref: 'weather' },
            },
          ],
        },
      },
      idPath: 'event_id',
    },
  ],
})
