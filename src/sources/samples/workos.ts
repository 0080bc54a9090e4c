import type { JsonObject } from '../../util/json.js'
import type { Sample } from '../source.js'

/** Small bodies with the keys that WorkOS documents for its events; values are our own. */

function event(type: string, data: JsonObject): Sample {
  return {
    type,
    idPath: 'id',
    body: {
      id: 'event_01JGF4R9V0T8Y3ZK5C7M1N2P4Q',
      event: type,
      data,
      created_at: '2026-01-01T00:00:00.000Z',
      context: {},
    },
  }
}

const directoryUser: JsonObject = {
  id: 'directory_user_01JGF4R9V0T8Y3ZK5C7M1N2P5R',
  object: 'directory_user',
  directory_id: 'directory_01JGF4R9V0T8Y3ZK5C7M1N2P6S',
  organization_id: 'org_01JGF4R9V0T8Y3ZK5C7M1N2P7T',
  idp_id: '8931',
  email: 'kim@example.com',
  first_name: 'Kim',
  last_name: 'Doe',
  state: 'active',
  groups: [],
}

export const workosSamples: readonly Sample[] = [
  event('dsync.user.created', directoryUser),
  event('dsync.user.deleted', { ...directoryUser, state: 'inactive' }),
  event('dsync.group.user_added', {
    directory_id: 'directory_01JGF4R9V0T8Y3ZK5C7M1N2P6S',
    user: directoryUser,
    group: {
      id: 'directory_group_01JGF4R9V0T8Y3ZK5C7M1N2P8V',
      object: 'directory_group',
      directory_id: 'directory_01JGF4R9V0T8Y3ZK5C7M1N2P6S',
      organization_id: 'org_01JGF4R9V0T8Y3ZK5C7M1N2P7T',
      idp_id: '27',
      name: 'Engineers',
    },
  }),
  event('connection.activated', {
    id: 'conn_01JGF4R9V0T8Y3ZK5C7M1N2P9W',
    object: 'connection',
    organization_id: 'org_01JGF4R9V0T8Y3ZK5C7M1N2P7T',
    connection_type: 'OktaSAML',
    name: 'Example',
    state: 'active',
  }),
]
