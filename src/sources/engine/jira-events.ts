import type { Sample } from '../source.js'
import { idRules } from './ids.js'
import { firstText, type Reading } from './reading.js'

/** What Jira and Confluence send, however they prove it. */

const number = '[1-9][0-9]{0,19}'

/** Ids that Atlassian assigns; names, labels and the words of an issue are people's. */
export const jiraRules = idRules({
  issue: [number, 'issue.id'],
  issue_key: ['[A-Z][A-Z0-9_]{1,19}-[1-9][0-9]{0,9}', 'issue.key'],
  project: [number, 'issue.fields.project.id', 'project.id'],
  comment: [number, 'comment.id'],
  worklog: [number, 'worklog.id'],
  version: [number, 'version.id'],
  sprint: [number, 'sprint.id'],
  page: [number, 'page.id', 'blog.id'],
  user: [
    '[0-9a-f]{24}|[0-9]{1,10}:[0-9a-f-]{36}',
    'user.accountId',
    'comment.author.accountId',
    'userAccountId',
  ],
})

export const jiraEvent = {
  id: ({ header }: Reading) => header('x-atlassian-webhook-identifier'),
  type: ({ text }: Reading) => text('webhookEvent') ?? text('event'),
  subject: ({ ids }: Reading) => ids['issue_key'] ?? ids['issue'] ?? ids['page'] ?? ids['project'],
  actor: firstText(
    'user.accountId',
    'comment.updateAuthor.accountId',
    'comment.author.accountId',
    'worklog.updateAuthor.accountId',
    'worklog.author.accountId',
    'userAccountId',
  ),
  time: ({ text }: Reading) => text('timestamp'),
}

export const jiraSamples: readonly Sample[] = [
  {
    type: 'jira:issue_created',
    body: {
      timestamp: 1767225599000,
      webhookEvent: 'jira:issue_created',
      issue_event_type_name: 'issue_created',
      user: { accountId: '5b10a2844c20165700ede21a', displayName: 'Ada Example' },
      issue: {
        id: '10002',
        key: 'ED-1',
        fields: {
          summary: 'The export is empty',
          project: { id: '10000', key: 'ED' },
          priority: { name: 'High' },
        },
      },
    },
  },
  {
    type: 'comment_created',
    body: {
      timestamp: 1767225599000,
      webhookEvent: 'comment_created',
      comment: { id: '10050', author: { accountId: '5b10a2844c20165700ede21a' }, body: 'Seen here as well.' },
      issue: {
        id: '10002',
        key: 'ED-1',
        fields: { summary: 'The export is empty', project: { id: '10000' } },
      },
    },
  },
]
