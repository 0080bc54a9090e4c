import { z } from 'zod'
import { alertEvents, alertRules, alertSamples, alertsOf } from './engine/alerts.js'
import { credentialFields, credentialProof } from './engine/credentials.js'
import { webhookFields } from './engine/fields.js'
import { defineSender } from './engine/sender.js'

/*
 * Prometheus Alertmanager, and Grafana where it signs nothing.
 * https://prometheus.io/docs/alerting/latest/configuration/#webhook_config, read 2026-11-21.
 * Nothing is signed: `http_config.authorization` (Bearer) or `http_config.basic_auth` alone speak.
 * Dedupe: group, state, fingerprint and start of each alert. The group is sent again at each repeat_interval while it
 * fires. 5xx is tried again; 4xx is not.
 */
const options = z.strictObject({ ...credentialFields('Bearer '), ...webhookFields('1MB') })

export const alertmanager = defineSender({
  kind: 'alertmanager',
  title: 'Alertmanager',
  link: 'https://prometheus.io/docs/alerting/latest/configuration/#webhook_config',
  options,
  proof: credentialProof,
  items: alertsOf,
  ids: alertRules,
  event: { ...alertEvents, isIdAuthentic: true },
  headers: () => ({ 'user-agent': 'Alertmanager/0.28.1' }),
  samples: alertSamples({ version: '4' }),
})
