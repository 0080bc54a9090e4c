import { realpath, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { watch } from 'chokidar'
import { sleep } from '../util/clock.js'

export interface WatchOptions {
  readonly file: string
  /** The other files that the configuration is made of; asked again after each change. All paths are absolute. */
  files(): readonly string[]
  /** Called once at the start, and once for any number of changes in quick succession; never while it still runs. */
  onChange(): Promise<void> | void
  /** A fault of the watching, or one that `onChange` threw; the watch goes on. */
  onError(error: Error): void
}

const quietMs = 150
const lookEveryMs = 1000
const pollEveryMs = 300

export interface ConfigWatch {
  close(): Promise<void>
}

/**
 * Watches directories: editors save by renaming a new file over the old one, which a watch on the file would
 * not survive. Any Markdown there counts: it may be what a new agent lacks. Resolves once changes are seen.
 *
 * The files themselves are looked at every second too: a container's volume changes by a link that lies elsewhere
 * in their path, of which no event tells, and neither does every file system of its truncations.
 */
export async function watchConfig({ file, files, onChange, onError }: WatchOptions): Promise<ConfigWatch> {
  const directories = () => [
    ...new Set([dirname(file), join(dirname(file), 'agents'), ...files().map(dirname)]),
  ]
  // A directory that is added twice keeps a handle that its own close does not find.
  let watched = directories()
  const isPart = (path: string) => path === file || path.endsWith('.md') || files().includes(path)
  const watcher = watch(watched, {
    ignoreInitial: true,
    depth: 0,
    // The ledger often lies beside the configuration: the system's own events tell of each of its writes, thousands a
    // second, and each has the directory read again.
    usePolling: true,
    interval: pollEveryMs,
    binaryInterval: pollEveryMs,
    ignored: (path, stats) => stats?.isFile() === true && !isPart(path),
  })
  const ready = new Promise<void>((resolve) => watcher.once('ready', resolve))
  const fault = (cause: unknown) => onError(cause instanceof Error ? cause : new Error(String(cause)))
  const stamp = async () => (await Promise.all([file, ...files()].map(stampOf))).join('\n')
  let known = await stamp()
  let waiting = new AbortController()
  let last: Promise<void> = Promise.resolve()
  const changed = () => {
    waiting.abort()
    waiting = new AbortController()
    sleep(quietMs, waiting.signal).then(
      () => {
        last = last
          .then(async () => {
            known = await stamp()
            await onChange()
            const added = directories().filter((path) => !watched.includes(path))
            watched = [...watched, ...added]
            if (added.length > 0 && !watcher.closed) watcher.add(added)
          })
          .catch(fault)
      },
      () => {}, // a later change took its place
    )
  }
  watcher.on('all', (_, path) => isPart(path) && changed())
  watcher.on('error', fault)
  await ready
  // What was written between the first reading and now is nobody's event.
  changed()
  const looking = new AbortController()
  const look = async () => {
    for (;;) {
      await sleep(lookEveryMs, looking.signal)
      if ((await stamp()) !== known) changed()
    }
  }
  const looked = look().catch((error) => looking.signal.aborted || fault(error))
  return {
    close: async () => {
      looking.abort()
      waiting.abort()
      await watcher.close()
      await looked
      await last
    },
  }
}

/** Differs once the path leads to another file, or the file was written. */
async function stampOf(path: string): Promise<string> {
  try {
    const { ino, size, mtimeNs } = await stat(path, { bigint: true })
    return `${await realpath(path)} ${ino} ${size} ${mtimeNs}`
  } catch {
    return 'not there'
  }
}
