import { addExamples, type Declare, type Invocation, oneOf } from './command.js'
import { formatBanner, logLevels, serve } from './serve.js'

interface Options {
  readonly logLevel: string
}

export const declareStart: Declare = (command, invocation) => {
  command.option('--log-level <level>', logLevels.join(', '), 'info')
  addExamples(command, ['rouse start', 'rouse start -c /etc/rouse/config.yaml --log-level warn'])
  command.action((options: Options) => start(invocation, options))
}

async function start(invocation: Invocation, options: Options): Promise<void> {
  const { io } = invocation
  await serve(invocation, {
    environment: io.environment,
    logLevel: oneOf('--log-level', options.logLevel, logLevels),
    async whileReady(daemon) {
      if (io.isTerminal) io.out(formatBanner(daemon, invocation))
      return async () => undefined
    },
  })
}
