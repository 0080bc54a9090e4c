import type { Mutation } from '../mutated-dist.js'

/** A log that is written back and begun anew after a few commits, so that a short load does it often. */
export const withShortLog: readonly Mutation[] = [
  { file: 'store/sqlite/checkpoints.js', find: 'pagesToWrite = 1000;', replace: 'pagesToWrite = 40;' },
  { file: 'store/sqlite/checkpoints.js', find: 'pagesToRestart = 4000;', replace: 'pagesToRestart = 120;' },
]

/** The thread that writes the log back does not wait for the disk. */
export const withoutFsyncOfCheckpoints: Mutation = {
  file: 'store/sqlite/checkpoint-worker.js',
  find: 'applyPragmas(db, file);',
  replace: "applyPragmas(db, file); db.pragma('synchronous = OFF');",
}

/** Asks for NORMAL and looks for FULL, as if SQLite did not keep what it is told. */
export const withSettingThatDoesNotStick: Mutation = {
  file: 'store/sqlite/pragmas.js',
  find: "value: 'FULL', readsAs: 2",
  replace: "value: 'NORMAL', readsAs: 2",
}

/** What the log says is believed to be on the disk. */
export const withoutRewriteOfLog: Mutation = {
  file: 'store/sqlite/open.js',
  find: 'takeOverLog(db, file);',
  replace: '',
}

/** Waits for a lock so short a time that a test can. */
export const withShortBusyTimeout: Mutation = {
  file: 'store/sqlite/pragmas.js',
  find: "name: 'busy_timeout', value: '5000', readsAs: 5000",
  replace: "name: 'busy_timeout', value: '200', readsAs: 200",
}

/** A log that was long is cut to 64 KiB when it is begun anew, instead of 64 MiB. */
export const withSmallLogLimit: Mutation = {
  file: 'store/sqlite/pragmas.js',
  find: "value: '67108864', readsAs: 67108864",
  replace: "value: '65536', readsAs: 65536",
}

/** As if the library were of before the repair that rouse relies on. */
export const withNewerEngineNeeded: Mutation = {
  file: 'store/sqlite/open.js',
  find: "oldestEngine = '3.53.2'",
  replace: "oldestEngine = '99.0.0'",
}
