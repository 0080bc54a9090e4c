import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { localAddress } from '../config/addresses.js'
import type { Config } from '../config/config.js'
import { didYouMean } from '../config/suggest.js'
import { freshen } from '../sources/engine/fresh-sample.js'
import { createRemoteKeys, type RemoteKeys } from '../sources/engine/keys.js'
import type { Sample, SignRequest, WebhookSource } from '../sources/source.js'
import { createNetwork, type Network, type NetworkResponse } from '../util/fetch.js'
import { type JsonObject, parseJson, stringifyJson } from '../util/json.js'
import {
  addExamples,
  addJsonOption,
  type Declare,
  failure,
  type Invocation,
  parseSpan,
  parseTimes,
  printDocument,
  usageError,
} from './command.js'
import { loadWhole, openConfigured } from './configuration.js'
import { withDevVariables } from './dev-variables.js'
import { forged } from './forge.js'
import { parseSetting, type Setting, withSetting } from './sample.js'
import { cutTo, plain } from './text.js'

interface Options {
  readonly file?: string
  readonly set?: readonly Setting[]
  readonly times: number
  readonly dup?: boolean
  readonly late?: number
  readonly badSignature?: boolean
  readonly url?: string
  readonly json?: boolean
}

export const declareTrigger: Declare = (command, invocation) => {
  command
    .option('--file <file>', 'send this body instead of the sample, byte for byte')
    .option('--set <path=value>', 'change one place of the body; may be repeated', collect)
    .option('--times <n>', 'send this many deliveries, each a new event', parseTimes, 1)
    .option('--dup', 'send the same delivery again, as a sender does that heard no answer')
    .option('--late <duration>', 'sign it with a time that is this long ago', parseSpan)
    .option('--bad-signature', 'change one character of the signature')
    .option('--url <url>', 'where the daemon listens (default: server.hooks)')
  addJsonOption(command)
  addExamples(command, [
    'rouse trigger ci workflow_run.completed',
    'rouse trigger payments charge.dispute.created --set data.object.amount=1200',
    'rouse trigger ci push --dup',
    'rouse trigger payments charge.dispute.created --late 10m',
    'rouse trigger ci push --bad-signature',
  ])
  command.action((source: string, type: string, options: Options) =>
    trigger(invocation, source, type, options),
  )
}

function collect(text: string, earlier: readonly Setting[] = []): Setting[] {
  return [...earlier, parseSetting(text)]
}

interface Outgoing {
  readonly body: Uint8Array
  readonly headers: Readonly<Record<string, string>>
  readonly query?: string
}

async function trigger(invocation: Invocation, name: string, type: string, options: Options): Promise<void> {
  const { io } = invocation
  if (options.file !== undefined && options.set !== undefined)
    throw usageError('give --file or --set, not both')
  const config = await loadWhole(invocation, await withDevVariables(invocation))
  const network = createNetwork()
  const source = openSource(config, name, createRemoteKeys({ network, clock: io.clock }))
  const url = targetOf(config, name, options.url)
  try {
    const answers: JsonObject[] = []
    let previous: Outgoing | undefined
    const times = options.dup ? Math.max(2, options.times) : options.times
    for (let sent = 0; sent < times; sent++) {
      const outgoing = options.dup && previous ? previous : await prepare(invocation, source, type, options)
      previous = outgoing
      const answer = await send(network, url, outgoing)
      const { document, text } = describe(answer)
      answers.push(document)
      if (!options.json) io.out(text)
      if (answer.status >= 400) invocation.exitCode = 1
    }
    if (options.json) printDocument(invocation, { url, deliveries: answers })
    else io.out(nextStep(answers))
  } finally {
    await network.close()
  }
}

function openSource(config: Config, name: string, keys: RemoteKeys): WebhookSource {
  const settings = config.sources.get(name)
  if (!settings) {
    const names = [...config.sources.keys()]
    throw usageError(
      `there is no source "${plain(name)}".${didYouMean(name, names)} Sources: ${names.join(', ') || 'none'}`,
    )
  }
  const source = openConfigured(config, keys).get(name)
  if (!source)
    throw usageError(`${name} is of kind ${settings.kind}: it comes by the clock, and nothing is sent to it`)
  return source
}

