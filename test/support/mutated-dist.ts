import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

const root = resolve(import.meta.dirname, '../..')

export interface Mutation {
  /** Inside `dist`, such as `store/sqlite/pragmas.js`. */
  readonly file: string
  /** Must stand there exactly once, so that a control cannot quietly be the original. */
  readonly find: string
  readonly replace: string
}

export interface MutatedDist {
  /** What to run instead of `dist/main.js`. */
  readonly main: string
  remove(): void
}

/** A copy of the build with a guarantee taken out: what a check must then find, and what it costs to have it. */
export function mutatedDist(mutations: readonly Mutation[]): MutatedDist {
  const directory = mkdtempSync(join(tmpdir(), 'rouse-dist-'))
  cpSync(join(root, 'dist'), join(directory, 'dist'), { recursive: true })
  cpSync(join(root, 'package.json'), join(directory, 'package.json'))
  symlinkSync(join(root, 'node_modules'), join(directory, 'node_modules'))
  for (const { file, find, replace } of mutations) {
    const path = join(directory, 'dist', file)
    const text = readFileSync(path, 'utf8')
    const count = text.split(find).length - 1
    if (count !== 1) {
      rmSync(directory, { recursive: true, force: true })
      throw new Error(`${file}: expected "${find}" exactly once, found it ${count} times`)
    }
    writeFileSync(
      path,
      text.replace(find, () => replace),
    )
  }
  return {
    main: join(directory, 'dist/main.js'),
    remove: () => rmSync(directory, { recursive: true, force: true }),
  }
}

/** Commits no longer wait for the disk. */
export const withoutFsync: Mutation = {
  file: 'store/sqlite/pragmas.js',
  find: "value: 'FULL', readsAs: 2",
  replace: "value: 'OFF', readsAs: 0",
}

/** As the library opens an existing file: the log is not written through at each commit. */
export const withNormalSync: Mutation = {
  file: 'store/sqlite/pragmas.js',
  find: "value: 'FULL', readsAs: 2",
  replace: "value: 'NORMAL', readsAs: 1",
}

/** Nothing is remembered of what came. */
export const withoutDedupe: Mutation = {
  file: 'store/sqlite/dedupe-keys.js',
  find: 'const keys = ownKeys(source, draft);',
  replace: 'const keys = ownKeys(source, draft); return [];',
}
