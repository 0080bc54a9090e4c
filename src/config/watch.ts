import { dirname, join } from 'node:path'
import { watch } from 'chokidar'
import { sleep } from '../util/clock.js'

export interface WatchOptions {
  readonly file: string
  /** The other files that the configuration is made of; asked again after each change. All paths are absolute. */
  files(): readonly string[]
  /** Called once for any number of changes in quick succession, and never while it still runs. */
  onChange(): Promise<void> | void
  /** A fault of the watching, or one that `onChange` threw; the watch goes on. */
  onError(error: Error): void
}

const quietMs = 150

export interface ConfigWatch {
  close(): Promise<void>
}

/**
 * Watches directories: editors save by renaming a new file over the old one, which a watch on the file would
 * not survive. Any Markdown there counts: it may be what a new agent lacks. Resolves once changes are seen.
 */
export async function watchConfig({ file, files, onChange, onError }: WatchOptions): Promise<ConfigWatch> {
  const directories = () => [
    ...new Set([dirname(file), join(dirname(file), 'agents'), ...files().map(dirname)]),
  ]
  const isPart = (path: string) => path === file || path.endsWith('.md') || files().includes(path)
  const watcher = watch(directories(), {
    ignoreInitial: true,
    depth: 0,
    ignored: (path, stats) => stats?.isFile() === true && !isPart(path),
  })
  const fault = (cause: unknown) => onError(cause instanceof Error ? cause : new Error(String(cause)))
  let waiting = new AbortController()
  let last: Promise<void> = Promise.resolve()
  watcher.on('all', (_, path) => {
    if (!isPart(path)) return
    waiting.abort()
    waiting = new AbortController()
    sleep(quietMs, waiting.signal).then(
      () => {
        last = last
          .then(onChange)
          .then(() => void watcher.add(directories()))
          .catch(fault)
      },
      () => {}, // a later change took its place
    )
  })
  watcher.on('error', fault)
  await new Promise<void>((resolve) => watcher.once('ready', resolve))
  return {
    close: async () => {
      waiting.abort()
      await watcher.close()
      await last
    },
  }
}
