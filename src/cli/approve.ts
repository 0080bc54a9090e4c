import type { Approval } from '../domain/approval.js'
import { AppError } from '../domain/errors.js'
import { isFinal } from '../domain/run.js'
import { approvalDocument, toolCallDocument } from '../runs/documents.js'
import { requireHeld, requireSendable, resolveHeld as settleHeld } from '../runs/held.js'
import type { HeldResolution } from '../store/records.js'
import type { Store } from '../store/store.js'
import { faultPoint } from '../util/fault-point.js'
import { formatCard, formatWays, readCard } from './approval-card.js'
import { describeHeld } from './approvals.js'
import {
  addExamples,
  addJsonOption,
  type Declare,
  type Invocation,
  parseSpan,
  printDocument,
  usageError,
} from './command.js'
import { editAndWait } from './edit.js'
import { findId, withLedger } from './ledger.js'
import { confirm, personName } from './person.js'
import { plain } from './text.js'

interface Options {
  readonly set?: readonly string[]
  readonly wait?: number
  readonly yes?: boolean
  readonly digest?: string
  readonly reason?: string
  readonly by?: string
  readonly happened?: boolean
  readonly notHappened?: boolean
  readonly sendAgain?: boolean
  readonly json?: boolean
}

export const declareApprove: Declare = (command, invocation) => {
  command
    .option('--set <name=value>', 'change one of its arguments first; may be repeated', collect)
    .option('--wait <duration>', 'with --set: for the daemon to ask anew (default: 10s)', parseSpan)
    .option('--yes', 'do not ask; what is printed is what is approved')
    .option('--digest <digest>', 'approve only if this is still the digest; does not ask')
    .option('--reason <text>', 'kept in the ledger')
    .option('--by <name>', 'who decides (default: the user of this terminal)')
    .option('--happened', 'held write: it happened')
    .option('--not-happened', 'held write: it did not happen')
    .option('--send-again', 'held write: send the same bytes with the same key again')
  addJsonOption(command)
  addExamples(command, [
    'rouse approve apr_0193b6f1e4c27d0a',
    'rouse approve apr_0193b6f1e4c27d0a --digest 3f5a… --by alice',
    'rouse approve apr_0193b6f1e4c27d0a --set amount=1000',
    'rouse approve tcl_0193b6f1e4c27d0a --not-happened',
  ])
  command.action((id: string, options: Options) => approve(invocation, id, options))
}

function collect(written: string, before: readonly string[] = []): string[] {
  return [...before, written]
}

async function approve(invocation: Invocation, text: string, options: Options): Promise<void> {
  await withLedger(invocation, async (store) => {
    const id = await findId(store, text, ['apr', 'tcl'])
    const resolution = resolutionOf(options)
    if (id.startsWith('tcl_') && options.set !== undefined)
      throw usageError('--set is for approvals (apr_…), not for held writes')
    if (id.startsWith('tcl_')) await resolveHeld(invocation, store, id, resolution, options)
    else if (resolution !== undefined) {
      throw usageError(
        '--happened, --not-happened and --send-again are for held writes (tcl_…), not for approvals',
      )
    } else await decide(invocation, store, id, options)
  })
}

async function decide(invocation: Invocation, store: Store, id: string, options: Options): Promise<void> {
  const { io } = invocation
  const approval = await requireWaiting(store, id, io.clock.now())
  if (options.digest !== undefined && options.digest !== approval.digest) {
    const message = `${id} has another digest than --digest: what would be sent is not what you saw. Nothing was decided; see \`rouse approvals\``
    throw new AppError('store.conflict', message)
  }
  if (options.set === undefined) {
    await decideShown(invocation, store, approval, {
      ...options,
      yes: options.yes || options.digest !== undefined,
    })
    return
  }
  const anew = await editAndWait(invocation, store, approval, { ...options, set: options.set })
  if (anew === undefined) invocation.exitCode = 1
  else if (options.yes || (io.canAsk && !options.json)) await decideShown(invocation, store, anew, options)
  else {
    invocation.exitCode = 1
    if (options.json) printDocument(invocation, approvalDocument(anew))
    else
      io.out(
        `${formatCard(await readCard(store, anew, invocation), invocation)}${formatWays(anew, io.clock.now())}\n\nit is asked anew, and nothing was decided`,
      )
  }
}

