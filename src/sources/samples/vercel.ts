import type { JsonObject } from '../../util/json.js'
import type { Sample } from '../source.js'

/** Small bodies with the keys that Vercel documents (webhooks API); values are our own. */

function deploymentEvent(type: string): JsonObject {
  return {
    id: 'uev_Kf3mQ9wXb7TzNd2rLc5hYsPj',
    type,
    createdAt: 1767225600000,
    region: 'sfo1',
    payload: {
      team: { id: 'team_8rT2vXq4LmNz6KpW' },
      user: { id: 'ycLbQk3ZpRtVw8Nx' },
      target: 'production',
      plan: 'pro',
      project: { id: 'prj_5xNf8KqTzW3mRbVc2LpYh' },
      deployment: {
        id: 'dpl_9hWvBz4QkXnT7mRsLc2YfPdGj6Ka',
        name: 'web',
        url: 'web-8k2f3q.vercel.app',
        meta: {
          githubCommitRef: 'main',
          githubCommitSha: '0a1b2c3d4e5f60718293a4b5c6d7e8f901234567',
          githubCommitMessage: 'Fix the form',
        },
      },
      links: { deployment: 'https://vercel.com/acme/web/9hWvBz4QkXnT7mRsLc2YfPdGj6Ka' },
    },
  }
}

export const vercelSamples: readonly Sample[] = [
  'deployment.error',
  'deployment.succeeded',
  'deployment.created',
].map((type) => ({ type, idPath: 'id', body: deploymentEvent(type) }))
