import { z } from 'zod'
import { webhookFields } from './engine/fields.js'
import { idRules } from './engine/ids.js'
import { signatureProof } from './engine/proof.js'
import { joined } from './engine/reading.js'
import { secretField } from './engine/secret.js'
import { defineSender } from './engine/sender.js'
import type { SignatureScheme } from './engine/signature-scheme.js'
import { compileMessage } from './engine/template.js'
import { jsonObject } from './engine/verified.js'

/*
 * DocuSign Connect. https://developers.docusign.com/platform/webhooks/connect/hmac/, read 2026-11-21. Signed: the raw
 * body, once with each active key: X-DocuSign-Signature-1, -2, …; any may match. No time is signed.
 * Dedupe: the envelope, the event's name, the recipient where there is one, and the time it was generated, signed.
 * `recipientId` is chosen by who sends the envelope, so it is no id here. JSON (SIM) messages only.
 */
const scheme: SignatureScheme = {
  hash: 'sha256',
  signature: { header: 'x-docusign-signature', encoding: 'base64', several: 'numbered' },
  message: compileMessage('{body}'),
}

const options = z.strictObject({ secret: secretField(), ...webhookFields('25MB') })

const uuid = '[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}'
const rules = idRules({
  account: [uuid, 'data.accountId'],
  user: [uuid, 'data.userId'],
  envelope: [uuid, 'data.envelopeId'],
})

export const docusign = defineSender({
  kind: 'docusign',
  title: 'DocuSign Connect',
  link: 'https://developers.docusign.com/platform/webhooks/connect/hmac/',
  options,
  proof: ({ secret }) => signatureProof(scheme, secret),
  body: jsonObject,
  ids: rules,
  event: {
    id: ({ ids, text }) =>
      joined('/', ids['envelope'], text('event'), text('data.recipientId') ?? '-', text('generatedDateTime')),
    type: ({ text }) => text('event'),
    subject: ({ ids }) => ids['envelope'],
    time: ({ text }) => text('generatedDateTime'),
  },
  reply: () => ({ status: 200, body: '' }),
  headers: () => ({ 'user-agent': 'docusign/1.0' }),
  samples: ['envelope-sent', 'envelope-completed'].map((type) => ({
    type,
    body: {
      event: type,
      apiVersion: 'v2.1',
      uri: '/restapi/v2.1/accounts/624e3e00-xxxx/envelopes/dff321ae-8a4b-4c51-b7a0-d6ed8af0d8b5',
      retryCount: 0,
      configurationId: 10367754,
      generatedDateTime: '2026-01-01T00:00:00.0000000Z',
      data: {
        accountId: '624e3e00-11b4-4a2f-a0c5-1d4d5d0b5d4a',
        userId: '0c2e8f52-6e5c-4a5e-9a43-1f0f5a3d0d11',
        envelopeId: 'dff321ae-8a4b-4c51-b7a0-d6ed8af0d8b5',
      },
    },
  })),
})
