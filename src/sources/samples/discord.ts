import type { Sample } from '../source.js'

/** Small bodies with the keys that Discord documents for interactions and webhook events; values are our own. */

const application = '1234560123453231555'

export const discordSamples: readonly Sample[] = [
  {
    type: 'APPLICATION_COMMAND',
    idPath: 'id',
    body: {
      version: 1,
      type: 2,
      id: '1456081920000000001',
      token: 'aW50ZXJhY3Rpb246MTQ1NjA4MTkyMDAwMDAwMDAwMTpz',
      application_id: application,
      guild_id: '290926798626357999',
      channel_id: '645027906669510667',
      member: { user: { id: '53908232506183680', username: 'ada' }, roles: [], permissions: '2147483647' },
      data: { id: '771825006014889984', name: 'status', type: 1, options: [] },
      locale: 'en-US',
    },
  },
  {
    type: 'ENTITLEMENT_CREATE',
    body: {
      version: 1,
      application_id: application,
      type: 1,
      event: {
        type: 'ENTITLEMENT_CREATE',
        timestamp: '2026-01-01T00:00:00.109604',
        data: {
          application_id: application,
          consumed: false,
          deleted: false,
          gift_code_flags: 0,
          id: '1234505980407808808',
          promotion_id: null,
          sku_id: '1220001112223334445',
          type: 4,
          user_id: '53908232506183680',
        },
      },
    },
  },
]
