import type { Child } from 'hono/jsx'
import type { Approval } from '../domain/approval.js'
import type { FrozenRequest } from '../domain/tool-call.js'
import type { StoredEvent } from '../store/records.js'
import { isoTime } from '../util/clock.js'
import { stringifyJson } from '../util/json.js'
import { plain, plainBlock } from '../util/plain.js'
import type { Caller } from './callers.js'

/** Pages, drawn here whole. What comes from outside is text in them, and what cannot be seen in it is written as a code. */

export interface Waiting {
  readonly approval: Approval
  readonly event: StoredEvent | undefined
}

export async function loginPage(note?: string): Promise<string> {
  return draw(
    <Page title="Log in to rouse">
      {note !== undefined && <p class="fault">{note}</p>}
      <form id="login" method="post" action="/login">
        <p>
          <label>
            Token <input name="token" type="password" autocomplete="off" required />
          </label>
        </p>
        <button type="submit">Log in</button>
      </form>
      <p>
        <code>rouse token</code> makes one and prints a link. Logged in already? <a href="/">Go on</a>.
      </p>
      <script src="/login.js" />
    </Page>,
  )
}

export async function waitingPage(waiting: readonly Waiting[], caller: Caller): Promise<string> {
  return draw(
    <Page title="What waits for a person">
      {waiting.length === 0 && <p>Nothing waits for a person.</p>}
      {waiting.map(({ approval, event }) => (
        <ApprovalCard approval={approval} event={event} />
      ))}
      <form method="post" action="/logout">
        <p>Logged in with the {caller.name}.</p>
        <button type="submit">Log out</button>
      </form>
    </Page>,
  )
}

function Page({ title, children }: { readonly title: string; readonly children?: Child }) {
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width" />
        <title>{title}</title>
        <link rel="stylesheet" href="/style.css" />
      </head>
      <body>
        <h1>{title}</h1>
        {children}
      </body>
    </html>
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

async function draw(page: { toString(): string | Promise<string> }): Promise<string> {
  return `<!doctype html>${await page.toString()}`
}
