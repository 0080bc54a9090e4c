import { resolve } from 'node:path'
import { Command, CommanderError } from 'commander'
import { ConfigError, toAppError } from '../domain/errors.js'
import { packageVersion } from '../util/version.js'
import type { Declare, Invocation } from './command.js'
import { createHidden, hideConfigured, withHidden } from './hidden.js'
import { type Io, processIo } from './io.js'
import { shownFrom } from './shown-from.js'

/** A command as the help lists it. The rest is loaded when it is called, so that the others cost nothing. */
interface Listed {
  readonly signature: string
  readonly summary: string
  readonly load: () => Promise<Declare>
}

const groups: readonly { readonly title: string; readonly commands: readonly Listed[] }[] = [
  {
    title: 'Run it:',
    commands: [
      {
        signature: 'init',
        summary: 'three questions, then config.yaml, an agent and .env.example in this directory',
        load: async () => (await import('./init.js')).declareInit,
      },
      {
        signature: 'check',
        summary: 'load config.yaml; print sources with the URLs to register, agents, and what each may do',
        load: async () => (await import('./check.js')).declareCheck,
      },
      {
        signature: 'start',
        summary: 'the daemon, until SIGTERM or Ctrl-C',
        load: async () => (await import('./start.js')).declareStart,
      },
      {
        signature: 'dev',
        summary: 'the daemon with everything that happens on the screen; needs no secrets and no key',
        load: async () => (await import('./dev.js')).declareDev,
      },
      {
        signature: 'demo',
        summary: 'the whole path on this machine, without any key: deliveries, agents, approval, kill -9',
        load: async () => (await import('./demo.js')).declareDemo,
      },
      {
        signature: 'trigger <source> <type>',
        summary: 'sign a sample delivery with the configured secret and send it to the daemon',
        load: async () => (await import('./trigger.js')).declareTrigger,
      },
      {
        signature: 'verify <file>',
        summary: 'why a captured request does or does not verify, step by step',
        load: async () => (await import('./verify.js')).declareVerify,
      },
      {
        signature: 'doctor',
        summary: 'the machine, the ledger, the clock, the sources: what is wrong and what to do',
        load: async () => (await import('./doctor.js')).declareDoctor,
      },
      {
        signature: 'token',
        summary: 'make a token for the admin listener and print the link that opens it',
        load: async () => (await import('./token.js')).declareToken,
      },
      {
        signature: 'backup <file>',
        summary: 'copy the ledger to a new file, beside a daemon that goes on',
        load: async () => (await import('./backup.js')).declareBackup,
      },
    ],
  },
  {
    title: 'See what happened:',
    commands: [
      {
        signature: 'events',
        summary: 'list events, newest first',
        load: async () => (await import('./events.js')).declareEvents,
      },
      {
        signature: 'event <id>',
        summary: 'show an event: its data, ids, agents, runs',
        load: async () => (await import('./event.js')).declareEvent,
      },
      {
        signature: 'runs',
        summary: 'list runs, newest first',
        load: async () => (await import('./runs.js')).declareRuns,
      },
      {
        signature: 'run <id>',
        summary: 'show a run: turns, tool calls, tokens, cost',
        load: async () => (await import('./run.js')).declareRun,
      },
      {
        signature: 'explain <id>',
        summary: 'the whole story of a delivery, an event or a run',
        load: async () => (await import('./explain.js')).declareExplain,
      },
      {
        signature: 'tail',
        summary: 'what happens, as it happens',
        load: async () => (await import('./tail-command.js')).declareTail,
      },
      {
        signature: 'shadow',
        summary: 'writes that were recorded and not sent, beside what then happened',
        load: async () => (await import('./shadow.js')).declareShadow,
      },
    ],
  },
  {
    title: 'Decide:',
    commands: [
      {
        signature: 'approvals',
        summary: 'what waits for a person, with the exact request that would be sent',
        load: async () => (await import('./approvals.js')).declareApprovals,
      },
      {
        signature: 'approve <id>',
        summary: 'let one exact tool call through, or say what became of a held write',
        load: async () => (await import('./approve.js')).declareApprove,
      },
      {
        signature: 'deny <id>',
        summary: 'refuse a tool call; the agent is told, and why',
        load: async () => (await import('./deny.js')).declareDeny,
      },
      {
        signature: 'replay [event...]',
        summary: 'run agents on recorded events again, on purpose',
        load: async () => (await import('./replay.js')).declareReplay,
      },
      {
        signature: 'cancel <run>',
        summary: 'end a run that is queued, parked or failed',
        load: async () => (await import('./cancel.js')).declareCancel,
      },
    ],
  },
]

