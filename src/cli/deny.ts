import { approvalDocument } from '../runs/documents.js'
import { requireWaiting } from './approve.js'
import { addExamples, addJsonOption, type Declare, type Invocation, printDocument } from './command.js'
import { findId, withLedger } from './ledger.js'
import { personName } from './person.js'

interface Options {
  readonly reason?: string
  readonly by?: string
  readonly json?: boolean
}

export const declareDeny: Declare = (command, invocation) => {
  command
    .option('--reason <text>', 'told to the agent, and kept in the ledger')
    .option('--by <name>', 'who decides (default: the user of this terminal)')
  addJsonOption(command)
  addExamples(command, ['rouse deny apr_0193b6f1e4c27d0a --reason "the customer was called already"'])
  command.action((id: string, options: Options) => deny(invocation, id, options))
}

async function deny(invocation: Invocation, text: string, options: Options): Promise<void> {
  const { io } = invocation
  await withLedger(invocation, async (store) => {
    const id = await findId(store, text, ['apr'])
    const { digest, tool } = await requireWaiting(store, id, io.clock.now())
    const decision = { state: 'denied', by: personName(options.by), reason: options.reason, digest } as const
    const decided = await store.decide(id, decision, io.clock.now())
    if (options.json) printDocument(invocation, approvalDocument(decided))
    else
      io.out(`${io.style('red', 'denied')} ${tool} by ${decision.by}; nothing is sent, and the agent is told`)
  })
}
