import type { EventDraft } from '../domain/event.js'
import type { JsonValue } from '../util/json.js'
import { stringifyJson } from '../util/json.js'
import { scalarText, valueAt } from '../util/path.js'
import { sha256 } from '../util/signature.js'
import { readIds } from './engine/ids.js'
import { parseTime } from './engine/time.js'
import type { PollOptions } from './poll.js'

/** An item of a page, read. */
export interface PollRecord {
  readonly draft: EventDraft
  /** What the cursor is made of; undefined where the record does not have it. */
  readonly cursorTime: number | undefined
  readonly cursorId: string | undefined
  /** Whether it has the id, and the version where one is declared; else the digest of its content is its key. */
  readonly isKeyed: boolean
  /** What is wrong with it, in words without its content. */
  readonly faults: readonly string[]
}

/**
 * The event that a record is. Its dedupe key is its id, with the version where one is declared. A record
 * without them is not lost: the digest of its content stands in, and the fault is said.
 */
export function readRecord(options: PollOptions, record: JsonValue, now: number): PollRecord {
  const { event, cursor } = options
  const faults: string[] = []
  const id = textAt(record, event.id)
  if (id === undefined) faults.push(`has no id at ${event.id.source}`)
  let version: string | undefined
  if (event.version !== undefined) {
    version = textAt(record, event.version)
    if (version === undefined) faults.push(`has no version at ${event.version.source}`)
  }
  const time = event.time && timeAt(record, event.time, cursor.format)
  if (event.time !== undefined && time === undefined) {
    faults.push(`has no ${cursor.format} time with a zone at ${event.time.source}`)
  }
  const cursorTime =
    cursor.kind === 'time' && cursor.from ? timeAt(record, cursor.from, cursor.format) : undefined
  const cursorId = cursor.kind === 'id' && cursor.from ? textAt(record, cursor.from) : undefined
  if (cursor.kind === 'time' && cursorTime === undefined && cursor.from?.source !== event.time?.source) {
    faults.push(`has no ${cursor.format} time with a zone at ${cursor.from?.source}`)
  }
  if (cursor.kind === 'id' && cursorId === undefined) faults.push(`has no id at ${cursor.from?.source}`)
  const type = typeof event.type === 'string' ? event.type : textAt(record, event.type.path)
  if (type === undefined) faults.push('has no type')
  const actor = event.actor && textAt(record, event.actor)
  const isKeyed = id !== undefined && (event.version === undefined || version !== undefined)
  const draft: EventDraft = {
    sourceEventId: isKeyed ? recordKey(id, version) : `digest:${digestOf(record)}`,
    type: type ?? 'record',
    subject: event.subject ? textAt(record, event.subject) : undefined,
    time: time ?? cursorTime ?? now,
    ids: readIds(options.ids, record),
    ...(actor === undefined ? {} : { actor }),
    data: record,
  }
  return { draft, cursorTime, cursorId, isKeyed, faults }
}

/** `id` alone, or `id@version` with every `@` of the id written `%40`, so that no two pairs give one key. */
function recordKey(id: string, version: string | undefined): string {
  if (version === undefined) return id
  return `${id.replaceAll('%', '%25').replaceAll('@', '%40')}@${version}`
}

function digestOf(record: JsonValue): string {
  return sha256(stringifyJson(record)).toString('hex')
}

function textAt(record: JsonValue, path: PollOptions['event']['id']): string | undefined {
  const text = scalarText(valueAt(record, path))
  return text === '' ? undefined : text
}

function timeAt(
  record: JsonValue,
  path: PollOptions['event']['id'],
  format: PollOptions['cursor']['format'],
): number | undefined {
  const text = textAt(record, path)
  return text === undefined ? undefined : parseTime(text, format)
}
