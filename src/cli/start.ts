import { addExamples, type Declare, type Invocation } from './command.js'
import { declareLogLevel, formatBanner, logLevelOf, serve } from './serve.js'

interface Options {
  readonly logLevel?: string
  readonly restored?: boolean
}

export const declareStart: Declare = (command, invocation) => {
  declareLogLevel(command, 'info')
  command.option('--restored', 'the ledger is a backup, and is to go on from there')
  addExamples(command, ['rouse start', 'rouse start -c /etc/rouse/config.yaml --log-level warn'])
  command.action((options: Options) => start(invocation, options))
}

async function start(invocation: Invocation, options: Options): Promise<void> {
  const { io } = invocation
  await serve(invocation, {
    environment: io.environment,
    isRestoreAccepted: options.restored === true,
    logLevel: logLevelOf(options.logLevel),
    defaultLevel: 'info',
    async whileReady(daemon) {
      if (io.isTerminal) io.out(formatBanner(daemon, invocation))
      return async () => undefined
    },
  })
}
