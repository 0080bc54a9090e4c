import { z } from 'zod'
import type { Ids } from '../domain/event.js'
import { userField } from './engine/credentials.js'
import { webhookFields } from './engine/fields.js'
import { type IdRule, idRules, readIds, ruleNames } from './engine/ids.js'
import { basicProof } from './engine/proof.js'
import { joined, type Reading } from './engine/reading.js'
import { secretField } from './engine/secret.js'
import { defineSender } from './engine/sender.js'
import { jsonObject } from './engine/verified.js'
import { azureDevopsSamples } from './samples/azure-devops.js'

/*
 * Azure DevOps service hooks. https://learn.microsoft.com/azure/devops/service-hooks/services/webhooks, read 2026-11-21.
 * Nothing is signed: the basic credentials of the subscription speak for the whole request.
 * Dedupe: `subscriptionId` and `notificationId`, the same on each retry; where one is missing `id` of the event.
 * Any 2xx. Retries and what disables a subscription (many failures; 404 and 410 at once) are from memory.
 * What stands in `resource.id` depends on `eventType`.
 */
const options = z.strictObject({
  user: userField.prefault('rouse'),
  secret: secretField(),
  ...webhookFields('5MB'),
})

const uuid = '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}'
const number = '[1-9][0-9]{0,19}'
const rules = idRules({
  project: [
    uuid,
    'resourceContainers.project.id',
    'resource.repository.project.id',
    'resource.pullRequest.repository.project.id',
  ],
  repository: [uuid, 'resource.repository.id', 'resource.pullRequest.repository.id'],
  pull_request: [number, 'resource.pullRequestId', 'resource.pullRequest.pullRequestId'],
  sha: [
    '[0-9a-f]{40}',
    'resource.lastMergeSourceCommit.commitId',
    'resource.pullRequest.lastMergeSourceCommit.commitId',
    'resource.refUpdates[0].newObjectId',
  ],
})

const workItem = idRules({ work_item: [number, 'resource.workItemId', 'resource.id'] })
const rulesByType: readonly (readonly [type: RegExp, rules: readonly IdRule[]])[] = [
  // An update's own `resource.id` is the number of the revision.
  [/^workitem\.updated$/, idRules({ work_item: [number, 'resource.workItemId'] })],
  [/^workitem\./, workItem],
  [/^build\.complete$/, idRules({ build: [number, 'resource.id'] })],
  [/^git\.push$/, idRules({ push: [number, 'resource.pushId'] })],
  [/comment-event$/, idRules({ comment: [number, 'resource.comment.id'] })],
  [/release/, idRules({ release: [number, 'resource.release.id', 'resource.environment.releaseId'] })],
  [/run|stage/, idRules({ run: [number, 'resource.run.id'], pipeline: [number, 'resource.pipeline.id'] })],
]

function refineIds({ data, ids, text }: Reading): Ids {
  const { sha, ...found } = ids
  const type = text('eventType') ?? ''
  const own = rulesByType.find(([pattern]) => pattern.test(type))?.[1] ?? []
  return {
    ...(sha === undefined || /^0+$/.test(sha) ? {} : { sha }),
    ...readIds(own, data),
    ...found,
  }
}

/** `pull_request/7`, `work_item/5`: the numbers of different things are not told apart otherwise. */
const subjects = ['pull_request', 'work_item', 'build', 'release', 'run', 'repository'] as const

export const azureDevops = defineSender({
  kind: 'azure-devops',
  title: 'Azure DevOps',
  link: 'https://learn.microsoft.com/azure/devops/service-hooks/services/webhooks',
  options,
  proof: ({ user, secret }) => basicProof(user, secret),
  body: jsonObject,
  ids: rules,
  refineIds,
  moreIdNames: ruleNames(...rulesByType.map(([, own]) => own)),
  event: {
    id: ({ text }) => joined(':', text('subscriptionId'), text('notificationId')) ?? text('id'),
    isIdAuthentic: true,
    type: ({ text }) => text('eventType'),
    subject: ({ ids }) => {
      const name = subjects.find((each) => ids[each] !== undefined)
      return name === undefined ? ids['project'] : joined('/', ids['project'], name, ids[name])
    },
    time: ({ text }) => text('createdDate'),
  },
  headers: () => ({
    'content-type': 'application/json; charset=utf-8',
    'user-agent': 'VSServices/19.245.0 (w3wp.exe)',
  }),
  samples: azureDevopsSamples,
})
