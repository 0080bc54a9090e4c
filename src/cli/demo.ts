import type { Command } from 'commander'
import { toAppError } from '../domain/errors.js'
import { formatDuration } from '../util/duration.js'
import { addExamples, type Invocation } from './command.js'
import { playActs } from './demo/acts.js'
import { Narrator } from './demo/narrator.js'
import { onStage, type Stage } from './demo/stage.js'
import { stayOn } from './demo/stay.js'
import { faultsOf, type Summary, summarize } from './demo/summary.js'
import type { Io } from './io.js'
import { count } from './text.js'

export interface DemoOptions {
  readonly io: Io
  /** Leaves the ledger, the daemon's log and the script where they are. */
  readonly keep?: boolean
  /** Starts the daemon once more, with the dashboard, and stays until a person stops it. */
  readonly stay?: boolean
}

export const declareDemo = (command: Command, invocation: Invocation): void => {
  command.option('--keep', 'keep the ledger and the log, and say where they are')
  command.option('--stay', 'go on with the dashboard, and three more deliveries that need a person')
  addExamples(command, ['rouse demo', 'rouse demo --stay', 'rouse demo --keep'])
  command.action(async ({ keep = false, stay = false }: { keep?: boolean; stay?: boolean }) => {
    invocation.exitCode = await runDemo({ io: invocation.io, keep, stay })
  })
}

const interrupted = 130

/**
 * Runs the shipped config.yaml against local APIs, with a daemon of its own that is killed once, and tells what
 * happened. Resolves to 0 when nothing was lost or doubled and only the forged delivery was refused, else 1;
 * 130 when a person stopped it before that; with `stay` it goes on until they do. Leaves no process and, without `keep`, no file.
 */
export async function runDemo({ io, keep = false, stay = false }: DemoOptions): Promise<number> {
  const stopping = new AbortController()
  const undoStop = io.onStop(() => stopping.abort(new Error('stopped')))
  const beganAt = io.clock.monotonic()
  try {
    return await onStage({ io, signal: stopping.signal, keep, stay }, async (stage) => {
      const narrator = new Narrator(io)
      introduce(stage, narrator)
      await playActs(stage, narrator)
      const summary = await takeStock(stage)
      const tookMs = io.clock.monotonic() - beganAt
      const faults = faultsOf(summary, !stage.hasRealModel)
      conclude(summary, faults, narrator, tookMs)
      if (keep)
        narrator.plain(`Kept. Look inside: ROUSE_STORE=sqlite:${stage.directory}/rouse.db rouse events`)
      const code = faults.length === 0 ? 0 : 1
      if (stay) await stayOn(stage, narrator)
      return code
    })
  } catch (error) {
    if (stopping.signal.aborted) {
      io.err('Stopped. Nothing is left running.')
      return interrupted
    }
    io.err(`The demo could not be played to its end: ${toAppError(error).message}`)
    return 1
  } finally {
    undoStop()
  }
}

function introduce({ apis, daemon, hasRealModel, directory, address }: Stage, narrator: Narrator): void {
  const model = hasRealModel ? 'the model that your key is for' : 'a scripted model, no key'
  narrator.title(
    'rouse demo',
    `config.yaml as it is, on this machine: local APIs, ${model}. What happens inside is read from the ledger, not from a log.`,
  )
  const { pid, readyAfterMs } = daemon()
  const ready = formatDuration(readyAfterMs)
  narrator.line('daemon', `rouse start, pid ${pid}, on ${address}, takes deliveries after ${ready}`)
  narrator.line('ledger', `${directory}/rouse.db`)
  narrator.line(
    'APIs',
    Object.values(apis)
      .map(({ name, origin }) => `${name} ${origin.slice('http://127.0.0.1'.length)}`)
      .join(', '),
  )
}

/** Ends the daemon as an operator would, so that all it knows is on the disk, and compares. */
async function takeStock(stage: Stage): Promise<Summary> {
  const { apis, sender, store, clock } = stage
  await stage.daemon().stop()
  const effects = Object.values(apis).flatMap((api) => api.effects)
  return summarize({ sent: sender.deliveries, changes: apis.crm.changes, effects, store, now: clock.now() })
}

function conclude(summary: Summary, faults: readonly string[], narrator: Narrator, tookMs: number): void {
  const { recordedByPoll, deniedCalls, lost, doubled } = summary
  const polled = recordedByPoll === 0 ? '' : `, ${recordedByPoll} of them by a poll`
  const line = (name: string, amount: number, text: string, expected?: number) => {
    const tone = expected === undefined ? 'plain' : amount === expected ? 'good' : 'bad'
    narrator.line(name, `${String(amount).padStart(2)}  ${text}`.trimEnd(), tone)
  }
  narrator.act('In the end: what the senders saw, what the APIs did, what the ledger says')
  line('delivered', summary.delivered, 'answered with 2xx, as the senders saw it')
  line('recorded', summary.recorded, `events in the ledger${polled}`)
  line('duplicate', summary.duplicates, 'recognized', 1)
  line('ran', summary.runs.length, `runs, with ${count(deniedCalls.length, 'call')} denied`)
  line('did', summary.effects, 'changes at the APIs, as they counted them')
  line('lost', lost.length, 'deliveries, changes, runs or writes', 0)
  line('doubled', doubled.length, 'events or writes', 0)
  line('refused', summary.refused, `the forged one (${summary.refusedFor.join(', ')})`, 1)
  narrator.plain()
  for (const fault of faults) narrator.line('wrong', fault, 'bad')
  if (faults.length === 0) narrator.plain(`All as it should be, in ${formatDuration(tookMs)}.`)
}
