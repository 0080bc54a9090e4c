import { z } from 'zod'
import { credentialFields, credentialProof } from './engine/credentials.js'
import { webhookFields } from './engine/fields.js'
import { idRules } from './engine/ids.js'
import type { Reading } from './engine/reading.js'
import { defineSender } from './engine/sender.js'
import { jsonObject } from './engine/verified.js'

/*
 * Datadog, webhooks integration. https://docs.datadoghq.com/integrations/webhooks, read 2026-11-21.
 * Nothing is signed: a custom header, or basic credentials in the URL, alone speak.
 * The body is a template that people write; docs/sources/monitoring-and-clouds.md has one of variables that Datadog
 * itself fills. Dedupe: `id` ($ID) and `alert_transition` ($ALERT_TRANSITION).
 * Tried again five times after 5xx and lost connections; 15 s to answer.
 */
const options = z.strictObject({ ...credentialFields(''), ...webhookFields('1MB') })

const number = '[1-9][0-9]{0,19}'
const rules = idRules({
  event: [number, 'id'],
  monitor: [number, 'alert_id'],
  cycle: [number, 'alert_cycle_key'],
})

/** `Re-Triggered` and `No Data` as words. */
function word(text: string | undefined): string | undefined {
  const plain = text?.toLowerCase().replace(/[^a-z0-9]+/g, '_')
  return plain !== undefined && /^[a-z][a-z0-9_]{0,63}$/.test(plain) ? plain : undefined
}

function typeOf({ text }: Reading): string | undefined {
  const type = word(text('event_type'))
  const transition = word(text('alert_transition'))
  if (type === undefined || transition === undefined) return type ?? transition
  return `${type}.${transition}`
}

function idOf({ text }: Reading): string | undefined {
  const id = text('id')
  const transition = text('alert_transition')
  return id === undefined || transition === undefined ? id : `${id}/${transition}`
}

export const datadog = defineSender({
  kind: 'datadog',
  title: 'Datadog',
  link: 'https://docs.datadoghq.com/integrations/webhooks',
  options,
  proof: credentialProof,
  body: jsonObject,
  ids: rules,
  event: {
    id: idOf,
    isIdAuthentic: true,
    type: typeOf,
    // All that one alert does until it is resolved; then the monitor.
    subject: ({ text }) => text('alert_cycle_key') ?? text('alert_id'),
    time: ({ text }) => text('date'),
  },
  headers: () => ({ 'user-agent': 'Datadog/Webhooks' }),
  samples: ['Triggered', 'Recovered'].map((transition) => ({
    type: `metric_alert_monitor.${transition.toLowerCase()}`,
    idPath: 'id',
    body: {
      id: '6829104757300000001',
      event_type: 'metric_alert_monitor',
      alert_id: '1234',
      alert_cycle_key: '67712345678901234',
      alert_transition: transition,
      date: '1767225600000',
    },
  })),
})
