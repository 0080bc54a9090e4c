import { InvalidArgumentError } from 'commander'
import type { Run } from '../domain/run.js'
import { type Done, resultDocument } from '../runs/replay-document.js'
import { type LeftOut, leftOutAsChanged, makeReplay, type Planned } from '../runs/replay-plan.js'
import type { Store } from '../store/store.js'
import { sleep } from '../util/clock.js'
import { formatDuration, parseRate } from '../util/duration.js'
import {
  addExamples,
  addJsonOption,
  type Declare,
  failure,
  type Invocation,
  printDocument,
} from './command.js'
import { withLedger } from './ledger.js'
import { confirm } from './person.js'
import { type Choice, makePlan, requireOneChoice } from './replay-choice.js'
import { formatPlan, sayNothing } from './replay-text.js'
import { count, plain } from './text.js'

interface Options extends Choice {
  readonly rate?: Rate
  readonly dryRun?: boolean
  readonly yes?: boolean
  readonly json?: boolean
}

type Rate = NonNullable<ReturnType<typeof parseRate>>

export const declareReplay: Declare = (command, invocation) => {
  command
    .option('--agent <name>', 'this agent only; default: the agents that the event woke')
    .option('--since <time>', 'all events of the last 2h, 7d, … or since an ISO 8601 time')
    .option('--until <time>', 'with --since: up to this long ago, or this time')
    .option('--source <name>', 'with --since: of this source')
    .option('--type <type>', 'with --since: of this type, as the source names it')
    .option('--failed', 'only where the agent’s last run is dead; cancelled ones are not')
    .option('--if-no-runs', 'only agents of today’s configuration that would be woken and have no run of it')
    .option('--replayed-before <time>', 'of several events also those whose last replay is older than this')
    .option('--even-if-held', 'also where what an earlier write did is not known: it may be made twice')
    .option('--rate <rate>', 'make runs at this pace, 10/s, 30/m; default 10/s for more than 20', parsePace)
    .option('--dry-run', 'print what would be run, and stop')
    .option('--yes', 'do not ask')
  addJsonOption(command)
  addExamples(command, [
    'rouse replay evt_0193b6f1e4c27d0a --dry-run',
    'rouse replay evt_0193b6f1e4c27d0a --agent ci-doctor',
    'rouse replay --since 12h --failed --dry-run',
    'rouse replay --since 7d --agent triage --if-no-runs --rate 2/s',
  ])
  command.action((ids: string[], options: Options) => replay(invocation, ids, options))
}

const manyRuns = 20
const paceOfMany: Rate = { count: 10, perMs: 1000 }

function parsePace(text: string): Rate {
  const rate = parseRate(text)
  if (rate !== undefined && rate.count > 0) return rate
  throw new InvalidArgumentError('Expected a rate such as 10/s or 30/m.')
}

function sayPace({ count: amount, perMs }: Rate, runs: number): string {
  const whole = formatDuration(((runs - 1) * perMs) / amount)
  return `, ${amount} in ${formatDuration(perMs)}, which takes ${whole}; Ctrl-C stops it`
}

async function replay(invocation: Invocation, ids: readonly string[], options: Options): Promise<void> {
  requireOneChoice(ids, options)
  const { io } = invocation
  await withLedger(invocation, async (store) => {
    const plan = await makePlan(invocation, store, ids, options)
    const { planned, leftOut } = plan
    if (!options.json) io.out(formatPlan(plan))
    const isAsked = planned.length > 0 && !options.dryRun
    const pace = options.rate ?? (planned.length > manyRuns ? paceOfMany : undefined)
    const question = `Make ${count(planned.length, 'new run')}${pace === undefined ? '' : sayPace(pace, planned.length)}?`
    if (isAsked && !(await confirm(invocation, question, options.yes, options.json))) {
      throw failure('nothing was replayed')
    }
    const done = isAsked ? await makeRuns(invocation, store, planned, pace, options.json) : nothingDone
    if (options.json) printDocument(invocation, resultDocument(plan, done))
    else if (done.changed.length > 0) io.out(formatPlan({ planned: [], leftOut: done.changed }))
    const isRefused = planned.length === 0 && leftOut.length > 0 && ids.length > 0 && !options.dryRun
    const problem = isRefused
      ? `nothing was replayed: ${sayNothing(leftOut)}`
      : sayStopped(done, planned.length, ids.length !== 1)
    if (problem === undefined) return
    if (!options.json) throw failure(problem)
    // The document is the answer already.
    io.err(`rouse: ${problem}`)
    invocation.exitCode = 1
  })
}

const nothingDone: Done = { runs: [], changed: [], stoppedBy: undefined }

function sayStopped({ runs, stoppedBy }: Done, planned: number, isBulk: boolean): string | undefined {
  if (stoppedBy === undefined) return undefined
  const rest = isBulk ? 'The same command makes the rest, and none a second time' : 'See the plan again'
  return `stopped by ${stoppedBy}: ${runs.length} of ${count(planned, 'run was', 'runs were')} made. ${rest}`
}

/** Makes the runs one after the other at their pace, until all are made or somebody stops it. */
async function makeRuns(
  { io }: Invocation,
  store: Store,
  planned: readonly Planned[],
  pace: Rate | undefined,
  json: boolean | undefined,
): Promise<Done> {
  const stop = new AbortController()
  let stoppedBy: string | undefined
  const undo = io.onStop((signal) => {
    stoppedBy ??= signal
    stop.abort()
  })
  const runs: Run[] = []
  const changed: LeftOut[] = []
  if (!json) io.out('')
  try {
    for (const one of planned) {
      if (runs.length > 0 && pace) await sleep(pace.perMs / pace.count, stop.signal).catch(() => undefined)
      if (stop.signal.aborted) break
      const run = await makeReplay(store, one, io.clock.now())
      if (run === undefined) {
        changed.push(leftOutAsChanged(one))
        continue
      }
      runs.push(run)
      if (!json) io.out(`${run.id}  ${plain(run.agent)}, replay ${run.replay} of ${run.eventId}`)
    }
  } catch (error) {
    io.err(`${runs.length} of ${count(planned.length, 'run was', 'runs were')} made`)
    throw error
  } finally {
    undo()
  }
  return { runs, changed, stoppedBy: runs.length + changed.length < planned.length ? stoppedBy : undefined }
}
