import type { JsonObject } from '../../util/json.js'
import type { Sample } from '../source.js'

/** Small bodies with the keys that Microsoft documents for change notifications; values are our own. */

function notification(type: string, more: JsonObject): Sample {
  return {
    type,
    body: {
      value: [
        {
          subscriptionId: '7f105c7d-2dc5-4530-97cd-4e7ae6534c07',
          subscriptionExpirationDateTime: '2026-01-02T00:00:00.0000000Z',
          tenantId: '84bd8158-6d4d-4958-8b9f-9d6445542f95',
          ...more,
        },
      ],
    },
  }
}

const message = 'AAMkAGI1AAAoZCfHAAA1ZGE0MmQtNzRkNC00'

export const microsoftGraphSamples: readonly Sample[] = [
  {
    ...notification('message.created', {
      changeType: 'created',
      resource: `Users/48d31887-5fad-4d73-a9f5-3c356e68a038/Messages/${message}`,
      resourceData: {
        '@odata.type': '#Microsoft.Graph.Message',
        '@odata.id': `Users/48d31887-5fad-4d73-a9f5-3c356e68a038/Messages/${message}`,
        '@odata.etag': 'W/"CQAAABYAAADkrWGo7bouTKlsgTZMr9KwAAAUWRHf"',
        id: message,
      },
    }),
    idPath: 'value[0].subscriptionId',
  },
  notification('updated', { changeType: 'updated', resource: 'me/drive/root' }),
  notification('lifecycle.missed', {
    lifecycleEvent: 'missed',
    resource: 'users/48d31887-5fad-4d73-a9f5-3c356e68a038/messages',
  }),
]
