import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import type { Config } from '../config/config.js'
import { didYouMean } from '../config/suggest.js'
import type { Delivery, Reply } from '../domain/delivery.js'
import { AppError } from '../domain/errors.js'
import { sourceContexts } from '../ingest/source-context.js'
import { createRemoteKeys } from '../sources/engine/keys.js'
import { secretsOf } from '../sources/engine/secret.js'
import type { SourceContext, WebhookSource } from '../sources/source.js'
import { createNetwork } from '../util/fetch.js'
import { newId } from '../util/id.js'
import {
  addExamples,
  addJsonOption,
  type Declare,
  failure,
  type Invocation,
  printDocument,
  sinceOf,
  usageError,
} from './command.js'
import { kindNamed, loadWhole } from './configuration.js'
import { withDevVariables } from './dev-variables.js'
import { plain } from './text.js'
import { type Captured, readCaptured } from './verify/captured.js'
import { type Heard, listen } from './verify/heard.js'
import { type SecretNames, secretNames } from './verify/names.js'
import { createShown } from './verify/shown.js'
import { type Finding, findingDocument, formatFinding } from './verify/story.js'
import { whatWouldVerify } from './verify/trials.js'

interface Options {
  readonly source?: string
  readonly at?: string
  readonly json?: boolean
}

export const declareVerify: Declare = (command, invocation) => {
  command
    .option('--source <name>', 'the source that it was sent to (default: what its path says)')
    .option(
      '--at <time>',
      'what the clock is to say: a time in ISO 8601, or 2h for so long ago (default: now)',
    )
  addJsonOption(command)
  addExamples(command, [
    'rouse verify --source payments captured.http',
    'rouse verify captured.http --at 2026-11-21T03:12:00Z',
    'pbpaste | rouse verify --source ci -',
  ])
  command.action((file: string, options: Options) => verify(invocation, file, options))
}

async function verify(invocation: Invocation, file: string, options: Options): Promise<void> {
  const { io } = invocation
  const captured = await readRequest(invocation, file)
  const environment = await withDevVariables(invocation)
  const config = await loadWhole(invocation, environment)
  const name = sourceNamed(config, options.source, captured)
  const now = options.at === undefined ? io.clock.now() : sinceOf(options.at, io.clock.now(), '--at')
  const network = createNetwork()
  try {
    const keys = createRemoteKeys({ network, clock: io.clock })
    const context = onlyLooking(sourceContexts(config, keys)(name))
    const names = await secretNames(config, environment)
    const finding = await find({ config, name, context, captured, now, names })
    const secrets = [
      ...config.secretValues,
      ...[...config.sources.values()].flatMap((source) =>
        secretsOf(source.options).flatMap(({ secret }) => (secret.publicKey ? [] : [secret.text])),
      ),
    ]
    const shown = createShown(secrets, finding.steps)
    if (!finding.isVerified) invocation.exitCode = 1
    if (options.json) printDocument(invocation, findingDocument(finding, shown))
    else io.out(formatFinding(finding, shown, io))
  } finally {
    await network.close()
  }
}

/** What a request would have the daemon do (keep a secret, confirm a subscription) is not done for one that was captured. */
function onlyLooking(context: SourceContext): SourceContext {
  return {
    ...context,
    isOnlyLooking: true,
    secretFile: (path) => ({ read: () => context.secretFile(path).read(), add: () => {} }),
  }
}

async function readRequest({ io }: Invocation, file: string): Promise<Captured> {
  const path = file === '-' ? '-' : resolve(io.directory, file)
  const captured = readCaptured(path === '-' ? await io.readInput() : await read(path), plain(file))
  if (captured.bodyFile === undefined) return captured
  const folder = path === '-' ? io.directory : dirname(path)
  return { ...captured, body: await read(resolve(folder, captured.bodyFile)) }
}

async function read(path: string): Promise<Buffer> {
  try {
    return await readFile(path)
  } catch (cause) {
    throw failure(`${plain(path)} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`)
  }
}

function sourceNamed({ sources }: Config, given: string | undefined, { path }: Captured): string {
  const named = given ?? /^\/hooks\/([^/?]+)/.exec(path)?.[1]
  if (named === undefined) throw usageError('the request’s path names no source; say which with --source')
  const settings = sources.get(named)
  const names = [...sources.keys()]
  if (!settings)
    throw usageError(
      `there is no source "${plain(named)}".${didYouMean(named, names)} Sources: ${names.join(', ') || 'none'}`,
    )
  if (kindNamed(settings.kind)?.open === undefined)
    throw usageError(`${named} is of kind ${settings.kind}: it comes by the clock, and nothing is sent to it`)
  return named
}

interface Question {
  readonly config: Config
  readonly name: string
  readonly context: SourceContext
  readonly captured: Captured
  readonly now: number
  readonly names: SecretNames
}

