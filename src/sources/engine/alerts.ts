import type { JsonValue } from '../../util/json.js'
import { sha256 } from '../../util/signature.js'
import type { Sample } from '../source.js'
import { idRules } from './ids.js'
import type { Reading } from './reading.js'
import type { EventRules } from './sender.js'
import { isObject, malformed } from './verified.js'

/*
 * Bodies of Prometheus Alertmanager, which Grafana sends too: a group of alerts, each an event. The group is sent again
 * at every repeat_interval; the same alert in the same state is then a duplicate.
 */

export const alertRules = idRules({ fingerprint: ['[0-9a-f]{16}', 'fingerprint'] })

export function alertsOf(body: JsonValue): readonly JsonValue[] {
  const alerts = isObject(body) ? body['alerts'] : undefined
  if (Array.isArray(alerts)) return alerts
  throw malformed('the body has no list of alerts')
}

/**
 * The group counts because two routes may send the same alert for two purposes. Its key is made of labels, of any
 * length. The states of one alert begin at the same time, so the state counts too.
 */
function alertId({ body, text }: Reading): string | undefined {
  const group = isObject(body) ? body['groupKey'] : undefined
  const [fingerprint, status, startsAt] = [text('fingerprint'), text('status'), text('startsAt')]
  if (fingerprint === undefined || status === undefined || startsAt === undefined) return undefined
  const groupDigest = sha256(typeof group === 'string' ? group : '')
    .toString('hex')
    .slice(0, 16)
  return `${groupDigest}/${status}/${fingerprint}/${startsAt}`
}

export const alertEvents: Pick<EventRules<unknown>, 'id' | 'type' | 'subject' | 'time'> = {
  id: alertId,
  type({ text }) {
    const status = text('status')
    if (status !== 'firing' && status !== 'resolved')
      throw malformed('an alert is neither firing nor resolved')
    return `alert.${status}`
  },
  subject: ({ text }) => text('fingerprint'),
  time: ({ text }) => text(text('status') === 'resolved' ? 'endsAt' : 'startsAt'),
}

/** A group of one, with the keys that both document. */
function group(status: 'firing' | 'resolved', more: Readonly<Record<string, string | number>>): Sample {
  return {
    type: `alert.${status}`,
    idPath: 'alerts[0].fingerprint',
    body: {
      receiver: 'rouse',
      status,
      alerts: [
        {
          status,
          labels: { alertname: 'HighLatency', severity: 'page', service: 'checkout' },
          annotations: { summary: 'Checkout answers slowly' },
          startsAt: '2026-01-01T00:00:00Z',
          endsAt: status === 'resolved' ? '2026-01-01T00:05:00Z' : '0001-01-01T00:00:00Z',
          generatorURL: 'https://prometheus.example.com/graph?g0.expr=latency',
          fingerprint: '4019283746501928',
        },
      ],
      groupLabels: { alertname: 'HighLatency' },
      commonLabels: { alertname: 'HighLatency', severity: 'page', service: 'checkout' },
      commonAnnotations: { summary: 'Checkout answers slowly' },
      externalURL: 'https://alerts.example.com',
      groupKey: '{}:{alertname="HighLatency"}',
      truncatedAlerts: 0,
      ...more,
    },
  }
}

export function alertSamples(more: Readonly<Record<string, string | number>>): readonly Sample[] {
  return [group('firing', more), group('resolved', more)]
}
