import type { Approval } from '../../domain/approval.js'
import type { FrozenRequest } from '../../domain/tool-call.js'
import type { StoredEvent } from '../../store/records.js'
import { isoTime } from '../../util/clock.js'
import { stringifyJson } from '../../util/json.js'
import { plain, plainBlock } from '../../util/plain.js'
import { Empty } from '../ui/parts.js'
import type { Page } from './page.js'

interface Waiting {
  readonly approval: Approval
  readonly event: StoredEvent | undefined
}

/** What waits for a person, until there is more to see. */
export const waiting: Page = {
  method: 'GET',
  path: /^\/$/,
  role: 'read',
  place: 'now',
  async show(_request, { store }) {
    const approvals = await store.listApprovals({ state: 'waiting', limit: mostShown })
    const found: Waiting[] = []
    for (const approval of approvals) found.push({ approval, event: await store.event(approval.eventId) })
    return { kind: 'page', title: 'What waits for a person', html: <WaitingList of={found} /> }
  },
}

const mostShown = 200

function WaitingList({ of }: { readonly of: readonly Waiting[] }) {
  return (
    <>
      <h1>What waits for a person</h1>
      {of.length === 0 && <Empty title="Nothing waits for a person." />}
      {of.map((one) => (
        <ApprovalCard approval={one.approval} event={one.event} />
      ))}
    </>
  )
}

/** What a person decides on: the exact request, and nothing that the agent says about it. */
function ApprovalCard({ approval, event }: Waiting) {
  const { id, agent, tool, request, why, facts, requestedAt, expiresAt, digest } = approval
  const what = event ? `, ${plain(event.type)} of ${plain(event.source)} ${plain(event.subject ?? '')}` : ''
  return (
    <article>
      <h2>{id}</h2>
      <dl>
        <Field name="agent" text={`${plain(agent)}, with the tool ${plain(tool)}`} />
        <Field name="event" text={`${approval.eventId}${what}`} />
        <Field name="asked" text={`${isoTime(requestedAt)}, until ${isoTime(expiresAt)}`} />
        {why.map((sentence) => (
          <Field name="why" text={plain(sentence)} />
        ))}
        {Object.entries(facts).map(([name, value]) => (
          <Field name={plain(name)} text={plain(stringifyJson(value))} />
        ))}
        <Field name="digest" text={digest} />
      </dl>
      <pre>{requestText(request)}</pre>
      <p>
        <code>rouse approve {id}</code> or <code>rouse deny {id}</code>
      </p>
    </article>
  )
}

function Field({ name, text }: { readonly name: string; readonly text: string }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{text}</dd>
    </>
  )
}

function requestText({ method, url, headers, body, credential }: FrozenRequest): string {
  const lines = [`${plain(method)} ${plain(url)}`]
  for (const [name, value] of Object.entries(headers)) lines.push(`${plain(name)}: ${plain(value)}`)
  if (credential !== undefined) lines.push(`(the credential "${plain(credential)}" is added when it is sent)`)
  return [...lines, '', body === undefined ? '(no body)' : plainBlock(body)].join('\n')
}
