import { z } from 'zod'
import { credentialFields, credentialProof } from './engine/credentials.js'
import { webhookFields } from './engine/fields.js'
import { idRules } from './engine/ids.js'
import { firstText } from './engine/reading.js'
import { defineSender } from './engine/sender.js'
import { jsonObject } from './engine/verified.js'

/*
 * Opsgenie, outgoing webhook integration. https://support.atlassian.com/opsgenie/docs/integrate-opsgenie-with-webhook,
 * read 2026-11-21; the product is being retired in favour of Jira Service Management, which sends the same bodies.
 * Nothing is signed: a custom header of the integration alone speaks.
 * Dedupe: there is no event id, so the digest of the body, which has the alert's time of change to the nanosecond.
 */
const options = z.strictObject({ ...credentialFields(''), ...webhookFields('1MB') })

const uuid = '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}'
const rules = idRules({
  alert: [`${uuid}(-[0-9]{13})?`, 'alert.alertId'],
  number: ['[1-9][0-9]{0,19}', 'alert.tinyId'],
  integration: [uuid, 'integrationId'],
})

export const opsgenie = defineSender({
  kind: 'opsgenie',
  title: 'Opsgenie',
  link: 'https://support.atlassian.com/opsgenie/docs/integrate-opsgenie-with-webhook',
  options,
  proof: credentialProof,
  body: jsonObject,
  ids: rules,
  event: {
    isIdAuthentic: true,
    type: ({ text }) => text('action'),
    actor: firstText('alert.userId', 'alert.username'),
    subject: ({ text }) => text('alert.alertId'),
    // Nanoseconds of late; milliseconds are its first thirteen digits.
    time: ({ text }) => text('alert.updatedAt')?.slice(0, 13),
  },
  samples: ['Create', 'Acknowledge', 'Close'].map((action) => ({
    type: action,
    body: {
      action,
      alert: {
        alertId: '70413a06-38d6-4c85-92b8-5ebc900d42e2-1767225600000',
        tinyId: '23',
        alias: 'checkout-latency',
        message: 'Checkout answers slowly',
        entity: '',
        tags: ['checkout'],
        priority: 'P1',
        createdAt: 1_767_225_600_000,
        updatedAt: 1_767_225_600_000,
        username: 'kim@example.com',
        userId: 'daed1180-0ce8-438b-8f8e-57e1a5920a2d',
      },
      source: { name: '', type: 'web' },
      integrationId: '37c8f316-17c6-49d7-899b-9c7e540c048d',
      integrationName: 'rouse',
      integrationType: 'Webhook',
    },
  })),
})