function targetOf({ server }: Config, name: string, given: string | undefined): string {
  if (given === undefined && server.hooks.port === 0)
    throw usageError('server.hooks has no fixed port; say where with --url')
  const base = given ?? `http://${localAddress(server)}`
  if (!/^https?:\/\//.test(base) || !URL.canParse(base))
    throw usageError(`--url "${base}" is not an http(s) URL`)
  const hooks = base.replace(/\/+$/, '')
  return hooks.endsWith(`/hooks/${name}`) ? hooks : `${hooks}/hooks/${name}`
}

async function prepare(
  { io }: Invocation,
  source: WebhookSource,
  type: string,
  options: Options,
): Promise<Outgoing> {
  const { body, id } =
    options.file === undefined
      ? sampleBody(source, type, options.set ?? [])
      : { body: await readBody(resolve(io.directory, options.file)), id: freshen({ body: null }).id }
  const now = io.clock.now() - (options.late ?? 0)
  const request = { body, type, id }
  if (options.late !== undefined && !signsTime(source, request, io.clock.now(), now)) {
    io.err('note: this kind of source signs no time, so --late changes nothing')
  }
  const signed = options.badSignature ? forged(source, request, now) : source.sign(request, now)
  return { body, ...signed }
}

function signsTime(source: WebhookSource, request: SignRequest, now: number, earlier: number): boolean {
  return JSON.stringify(source.sign(request, now)) !== JSON.stringify(source.sign(request, earlier))
}

function sampleBody(
  source: WebhookSource,
  type: string,
  settings: readonly Setting[],
): { body: Uint8Array; id: string } {
  const sample = sampleFor(source, type)
  const { body, id, padding } = freshen(sample)
  if (typeof body === 'string') {
    if (settings.length === 0) return { body: Buffer.from(body), id }
    throw usageError('this sender’s deliveries are no JSON, so --set has no places to change; give --file')
  }
  const changed = settings.reduce(withSetting, body)
  return { body: Buffer.from(stringifyJson(changed) + padding), id }
}

function sampleFor({ samples }: WebhookSource, type: string): Sample {
  const exact = samples.find((sample) => sample.type === type)
  if (exact) return exact
  const types = [...new Set(samples.map((sample) => sample.type))]
  const ending = types.filter((known) => known.endsWith(`:${type}`))
  const only = ending.length === 1 ? samples.find((sample) => sample.type === ending[0]) : undefined
  if (only) return only
  if (types.length === 0) throw usageError(`this source has no samples; give the body with --file`)
  const list = types.map((known) => `  ${known}`).join('\n')
  throw usageError(
    `there is no sample of "${plain(type)}".${didYouMean(type, types)} Give a body with --file, or one of:\n${list}`,
  )
}

async function readBody(file: string): Promise<Buffer> {
  try {
    return await readFile(file)
  } catch (cause) {
    throw failure(`--file ${file} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`)
  }
}

const answerTimeoutMs = 30_000
const maxAnswerBytes = 1024 * 1024

async function send(
  network: Network,
  url: string,
  { body, headers, query }: Outgoing,
): Promise<NetworkResponse> {
  const request = {
    method: 'POST',
    url: query === undefined ? url : `${url}?${query}`,
    headers,
    body,
    timeoutMs: answerTimeoutMs,
    maxBytes: maxAnswerBytes,
    allowPrivate: true,
  }
  try {
    return await network.request(request)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw failure(
      `nothing was sent to ${url}: ${reason}. Is the daemon running? \`rouse start\` or \`rouse dev\``,
    )
  }
}

/** The answer as a sender sees it, and the events that it names. */
function describe({ status, body }: NetworkResponse): { document: JsonObject; text: string } {
  const answer = body.toString('utf8')
  const events = eventIds(body)
  return { document: { status, answer, events }, text: `${status}  ${cutTo(plain(answer.trim()), 300)}` }
}

function eventIds(body: Buffer): string[] {
  try {
    const answer = parseJson(body)
    if (typeof answer !== 'object' || answer === null || Array.isArray(answer)) return []
    const { events } = answer
    return Array.isArray(events) ? events.filter((id) => typeof id === 'string') : []
  } catch {
    return []
  }
}

function nextStep(answers: readonly JsonObject[]): string {
  const ids = answers.flatMap(({ events }) =>
    Array.isArray(events) ? events.filter((id) => typeof id === 'string') : [],
  )
  const last = ids.at(-1)
  if (last !== undefined) return `\nrouse explain ${last}`
  const isRefused = answers.some(({ status }) => typeof status === 'number' && status >= 400)
  return isRefused
    ? '\nRefused: nothing was recorded but a count; `rouse events` shows it within seconds, with the reason.'
    : '\nrouse events'
}