const about = `rouse: verified webhooks wake agents that act through declared API calls.

Everything from the first byte to the outcome stands in one ledger. These commands read it,
also while the daemon runs, and also when the rest of config.yaml is wrong.`

const closing = `
Ids may be shortened to what the tables show. Exit codes: 0 done, 1 failed, 2 usage,
78 configuration.

Examples:
  $ rouse demo
  $ rouse check
  $ rouse dev
  $ rouse explain evt_0193b6f1e4c27d0a`

/** The program with all its commands; each declares its options just before it is parsed. */
export function createProgram(invocation: Invocation): Command {
  const { io } = invocation
  const program = new Command('rouse')
  program
    .description(about)
    .version(packageVersion(), '-V, --version', 'print the version')
    .option('-c, --config <file>', 'the configuration (default: $ROUSE_CONFIG, else config.yaml)')
    .helpOption('-h, --help', 'print this, or a command’s own help')
    .helpCommand(false)
    .configureHelp({ showGlobalOptions: true, helpWidth: io.width })
    .configureOutput({
      writeOut: (text) => io.out(text.trimEnd()),
      writeErr: (text) => io.err(text.trimEnd()),
      getOutHelpWidth: () => io.width,
      getErrHelpWidth: () => io.width,
    })
    .showHelpAfterError('See `rouse --help`, or `rouse <command> --help`.')
    .exitOverride()
    .addHelpText('after', closing)
  for (const { title, commands } of groups) {
    for (const { signature, summary, load } of commands) {
      const command = program.command(signature).description(summary).helpGroup(title)
      command.allowExcessArguments(false)
      loaders.set(command, load)
    }
  }
  program.hook('preSubcommand', async (_program, command) => {
    // Before the command's own options are parsed, which may already say something.
    await hideConfigured(invocation.hidden, invocation.configFile(), io)
    await declareOptions(command, invocation)
  })
  return program
}

const loaders = new WeakMap<Command, Listed['load']>()

/** What is otherwise done just before a command is parsed. */
export async function declareOptions(command: Command, invocation: Invocation): Promise<void> {
  const declare = await loaders.get(command)?.()
  declare?.(command, invocation)
}

/** Runs one command line (without node and script). Resolves to the exit code; never rejects. */
export async function runCli(argv: readonly string[], bare: Io = processIo()): Promise<number> {
  const hidden = createHidden()
  const io = withHidden(bare, hidden)
  const invocation: Invocation = {
    io,
    hidden,
    exitCode: 0,
    configFile: () => {
      const given = program.opts<{ config?: string }>().config ?? io.environment['ROUSE_CONFIG']
      return resolve(io.directory, given === undefined || given === '' ? 'config.yaml' : given)
    },
  }
  const program = createProgram(invocation)
  try {
    const [first, ...rest] = argv
    await program.parseAsync(first === 'help' ? [...rest.slice(0, 1), '--help'] : [...argv], { from: 'user' })
    return invocation.exitCode
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exitCodes.usage
    return report(error, invocation, argv.includes('--json'))
  }
}

const exitCodes = { failed: 1, usage: 2, configuration: 78 } as const

/** Says what failed in words; with `--json` also as a document on standard output. */
async function report(cause: unknown, invocation: Invocation, isJson: boolean): Promise<number> {
  const { io } = invocation
  const error = toAppError(cause)
  const { formatProblems } = await import('../config/problems.js')
  const { plain, plainBlock } = await import('./text.js')
  const { hintFor } = await import('./hint.js')
  const problems = error instanceof ConfigError ? error.problems.map((problem) => shownFrom(problem, io)) : []
  io.err(`rouse: ${plain(error.message)}`)
  if (problems.length > 0) io.err(formatProblems(problems).split('\n').map(plain).join('\n'))
  const hint = hintFor(problems, invocation.configFile())
  if (hint !== undefined) io.err(hint)
  if (error.code === 'command.usage') io.err('See `rouse --help`, or `rouse <command> --help`.')
  if (error.code === 'internal.unexpected' && cause instanceof Error) io.err(plainBlock(cause.stack ?? ''))
  if (isJson) {
    const { printDocument } = await import('./command.js')
    const { problemDocument } = await import('./document.js')
    printDocument(invocation, {
      error: { code: error.code, message: error.message, problems: problems.map(problemDocument) },
    })
  }
  if (error.code === 'command.usage') return exitCodes.usage
  return error instanceof ConfigError ? exitCodes.configuration : exitCodes.failed
}
