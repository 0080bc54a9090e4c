import type { Sample } from '../source.js'

/** Small bodies with the keys that Telegram documents for an Update; values are our own. */

const chat = { id: 1_111_111, first_name: 'Ada', type: 'private' }
const from = { id: 1_111_111, is_bot: false, first_name: 'Ada', language_code: 'en' }

export const telegramSamples: readonly Sample[] = [
  {
    type: 'message',
    idPath: 'update_id',
    body: {
      update_id: 10_000,
      message: { message_id: 1365, from, chat, date: 1_767_225_600, text: 'Is the shop open today?' },
    },
  },
  {
    type: 'callback_query',
    idPath: 'update_id',
    body: {
      update_id: 10_001,
      callback_query: {
        id: '4382577777732372979',
        from,
        message: { message_id: 1366, chat, date: 1_767_225_600, text: 'Shall I cancel it?' },
        chat_instance: '-3627890',
        data: 'cancel:yes',
      },
    },
  },
]
