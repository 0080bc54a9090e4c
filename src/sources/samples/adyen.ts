import type { JsonObject } from '../../util/json.js'
import type { Sample } from '../source.js'

/** Small bodies with the keys that Adyen documents; values are our own. */

function notification(item: JsonObject): Sample {
  return {
    type: String(item['eventCode']),
    body: {
      live: 'false',
      notificationItems: [
        {
          NotificationRequestItem: {
            additionalData: {},
            amount: { currency: 'EUR', value: 4900 },
            eventDate: '2026-01-01T01:00:00+01:00',
            merchantAccountCode: 'AcmeECOM',
            merchantReference: 'order-1042',
            success: 'true',
            ...item,
          },
        },
      ],
    },
    idPath: 'notificationItems[0].NotificationRequestItem.pspReference',
  }
}

export const adyenSamples: readonly Sample[] = [
  notification({
    eventCode: 'AUTHORISATION',
    pspReference: 'QFQTPCQ8HXSKGK82',
    paymentMethod: 'visa',
    reason: '033899:1111:03/2030',
    operations: ['CANCEL', 'CAPTURE', 'REFUND'],
  }),
  notification({
    eventCode: 'REFUND',
    pspReference: 'M8NB66SBZSGLNK82',
    originalReference: 'QFQTPCQ8HXSKGK82',
    paymentMethod: 'visa',
    reason: '',
  }),
  notification({
    eventCode: 'CHARGEBACK',
    pspReference: 'ZKQX4V2M7L8JTN82',
    originalReference: 'QFQTPCQ8HXSKGK82',
    paymentMethod: 'visa',
    reason: 'Other Fraud-Card Absent Environment',
  }),
]
