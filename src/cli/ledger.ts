import { dirname, resolve } from 'node:path'
import { readDocument } from '../config/document.js'
import { diskFiles, readSecretFile } from '../config/read.js'
import { storeSchema } from '../config/schema.js'
import { AppError, ConfigError } from '../domain/errors.js'
import { storeEngines } from '../store/registry.js'
import type { Store } from '../store/store.js'
import { type IdPrefix, idPrefix } from '../util/id.js'
import { failure, type Invocation } from './command.js'
import type { Io } from './io.js'

const maxConfigBytes = 1024 * 1024

/**
 * Where the ledger is, by `store:` alone: what happened must be readable also while the rest of config.yaml is
 * being edited, is wrong, or has variables that this terminal does not have. Throws ConfigError.
 */
export async function ledgerFile(configFile: string, io: Io): Promise<string> {
  const problem = (line: number, column: number, path: string, message: string) =>
    new ConfigError('config.yaml does not say where the ledger is', [
      { file: configFile, line, column, path, message },
    ])
  let text: string
  try {
    text = (await diskFiles.read(configFile, maxConfigBytes)).text
  } catch (cause) {
    throw problem(1, 1, '', `${cause instanceof Error ? cause.message : String(cause)}; name another with -c`)
  }
  const readFile = (path: string) => readSecretFile(path, diskFiles, () => undefined)
  const document = await readDocument(text, { environment: io.environment, readFile })
  const fault = document.faults.find(({ path }) => path[0] === 'store' || document.value === undefined)
  if (fault !== undefined) {
    const { line, column } = document.position(fault.offset)
    throw problem(line, column, fault.path.join('.'), fault.message)
  }
  const written = Object.entries(document.value ?? {}).find(([key]) => key === 'store')?.[1]
  const parsed = storeSchema.nullish().safeParse(written)
  if (!parsed.success) throw problem(1, 1, 'store', parsed.error.issues[0]?.message ?? 'is not understood')
  const place = parsed.data ?? 'sqlite:./data/rouse.db'
  return resolve(dirname(configFile), place.slice('sqlite:'.length))
}

/** Opens the ledger beside a daemon that may be running, and closes it however `use` ends. */
export async function withLedger<Result>(
  invocation: Invocation,
  use: (store: Store) => Promise<Result>,
): Promise<Result> {
  const file = await ledgerFile(invocation.configFile(), invocation.io)
  const store = await storeEngines.sqlite({ file, exclusive: false })
  try {
    return await use(store)
  } finally {
    await store.close()
  }
}

type Listed = Extract<IdPrefix, 'evt' | 'run' | 'apr' | 'tcl'>

const pageSize = 500
/** How far back a shortened id is looked for. */
const maxLookedAt = 5000
const shortestPart = 8

/**
 * The whole id that `text` is, or is the beginning of (with its prefix and at least 8 digits). Throws AppError
 * `command.usage` for what is no id, `store.not_found`, and `command.failed` when several begin so.
 */
export async function findId(store: Store, text: string, nouns: readonly IdPrefix[]): Promise<string> {
  const full = idPrefix(text)
  const prefix = full ?? (/^(evt|dlv|run|apr|tcl|stp)_[0-9a-f]+$/.test(text) ? text.slice(0, 3) : undefined)
  const noun = nouns.find((candidate) => candidate === prefix)
  if (noun === undefined) {
    const expected = nouns.map((one) => `${one}_…`).join(' or ')
    throw new AppError(
      'command.usage',
      `"${text.slice(0, 60)}" is not an id that this takes; expected ${expected}`,
    )
  }
  if (full !== undefined) return text
  if (!isListed(noun) || text.length < 4 + shortestPart) {
    throw new AppError('command.usage', `"${text}" is cut short; give the whole id`)
  }
  const found = await beginningWith(store, noun, text)
  if (found.length === 1 && found[0] !== undefined) return found[0]
  if (found.length === 0) {
    throw new AppError(
      'store.not_found',
      `nothing recent has an id that begins with ${text}; give the whole id`,
    )
  }
  throw failure(
    `${found.length} ids begin with ${text}: ${found.slice(0, 5).join(' ')}${found.length > 5 ? ' …' : ''}`,
  )
}

function isListed(noun: IdPrefix): noun is Listed {
  return noun === 'evt' || noun === 'run' || noun === 'apr' || noun === 'tcl'
}

async function beginningWith(store: Store, noun: Listed, text: string): Promise<string[]> {
  const found: string[] = []
  const take = (rows: readonly { readonly id: string }[]) =>
    found.push(...rows.map(({ id }) => id).filter((id) => id.startsWith(text)))
  if (noun === 'apr') take(await store.listApprovals({ limit: maxLookedAt }))
  else if (noun === 'tcl') take(await store.listHeld())
  else {
    for (let seen = 0, before: string | undefined; seen < maxLookedAt; seen += pageSize) {
      const filter = { limit: pageSize, ...(before === undefined ? {} : { before }) }
      const rows = noun === 'evt' ? await store.listEvents(filter) : await store.listRuns(filter)
      take(rows)
      before = rows.at(-1)?.id
      if (rows.length < pageSize) break
    }
  }
  return found
}

/** How many characters of ids to show so that they differ among themselves: at least 20, time and some chance. */
export function shortIds(ids: readonly string[]): (id: string) => string {
  let length = 20
  while (length < 36 && new Set(ids.map((id) => id.slice(0, length))).size < new Set(ids).size) length++
  return (id) => id.slice(0, length)
}
