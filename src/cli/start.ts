import { addExamples, type Declare, type Invocation, oneOf } from './command.js'
import { formatBanner, logLevels, serve } from './serve.js'

interface Options {
  readonly logLevel: string
  readonly restored?: boolean
}

export const declareStart: Declare = (command, invocation) => {
  command.option('--log-level <level>', logLevels.join(', '), 'info')
  command.option('--restored', 'the ledger is a backup, and is to go on from there')
  addExamples(command, ['rouse start', 'rouse start -c /etc/rouse/config.yaml --log-level warn'])
  command.action((options: Options) => start(invocation, options))
}

async function start(invocation: Invocation, options: Options): Promise<void> {
  const { io } = invocation
  await serve(invocation, {
    environment: io.environment,
    isRestoreAccepted: options.restored === true,
    logLevel: oneOf('--log-level', options.logLevel, logLevels),
    async whileReady(daemon) {
      if (io.isTerminal) io.out(formatBanner(daemon, invocation))
      return async () => undefined
    },
  })
}
