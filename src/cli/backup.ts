import type { JsonObject } from '../util/json.js'
import { addExamples, addJsonOption, type Declare, type Invocation, printDocument } from './command.js'
import { withLedger } from './ledger.js'
import { count } from './text.js'

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
  const taken = await withLedger(invocation, (store) => store.backup(target, io.clock.now()))
  if (options.json) {
    const document: JsonObject = {
      file: taken.file,
      taken_at: taken.takenAt,
      size_bytes: taken.sizeBytes,
      schema_version: taken.schemaVersion,
      events: taken.events,
      unfinished_runs: taken.unfinishedRuns,
    }
    printDocument(invocation, document)
    return
  }
  const size = `${(taken.sizeBytes / 1024 ** 2).toFixed(1)} MB`
  io.out(`${taken.file}: ${size}, ${count(taken.events, 'event')}, checked and on the disk`)
  io.out(
    `${count(taken.unfinishedRuns, 'run')} unfinished in it. To go on from it: \`rouse start --restored\``,
  )
}
