import { cancelReason } from '../runs/cancel.js'
import { runDocument } from '../runs/documents.js'
import { isUnclear } from '../runs/replay-plan.js'
import { addExamples, addJsonOption, type Declare, type Invocation, printDocument } from './command.js'
import { findId, withLedger } from './ledger.js'
import { personName } from './person.js'
import { requireJournal } from './run.js'
import { plain } from './text.js'

interface Options {
  readonly reason?: string
  readonly by?: string
  readonly json?: boolean
}

export const declareCancel: Declare = (command, invocation) => {
  command
    .option('--reason <text>', 'kept in the ledger')
    .option('--by <name>', 'who decides (default: the user of this terminal)')
  addJsonOption(command)
  addExamples(command, ['rouse cancel run_0193b6f1e4c27d0a --reason "handled by hand"'])
  command.action((id: string, options: Options) => cancel(invocation, id, options))
}

async function cancel(invocation: Invocation, text: string, options: Options): Promise<void> {
  const { io } = invocation
  await withLedger(invocation, async (store) => {
    const id = await findId(store, text, ['run'])
    await requireJournal(store, id)
    const by = personName(options.by)
    await store.cancelRun(id, cancelReason(by, options.reason), io.clock.now())
    const { run, calls } = await store.journal(id)
    if (options.json) {
      printDocument(invocation, runDocument(run))
      return
    }
    io.out(`${run.id} is ${run.state}; what it has sent already stays as it is, and it sends nothing more`)
    for (const { id: callId, tool, state } of calls) {
      if (!isUnclear({ state })) continue
      io.out(
        `${plain(tool)} may have happened (${state}): rouse approve ${callId} --happened, or --not-happened`,
      )
    }
  })
}
