import { storeEngines } from '../store/registry.js'
import { addExamples, type Declare, type Invocation } from './command.js'
import { keepDevVariables, type Missing, madeUpValues, missingVariables } from './dev-variables.js'
import { followStories } from './follow.js'
import { declareLogLevel, formatBanner, logLevelOf, serve } from './serve.js'
import { formatFields } from './table.js'

interface Options {
  readonly logLevel?: string
}

export const declareDev: Declare = (command, invocation) => {
  declareLogLevel(command, 'warn')
  addExamples(command, ['rouse dev', 'rouse trigger ci workflow_run.completed   # in another terminal'])
  command.addHelpText(
    'after',
    `
Variables of config.yaml that are not set get made-up values, new at each start: sources get
secrets that \`rouse trigger\` signs with, a model without a key becomes the scripted model, and
tools get tokens that no real API takes. What was made up is printed.`,
  )
  command.action((options: Options) => dev(invocation, options))
}

async function dev(invocation: Invocation, options: Options): Promise<void> {
  const { io } = invocation
  const missing = await missingVariables(invocation.configFile(), io.environment).catch(() => [])
  const values = madeUpValues(missing)
  if (missing.length > 0) io.out(`${formatMadeUp(missing, invocation)}\n`)
  await serve(invocation, {
    environment: { ...io.environment, ...values },
    logLevel: logLevelOf(options.logLevel),
    defaultLevel: 'warn',
    async whileReady(daemon) {
      // Not before this one holds the ledger: another one's values would be overwritten.
      const forget = await keepDevVariables(invocation, values)
      io.out(`${formatBanner(daemon, invocation)}\n`)
      const end = await follow(invocation, daemon.config().store.file)
      return async () => {
        await end()
        await forget()
      }
    },
  })
}

const uses: Readonly<Record<Missing['use'], string>> = {
  source: 'a secret, for `rouse trigger` to sign with',
  model_url: 'the scripted model stands in',
  model_key: 'no real key',
  alert_secret: 'a secret, to sign alerts with',
  alert_url: 'alerts reach nobody there',
  other: 'no real value: what needs it will be refused',
}

export function formatMadeUp(missing: readonly Missing[], { io }: Pick<Invocation, 'io'>): string {
  const title = io.style(
    'yellow',
    'Not set, so made up for this start; real deliveries and real APIs need real ones:',
  )
  return `${title}\n${formatFields(
    missing.map(({ name, use, path }) => [name, `${uses[use]} (${path})`]),
    '  ',
  )}`
}

/** Prints what happens until it is told to end. Reads the ledger on a connection of its own, as a command beside the daemon does. */
async function follow(invocation: Invocation, file: string): Promise<() => Promise<void>> {
  const store = await storeEngines.sqlite({ file, exclusive: false })
  const ending = new AbortController()
  const following = await followStories(invocation, store, { signal: ending.signal })
  return async () => {
    ending.abort()
    await following.ended
    await store.close()
  }
}
