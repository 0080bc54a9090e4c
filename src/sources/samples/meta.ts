import type { JsonObject } from '../../util/json.js'
import type { Sample } from '../source.js'

/** Small bodies with the keys that Meta documents for WhatsApp, Messenger and Pages; values are our own. */

function whatsApp(value: JsonObject): JsonObject {
  return {
    object: 'whatsapp_business_account',
    entry: [
      {
        id: '102290129340398',
        changes: [
          {
            value: {
              messaging_product: 'whatsapp',
              metadata: { display_phone_number: '15550783881', phone_number_id: '106540352242922' },
              ...value,
            },
            field: 'messages',
          },
        ],
      },
    ],
  }
}

export const metaSamples: readonly Sample[] = [
  {
    type: 'message',
    idPath: 'entry[0].changes[0].value.messages[0].id',
    body: whatsApp({
      contacts: [{ profile: { name: 'Ada' }, wa_id: '16505551234' }],
      messages: [
        {
          from: '16505551234',
          id: 'wamid.HBgLMTY1MDM4Nzk0MzkVAgASGBQzQTRBNjU5OUFFRTAzODEwMTQ0RgA',
          timestamp: '1767225600',
          type: 'text',
          text: { body: 'Is the blue one in stock?' },
        },
      ],
    }),
  },
  {
    type: 'status.failed',
    idPath: 'entry[0].changes[0].value.statuses[0].id',
    body: whatsApp({
      statuses: [
        {
          id: 'wamid.HBgLMTY1MDM4Nzk0MzkVAgARGBI3MTE5MjVBOTE3MDk5QUVFM0YA',
          status: 'failed',
          timestamp: '1767225600',
          recipient_id: '16505551234',
          errors: [{ code: 131_026, title: 'Message undeliverable' }],
        },
      ],
    }),
  },
  {
    type: 'postback',
    idPath: 'entry[0].messaging[0].postback.mid',
    body: {
      object: 'page',
      entry: [
        {
          id: '682498302938465',
          time: 1_767_225_600_100,
          messaging: [
            {
              sender: { id: '6345120871234567' },
              recipient: { id: '682498302938465' },
              timestamp: 1_767_225_600_000,
              postback: {
                mid: 'm_AG5Hz2Uq7tuwNEhXfYYKj8mJEM_QPpz5jdCK48PnKAjSdjfipqxqMvK8',
                title: 'Talk to us',
                payload: 'HUMAN',
              },
            },
          ],
        },
      ],
    },
  },
  {
    type: 'leadgen',
    idPath: 'entry[0].changes[0].value.leadgen_id',
    body: {
      object: 'page',
      entry: [
        {
          id: '682498302938465',
          time: 1_767_225_600,
          changes: [
            {
              field: 'leadgen',
              value: {
                leadgen_id: '444444444444',
                page_id: '682498302938465',
                form_id: '444444444445',
                created_time: 1_767_225_600,
              },
            },
          ],
        },
      ],
    },
  },
]
