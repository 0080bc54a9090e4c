import { localAddress } from '../../config/addresses.js'
import type { Config } from '../../config/config.js'
import { AppError, toAppError } from '../../domain/errors.js'
import { signedSample } from '../../sources/engine/fresh-sample.js'
import type { WebhookSource } from '../../sources/source.js'
import { createNetwork, type NetworkResponse } from '../../util/fetch.js'
import { parseJson } from '../../util/json.js'
import { plain } from '../../util/plain.js'
import { Block, Card, Text } from '../ui/parts.js'
import { listed } from './amounts.js'
import { listenersOf, type SourceView } from './source-view.js'

const timeoutMs = 30_000
const maxAnswerBytes = 64 * 1024

/** What the public listener answered to a test, as a sender sees it. */
export interface TestAnswer {
  readonly type: string
  readonly status: number
  readonly text: string
  readonly eventIds: readonly string[]
}

/**
 * Signs a sample of this type as the sender would and sends it to our own public listener, over HTTP: what arrives is
 * received, verified and recorded like every other. Rejects with AppError `command.usage` where it cannot be sent.
 */
export async function sendTest(
  { name, type, now }: { readonly name: string; readonly type: string; readonly now: number },
  source: WebhookSource,
  { server }: Pick<Config, 'server'>,
): Promise<TestAnswer> {
  const sample = source.samples.find((candidate) => candidate.type === type)
  if (!sample) throw refused(`there is no sample of "${plain(type)}"`)
  if (server.hooks.port === 0)
    throw refused('server.hooks has no fixed port, so it is not known where to send to')
  const { body, headers, query } = signedOf(source, sample, now)
  const url = `http://${localAddress(server)}/hooks/${name}${query === undefined ? '' : `?${query}`}`
  const network = createNetwork()
  try {
    const request = { method: source.methods[0] ?? 'POST', url, headers, body, timeoutMs }
    const answer = await network.request({ ...request, maxBytes: maxAnswerBytes, allowPrivate: true })
    return {
      type,
      status: answer.status,
      text: answer.body.toString('utf8').trim(),
      eventIds: eventIdsOf(answer),
    }
  } catch (cause) {
    throw refused(
      `nothing was sent to ${url.replace(/\?.*/, '')}: ${cause instanceof Error ? cause.message : String(cause)}`,
    )
  } finally {
    await network.close()
  }
}

function signedOf(...of: Parameters<typeof signedSample>): ReturnType<typeof signedSample> {
  try {
    return signedSample(...of)
  } catch (cause) {
    throw refused(toAppError(cause).message)
  }
}

function refused(message: string): AppError {
  return new AppError('command.usage', message)
}

const eventId = /^evt_[0-9a-f]{32}$/

/** The answer is another's as far as this page is concerned: only what is an id of ours is a link. */
function eventIdsOf({ body }: NetworkResponse): string[] {
  try {
    const answer = parseJson(body)
    if (typeof answer !== 'object' || answer === null || Array.isArray(answer)) return []
    const { events } = answer
    return Array.isArray(events)
      ? events.filter((id): id is string => typeof id === 'string' && eventId.test(id))
      : []
  } catch {
    return []
  }
}

export function Answered({ of: { type, status, text, eventIds } }: { readonly of: TestAnswer }) {
  const isTaken = status < 400
  return (
    <div class={`notice ${isTaken ? 'is-good' : 'is-bad'}`} role="status" id="answer">
      <b>
        {isTaken ? 'The test arrived' : 'The test was refused'}: {status}
      </b>
      <span class="small soft break">
        <Text of={type} />, signed and sent to our own public listener. It answered:
      </span>
      <Block of={text === '' ? '(an empty body)' : text.slice(0, 2000)} label="The answer" />
      {eventIds.map((id) => (
        <a href={`/events/${id}`} class="mono break">
          {id}
        </a>
      ))}
      {!isTaken && <span class="small soft">Nothing was recorded but a count, with the reason, below.</span>}
    </div>
  )
}

/** The form that sends one. */
export function TestCard({ of: view, mayDecide }: { readonly of: SourceView; readonly mayDecide: boolean }) {
  const { health, opened, config } = view
  const { name } = health.settings
  if (!opened) return null
  const types = [...new Set(opened.samples.map(({ type }) => type))]
  const [first] = types
  if (first === undefined) {
    return (
      <Card title="Send a signed test">
        <p class="soft">
          There is no sample of this kind. <code>rouse trigger {name} … --file</code> sends a captured body.
        </p>
      </Card>
    )
  }
  const listeners = listenersOf(config, name).filter(({ mode }) => mode !== 'off')
  return (
    <Card title="Send a signed test">
      <p>
        A sample from the sender’s documentation, as a new occurrence, signed with the configured secret and
        sent to the public listener.
      </p>
      <p class="soft">
        {listeners.length === 0
          ? 'No agent listens to this source, so it will wake nobody.'
          : `It is an event like any other: ${listed(listeners.map(({ agent }) => agent))} may wake and act.`}
      </p>
      {mayDecide ? (
        <form method="post" action={`/sources/${encodeURIComponent(name)}/test`} class="filters" id="test">
          <label>
            Type
            <select name="type" id="test-type">
              {types.map((type) => (
                <option value={plain(type)}>{plain(type)}</option>
              ))}
            </select>
          </label>
          <button type="submit">Send the test</button>
        </form>
      ) : (
        <p class="small soft">Sending takes a token of the role approve; yours may read.</p>
      )}
      <Block of={`rouse trigger ${name} ${first}`} label="The same as a command" />
    </Card>
  )
}