async function find({ config, name, context, captured, now, names }: Question): Promise<Finding> {
  const settings = config.sources.get(name)
  const kind = kindNamed(settings?.kind ?? '')
  const source = kind?.open?.(settings?.options, context)
  if (!settings || !kind || !source) throw usageError(`there is no source "${plain(name)}"`)
  const delivery: Delivery = {
    id: newId('dlv'),
    source: name,
    receivedAt: now,
    method: captured.method,
    url: captured.path,
    rawHeaders: captured.rawHeaders,
    body: captured.body,
  }
  const heard = listen()
  const base = {
    source: name,
    title: kind.title,
    captured,
    notes: notesOf(captured, source, name),
    steps: heard.steps,
    nameOf: (index: number, isClear: boolean) => nameOf(settings.options, name, names, index, isClear),
  }
  const answer = await judge(source, delivery, now, heard)
  if (!('error' in answer)) return { ...base, isVerified: true, ...answer, hits: [], tried: 0 }
  const { error } = answer
  const others = [...config.sources.values()].flatMap((other) =>
    other.name === name
      ? []
      : secretsOf(other.options).map(({ secret }) => ({
          source: other.name,
          name: names.named(other.name, secret.text),
          secret,
        })),
  )
  const needed = neededHeaders(source, now, error)
  const subject = {
    kind,
    options: settings.options,
    context,
    captured,
    delivery,
    now,
    needed,
    others,
    nameOf: (index: number) => base.nameOf(index, false),
  }
  const found = isGuessable(error) ? whatWouldVerify(subject) : { hits: [], tried: 0 }
  return { ...base, isVerified: false, error, ...found }
}

/** What the daemon would do with it. */
async function judge(
  source: WebhookSource,
  delivery: Delivery,
  now: number,
  heard: Heard,
): Promise<{ error: AppError } | Pick<Finding, 'secretIndex' | 'greeting' | 'events' | 'malformed'>> {
  try {
    const greeting = source.greet(delivery, now)
    if (greeting) return { greeting: { isSigned: false, status: greeting.status } }
    await source.prepare?.(delivery, now)
    const verified = source.verify(delivery, now, heard)
    const { secretIndex } = verified
    const handshake: Reply | undefined = source.handshake(verified)
    if (handshake) return { secretIndex, greeting: { isSigned: true, status: handshake.status } }
    try {
      return { secretIndex, events: source.events(verified) }
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'delivery.malformed') throw error
      return { secretIndex, malformed: error.message }
    }
  } catch (error) {
    if (error instanceof AppError && error.code.startsWith('verification.')) return { error }
    throw error
  }
}

/** Where the key was not to be had or the time alone is wrong, no change of the request helps. */
function isGuessable({ code }: AppError): boolean {
  return !/key_unavailable|stale_timestamp|future_timestamp/.test(code)
}

/** The names of headers that this kind looks for: those it would send itself, and the one that it misses. */
function neededHeaders(source: WebhookSource, now: number, error: AppError): string[] {
  const missed = /\bheader (\S+) is not there/.exec(error.message)?.[1]
  const ordinary = new Set(['content-type', 'user-agent'])
  return [...new Set([...(missed === undefined ? [] : [missed]), ...signedHeaders(source, now)])].filter(
    (name) => !ordinary.has(name),
  )
}

function signedHeaders(source: WebhookSource, now: number): string[] {
  try {
    const { headers } = source.sign({ body: Buffer.from('{}'), type: 'event', id: 'event-1' }, now)
    return Object.keys(headers).map((name) => name.toLowerCase())
  } catch {
    return []
  }
}

/** Of two sorts of secrets the token is the one that is sent in clear. */
function nameOf(
  options: unknown,
  source: string,
  names: SecretNames,
  index: number,
  isClear: boolean,
): string {
  const all = secretsOf(options)
  const kinds = new Set(all.map(({ option }) => option))
  const option =
    kinds.size < 2 ? undefined : isClear ? 'token' : all.find((each) => each.option !== 'token')?.option
  const list = all.filter((each) => option === undefined || each.option === option)
  const text = list[index]?.secret.text
  return text === undefined ? `secret ${index + 1} of ${source}` : names.named(source, text)
}

/** What is worth a look before any signature is. */
function notesOf(
  { method, path, rawHeaders, body }: Captured,
  source: WebhookSource,
  name: string,
): string[] {
  const header = (wanted: string) =>
    rawHeaders[rawHeaders.findIndex((text, at) => at % 2 === 0 && text.toLowerCase() === wanted) + 1]
  const notes: string[] = []
  const named = /^\/hooks\/([^/?]+)/.exec(path)?.[1]
  if (named !== undefined && named !== name) notes.push(`its path is that of the source ${named}`)
  if (![...source.methods, ...source.greetingMethods].includes(method))
    notes.push(`the daemon answers 405 to ${method}; this source takes ${source.methods.join(', ')}`)
  const has = (wanted: string) => rawHeaders.some((text, at) => at % 2 === 0 && text.toLowerCase() === wanted)
  const encoding = has('content-encoding') ? header('content-encoding') : undefined
  if (encoding !== undefined && encoding !== 'identity')
    notes.push(`its body is encoded with ${encoding}; the daemon answers 415 to that`)
  const length = has('content-length') ? header('content-length') : undefined
  if (length !== undefined && Number(length) !== body.length)
    notes.push(
      `content-length says ${length} ${length === '1' ? 'byte' : 'bytes'}, the body has ${body.length}`,
    )
  if (body.length > source.maxBodyBytes)
    notes.push(`the body is larger than max_body (${source.maxBodyBytes} bytes); the daemon answers 413`)
  return notes
}
