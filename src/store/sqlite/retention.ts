import type { Pruned, PruneMark } from '../records.js'
import type { Store } from '../store.js'
import { forgettableKeys } from './dedupe-keys.js'
import { type Deleted, deleter } from './deletions.js'
import { oldRows } from './old-rows.js'
import type { Reader } from './reader.js'
import type { Writer } from './writer.js'

type Retention = Pick<Store, 'prune' | 'pruneKeys' | 'pruneConfigs'>

const nothing: Deleted = { events: 0, runs: 0, deliveries: 0 }
const stages: readonly PruneMark['stage'][] = ['events', 'deliveries']

/**
 * Deletes what is old and finished. It is looked for on the connection that reads, a bounded number of rows at a time,
 * so that nobody waits for that; in the transaction that deletes, what was found is asked again.
 */
export function retention(writer: Writer, reader: Reader): Retention {
  const found = oldRows(reader.db)
  const still = oldRows(writer.db)
  const remove = deleter(writer.db)
  const keys = forgettableKeys(reader.db, writer.db)
  const configs = unusedConfigs(writer, reader)

  return {
    prune: async (before, limit, after) => {
      const place = after ?? firstPlace(before)
      if (place === undefined) return { ...nothing, next: undefined }
      const { rows, next } = await reader.read(() => found.look(place, before, limit))
      const ids = rows.map(({ id }) => id)
      const pruned: Deleted =
        ids.length === 0
          ? nothing
          : await writer.write(() =>
              place.stage === 'events'
                ? remove.events(still.oldEvents(ids, before))
                : remove.deliveries(still.leftDeliveries(ids)),
            )
      return { ...pruned, next: next ?? placeAfter(place, before) } satisfies Pruned
    },

    pruneKeys: async (before, limit, after) => {
      const { old, next } = await reader.read(() => keys.look(before, limit, after))
      if (old.length > 0) await writer.write(() => keys.forget(old))
      return { deleted: old.length, next }
    },

    pruneConfigs: configs,
  }
}

function firstPlace(before: ReadonlyMap<string, number>, stage: PruneMark['stage'] = 'events') {
  const source = [...before.keys()].sort()[0]
  return source === undefined ? undefined : beginning(stage, source)
}

function beginning(stage: PruneMark['stage'], source: string): PruneMark {
  return { stage, source, at: Number.MIN_SAFE_INTEGER, position: 0 }
}

/** The next source, in their order; after the last the next stage. */
function placeAfter(
  { stage, source }: PruneMark,
  before: ReadonlyMap<string, number>,
): PruneMark | undefined {
  const nextSource = [...before.keys()].sort().find((name) => name > source)
  if (nextSource !== undefined) return beginning(stage, nextSource)
  const nextStage = stages[stages.indexOf(stage) + 1]
  return nextStage && firstPlace(before, nextStage)
}

const runsInSlice = 2000

/** Configurations that no run names: only the unfinished need theirs, but what a finished run was told to do is its story. */
function unusedConfigs(writer: Writer, reader: Reader): Retention['pruneConfigs'] {
  const candidates = reader.db
    .prepare<[number], string>('SELECT digest FROM configs WHERE saved_at < ?')
    .pluck()
  const slice = reader.db.prepare<[number, number], { position: number; config_digest: string | null }>(
    'SELECT position, config_digest FROM runs WHERE position > ? ORDER BY position LIMIT ?',
  )
  const remove = writer.db.prepare('DELETE FROM configs WHERE digest = ? AND saved_at < ?')
  return async (inUse, savedBefore) => {
    const unused = new Set(await reader.read(() => candidates.all(savedBefore)))
    for (const digest of inUse) unused.delete(digest)
    // In slices, because there is no index of them: every run would pay for it.
    for (let after = 0; unused.size > 0; ) {
      const runs = await reader.read(() => slice.all(after, runsInSlice))
      for (const { config_digest: digest } of runs) if (digest !== null) unused.delete(digest)
      if (runs.length < runsInSlice) break
      after = runs.at(-1)?.position ?? after
      await new Promise((resolve) => setImmediate(resolve))
    }
    if (unused.size === 0) return 0
    return writer.write(() => {
      let deleted = 0
      for (const digest of unused) deleted += remove.run(digest, savedBefore).changes
      return deleted
    })
  }
}
