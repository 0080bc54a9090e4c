import { z } from 'zod'
import { alertEvents, alertRules, alertSamples, alertsOf } from './engine/alerts.js'
import { headerField, toleranceField, webhookFields } from './engine/fields.js'
import { signatureProof } from './engine/proof.js'
import { secretField } from './engine/secret.js'
import { defineSender } from './engine/sender.js'
import type { SignatureScheme } from './engine/signature-scheme.js'
import { compileMessage } from './engine/template.js'

/*
 * Grafana 12 and later, webhook contact points with an HMAC secret.
 * https://grafana.com/docs/grafana/latest/alerting/configure-notifications/manage-contact-points/integrations/webhook-notifier,
 * and grafana/alerting http/hmac.go, read 2026-11-21.
 * Signed: `{timestamp}:{body}` where a timestamp header is named in the contact point, else the raw body. Both headers
 * may be named there; the default of the first differs between the page (used here) and some of the sources.
 * Dedupe: group, state, fingerprint and start of each alert, all signed. The group is sent again at each repeat
 * interval. Where only a token or basic credentials are set in Grafana, `kind: alertmanager` reads the same bodies.
 */
const options = z.strictObject({
  secret: secretField(),
  header: headerField.prefault('x-grafana-alerting-signature').describe('The header of the signature.'),
  timestamp_header: headerField
    .optional()
    .describe('The header of the signed time, where the contact point names one.'),
  tolerance: toleranceField,
  ...webhookFields('1MB'),
})

function scheme({ header, timestamp_header, tolerance }: z.output<typeof options>): SignatureScheme {
  const signature = { header, encoding: 'hex' } as const
  if (timestamp_header === undefined) return { hash: 'sha256', signature, message: compileMessage('{body}') }
  return {
    hash: 'sha256',
    signature,
    message: compileMessage('{timestamp}:{body}'),
    timestamp: {
      header: timestamp_header,
      unit: 's',
      tolerance: { pastMs: tolerance, futureMs: tolerance },
    },
  }
}

export const grafana = defineSender({
  kind: 'grafana',
  title: 'Grafana',
  link: 'https://grafana.com/docs/grafana/latest/alerting/configure-notifications/manage-contact-points/integrations/webhook-notifier',
  options,
  methods: ['POST', 'PUT'],
  proof: (given) => signatureProof(scheme(given), given.secret),
  items: alertsOf,
  ids: alertRules,
  event: alertEvents,
  headers: () => ({ 'user-agent': 'Grafana' }),
  samples: alertSamples({ version: '1', orgId: 1, title: '[FIRING:1] HighLatency', state: 'alerting' }),
})
