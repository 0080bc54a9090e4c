import { eventDocument } from '../runs/documents.js'
import type { ChangeMark, Changes } from '../store/reports.js'
import type { Store } from '../store/store.js'
import { type Clock, sleep } from '../util/clock.js'
import type { JsonObject, JsonValue } from '../util/json.js'
import { jsonText } from './answers.js'

/** What can happen that a page or a program may want to know of. */
export const changes = ['event', 'run', 'call', 'approval', 'alert'] as const
export type Change = (typeof changes)[number]

export interface TailOptions {
  readonly store: Pick<Store, 'version' | 'changesSince'>
  readonly clock: Clock
  /** Without our own secrets. */
  readonly redact: (document: JsonObject) => JsonValue
  readonly lookEveryMs?: number
  readonly heartbeatMs?: number
  /** Who takes nothing for so long is sent away, and may come back to where it was. */
  readonly stalledMs?: number
}

export interface Client {
  /** What was seen last; undefined for what comes from now on. */
  readonly after: ChangeMark | undefined
  /** Only that something happened, and not what: for pages, which ask for what they show. */
  readonly isHints: boolean
  /** Asked at each heartbeat: a token may have been revoked. */
  readonly isStillIn: () => Promise<boolean>
  readonly cut: () => void
}

const mostClients = 64
const batch = 200
/** For pages: they ask again at most once a second. */
const hintsEveryMs = 500

/**
 * What happens in the ledger, to those who listen, as Server-Sent Events. Nothing is kept for a client: the ledger itself
 * is what it reads from, as fast as it takes it. Each event is told exactly once to who comes back with the last id;
 * changes of runs, calls, approvals and alerts as long as the ledger remembers them (`gap` where it does not).
 */
export class Tail {
  readonly #open = new Set<AbortController>()
  #isClosed = false

  constructor(private readonly options: TailOptions) {}

  /** Undefined where as many listen as may. */
  listen(client: Client): ReadableStream<Uint8Array> | undefined {
    if (this.#isClosed || this.#open.size >= mostClients) return undefined
    const ending = new AbortController()
    this.#open.add(ending)
    const told = follow(this.options, client, ending.signal)
    const stalled = new Stalled(this.options.stalledMs ?? 30_000, () => {
      ending.abort()
      client.cut()
    })
    const end = () => {
      stalled.stop()
      ending.abort()
      this.#open.delete(ending)
    }
    return new ReadableStream(
      {
        pull: async (controller) => {
          stalled.stop()
          const { done, value } = await told.next().catch(() => ({ done: true, value: undefined }))
          if (done || value === undefined) {
            end()
            controller.close()
          } else {
            controller.enqueue(Buffer.from(value))
            stalled.begin()
          }
        },
        cancel: end,
      },
      { highWaterMark: 0 },
    )
  }

  /** Ends all that listen. */
  close(): void {
    this.#isClosed = true
    for (const ending of this.#open) ending.abort()
  }

  get listening(): number {
    return this.#open.size
  }
}

/** From what was handed over to the next time that something is asked for. */
class Stalled {
  #timer: NodeJS.Timeout | undefined

  constructor(
    private readonly afterMs: number,
    private readonly onStalled: () => void,
  ) {}

  begin(): void {
    this.#timer = setTimeout(this.onStalled, this.afterMs).unref()
  }

  stop(): void {
    clearTimeout(this.#timer)
  }
}

async function* follow(
  { store, clock, redact, lookEveryMs = 250, heartbeatMs = 15_000 }: TailOptions,
  { after, isHints, isStillIn }: Client,
  signal: AbortSignal,
): AsyncGenerator<string, undefined> {
  let mark = after ?? (await store.changesSince(undefined, 1)).next
  let version: number | undefined
  let beatAt = clock.monotonic()
  yield `retry: 2000\nid: ${markText(mark)}\n\n`
  while (!signal.aborted) {
    if (clock.monotonic() - beatAt >= heartbeatMs) {
      beatAt = clock.monotonic()
      if (!(await isStillIn())) return
      yield ': still here\n\n'
    }
    const now = await store.version()
    if (now === version) {
      await sleep(lookEveryMs, signal)
      continue
    }
    const found = await store.changesSince(mark, batch)
    const from = mark
    mark = found.next
    // Read before what was found: a commit in between is looked for once more.
    if (!found.isMore) version = now
    const text = isHints ? hintsOf(found) : messagesOf(found, from, redact)
    if (text !== '') yield text
    if (!isHints) continue
    // Of more than one batch a page wants to know no more than of one.
    if (found.isMore) mark = (await store.changesSince(undefined, 1)).next
    await sleep(hintsEveryMs, signal)
  }
}

function hintsOf({ events, changes: later, next }: Changes): string {
  const kinds = new Set<Change>(events.length > 0 ? ['event'] : [])
  for (const { id } of later) kinds.add(kindOf(id))
  return [...kinds].map((kind) => `id: ${markText(next)}\nevent: ${kind}\ndata: {}\n\n`).join('')
}

function messagesOf(
  { events, changes: later, isWhole, next }: Changes,
  from: ChangeMark,
  redact: TailOptions['redact'],
): string {
  const messages: string[] = []
  const say = (name: Change | 'gap', mark: ChangeMark, document: JsonObject) => {
    messages.push(`id: ${markText(mark)}\nevent: ${name}\ndata: ${jsonText(redact(document))}\n\n`)
  }
  for (const { position, event } of events)
    say('event', { event: position, change: from.change }, eventDocument(event))
  if (!isWhole) say('gap', { event: next.event, change: from.change }, { lost: 'changes' })
  for (const { position, id, runId, state, parkedOn } of later) {
    const kind = kindOf(id)
    const document: JsonObject =
      kind === 'alert'
        ? { cause: id.slice(alertPrefix.length), state }
        : { id, run_id: runId ?? null, state, parked_on: parkedOn ?? null }
    say(kind, { event: next.event, change: position }, document)
  }
  return messages.join('')
}

const alertPrefix = 'alert:'

function kindOf(id: string): Change {
  if (id.startsWith(alertPrefix)) return 'alert'
  if (id.startsWith('apr_')) return 'approval'
  return id.startsWith('tcl_') ? 'call' : 'run'
}

export function markText({ event, change }: ChangeMark): string {
  return `${event}.${change}`
}

/** What `Last-Event-ID` or `after` says; undefined for what is no such thing. */
export function parseMark(text: string): ChangeMark | undefined {
  const [, event, change] = /^(\d{1,15})\.(\d{1,15})$/.exec(text) ?? []
  return event === undefined || change === undefined
    ? undefined
    : { event: Number(event), change: Number(change) }
}