/** Shows it, asks, and lets it through. */
async function decideShown(
  invocation: Invocation,
  store: Store,
  approval: Approval,
  options: Pick<Options, 'yes' | 'json' | 'by' | 'reason'>,
): Promise<void> {
  const { io } = invocation
  const { id, digest } = approval
  if (!options.json) io.out(formatCard(await readCard(store, approval, invocation), invocation))
  if (!(await confirm(invocation, 'Send exactly this request?', options.yes, options.json))) {
    throw new AppError('command.failed', 'nothing was decided')
  }
  faultPoint('K17')
  const decision = { state: 'approved', by: personName(options.by), reason: options.reason, digest } as const
  const decided = await store.decide(id, decision, io.clock.now())
  if (options.json) printDocument(invocation, approvalDocument(decided))
  else
    io.out(
      `\n${io.style('green', 'approved')} by ${plain(decided.decidedBy ?? '')}; the run goes on when the daemon runs`,
    )
}

/** The approval, if it can still be decided. */
export async function requireWaiting(store: Store, id: string, now: number): Promise<Approval> {
  const approval = await store.approval(id)
  if (!approval) throw new AppError('store.not_found', `there is no approval ${id} in this ledger`)
  if (approval.state !== 'waiting') {
    const by = approval.decidedBy === undefined ? '' : ` by ${approval.decidedBy}`
    throw new AppError('store.conflict', `${id} is ${approval.state}${by} already; nothing was decided`)
  }
  if (approval.expiresAt <= now) {
    throw new AppError(
      'approval.expired',
      `${id} has expired; nothing was decided. \`rouse replay\` runs the agent again`,
    )
  }
  return approval
}

type Resolution = HeldResolution['state']

function resolutionOf({ happened, notHappened, sendAgain }: Options): Resolution | undefined {
  const given: Resolution[] = []
  if (happened) given.push('confirmed')
  if (notHappened) given.push('rejected')
  if (sendAgain) given.push('send_again')
  if (given.length > 1) throw usageError('give only one of --happened, --not-happened, --send-again')
  return given[0]
}

const meanings: Readonly<Record<Resolution, string>> = {
  confirmed: 'The ledger will say that it happened. Nothing is sent, and its budget stays used.',
  rejected:
    'The ledger will say that it did not happen, and its budget is given back. If the agent makes the call again, it goes out under a new idempotency key.',
  send_again:
    'The same bytes go out again with the same idempotency key. If the service keeps no keys, it may happen twice.',
}

async function resolveHeld(
  invocation: Invocation,
  store: Store,
  id: string,
  resolution: Resolution | undefined,
  options: Options,
): Promise<void> {
  const { io } = invocation
  const { call, run } = await requireHeld(store, id)
  if (!options.json) io.out(await describeHeld(store, call, invocation))
  if (resolution === undefined)
    throw usageError(`say what became of ${id}: --happened, --not-happened or --send-again`)
  const isOver = run !== undefined && isFinal(run.state)
  requireSendable(id, resolution, run)
  if (!options.json) io.out(`\n${meanings[resolution]}`)
  if (!(await confirm(invocation, 'Is that so?', options.yes, options.json))) {
    throw new AppError('command.failed', 'nothing was changed')
  }
  const by = personName(options.by)
  const resolved = await settleHeld(store, id, { state: resolution, by }, io.clock.now())
  if (options.json) printDocument(invocation, toolCallDocument(resolved))
  else {
    const then = isOver ? `its run is ${run.state} and stays so` : 'the run goes on when the daemon runs'
    io.out(`${id} is ${resolved.state} now; ${then}`)
  }
}
