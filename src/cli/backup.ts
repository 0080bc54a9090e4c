import { resolve } from 'node:path'
import { isoTime } from '../util/clock.js'
import type { JsonObject } from '../util/json.js'
import { addExamples, addJsonOption, type Declare, type Invocation, printDocument } from './command.js'
import { withLedger } from './ledger.js'
import { count, formatBytes, plain } from './text.js'

interface Options {
  readonly json?: boolean
}

export const declareBackup: Declare = (command, invocation) => {
  addJsonOption(command)
  addExamples(command, ['rouse backup /backups/rouse-2026-11-21.db'])
  command.action((target: string, options: Options) => backup(invocation, target, options))
}

async function backup(invocation: Invocation, target: string, options: Options): Promise<void> {
  const { io } = invocation
  const taken = await withLedger(invocation, (store) =>
    store.backup(resolve(io.directory, target), io.clock.now()),
  )
  if (options.json) {
    const document: JsonObject = {
      file: taken.file,
      taken_at: isoTime(taken.takenAt),
      size_bytes: taken.sizeBytes,
      schema_version: taken.schemaVersion,
      events: taken.events,
      unfinished_runs: taken.unfinishedRuns,
    }
    printDocument(invocation, document)
    return
  }
  io.out(
    `${plain(taken.file)}: ${formatBytes(taken.sizeBytes)}, ${count(taken.events, 'event')}, ${count(taken.unfinishedRuns, 'unfinished run')}; checked and on the disk`,
  )
  io.out(
    'To go on from it one day: stop the daemon, put it in the place of the ledger, `rouse start --restored`',
  )
}
