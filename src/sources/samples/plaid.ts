import type { Sample } from '../source.js'

/** Small bodies with the keys that Plaid documents; values are our own. */

const item = 'wz666MBjYWTp2PDzzggYhM6oWWmBb'

export const plaidSamples: readonly Sample[] = [
  {
    type: 'TRANSACTIONS.SYNC_UPDATES_AVAILABLE',
    body: {
      webhook_type: 'TRANSACTIONS',
      webhook_code: 'SYNC_UPDATES_AVAILABLE',
      item_id: item,
      initial_update_complete: true,
      historical_update_complete: false,
      environment: 'production',
    },
  },
  {
    type: 'ITEM.ERROR',
    body: {
      webhook_type: 'ITEM',
      webhook_code: 'ERROR',
      item_id: item,
      error: {
        error_type: 'ITEM_ERROR',
        error_code: 'ITEM_LOGIN_REQUIRED',
        error_message: 'the login details of this item have changed',
        status: 400,
      },
      environment: 'production',
    },
  },
  {
    type: 'TRANSFER.TRANSFER_EVENTS_UPDATE',
    body: {
      webhook_type: 'TRANSFER',
      webhook_code: 'TRANSFER_EVENTS_UPDATE',
      environment: 'production',
    },
  },
]
