import type { JsonObject } from '../../util/json.js'
import type { Sample } from '../source.js'

/** Small bodies with the keys that Microsoft documents (service hooks events); values are our own. */

const projectId = '6ce954b1-ce1f-45d1-b94d-e6bf2464ba2c'

function event(eventType: string, resource: JsonObject): JsonObject {
  return {
    subscriptionId: '5f2b9c04-7d31-4e8a-9c66-0a3d8b1e4f72',
    notificationId: 12,
    id: '4a5d99d6-1c75-4e53-91b9-ee80057d4ce3',
    eventType,
    publisherId: 'tfs',
    resource,
    resourceVersion: '1.0',
    resourceContainers: { project: { id: projectId } },
    createdDate: '2026-01-01T00:00:00.0000000Z',
  }
}

const repository: JsonObject = {
  id: '4bc14d40-c903-45e2-872e-0462c7748079',
  name: 'web',
  project: { id: projectId, name: 'Acme' },
}

export const azureDevopsSamples: readonly Sample[] = [
  {
    type: 'build.complete',
    idPath: 'notificationId',
    body: event('build.complete', {
      id: 2,
      uri: 'vstfs:///Build/Build/2',
      buildNumber: '20260101.1',
      status: 'completed',
      result: 'failed',
      definition: { id: 2, name: 'web' },
      finishTime: '2026-01-01T00:00:00.0000000Z',
    }),
  },
  {
    type: 'git.pullrequest.created',
    idPath: 'notificationId',
    body: event('git.pullrequest.created', {
      repository,
      pullRequestId: 7,
      status: 'active',
      title: 'Make the form accessible',
      sourceRefName: 'refs/heads/a11y',
      targetRefName: 'refs/heads/main',
      mergeStatus: 'succeeded',
      lastMergeSourceCommit: { commitId: '53d54ac915144006c2c9e90d2c7d3880920db49c' },
    }),
  },
  {
    type: 'workitem.updated',
    idPath: 'notificationId',
    body: event('workitem.updated', {
      id: 2,
      workItemId: 5,
      rev: 2,
      fields: { 'System.State': { oldValue: 'New', newValue: 'Active' } },
    }),
  },
]
