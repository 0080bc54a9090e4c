import { mkdir, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { didYouMean } from '../config/suggest.js'
import { isLocalName, parseBaseUrl } from '../config/urls.js'
import { addExamples, type Declare, failure, type Invocation, usageError } from './command.js'
import { type Purpose, purposes } from './init/agents.js'
import { type Choice, defaultModelUrl, filesOf } from './init/files.js'
import { type ChosenSource, chooseSource, commonKinds, offeredKinds, writtenByHand } from './init/sources.js'

interface Options {
  readonly source?: string
  readonly agent?: string
  readonly model?: string
  readonly yes?: boolean
}

export const declareInit: Declare = (command, invocation) => {
  command
    .option('--source <kind>', `where events come from: ${commonKinds.join(', ')}, or any other kind`)
    .option('--agent <purpose>', `what the agent is for: ${purposes.map(({ name }) => name).join(', ')}`)
    .option('--model <url>', `the endpoint of the model (default: ${defaultModelUrl})`)
    .option('-y, --yes', 'ask nothing: what no option says is as proposed; no file is overwritten')
  addExamples(command, ['rouse init', 'rouse init --source github --agent reader --yes'])
  command.action((options: Options) => init(invocation, options))
}

async function init(invocation: Invocation, options: Options): Promise<void> {
  const { io } = invocation
  const isAsking = options.yes !== true && io.canAsk
  if (!isAsking && options.yes !== true && (options.source === undefined || options.agent === undefined)) {
    throw usageError(
      'there is nobody to ask: this is no terminal. Give --source and --agent, or --yes for what is proposed',
    )
  }
  const ask = isAsking ? (question: string) => answer(invocation, question) : undefined
  const source = await sourceOf(options.source, invocation, ask)
  const purpose = await purposeOf(options.agent, invocation, ask)
  const model = await modelOf(options.model, invocation, ask)

  const configFile = invocation.configFile()
  const directory = dirname(configFile)
  const files = filesOf({ source, purpose, ...model }, basename(configFile))
  const there = await existing(directory, [...files.keys()])
  if (there.length > 0) {
    const names = there.join(', ')
    if (ask === undefined) throw failure(`${names} in ${directory} is there already; nothing was written`)
    const word = await ask(`${names} is there already. Overwrite it? [y/N] `)
    if (!/^y(es)?$/i.test(word)) throw failure('nothing was written')
  }
  for (const [name, text] of files) {
    const file = join(directory, name)
    await mkdir(dirname(file), { recursive: true })
    // `cp` gives .env the mode of .env.example, and secrets are typed into it.
    await writeFile(file, text, { mode: name.startsWith('.env') ? 0o600 : 0o666 })
    io.out(`wrote ${name}`)
  }
  io.out(`\n${nextSteps(source, invocation).join('\n')}`)
}

/** Undefined: nobody is asked, and everything is as proposed. */
type Ask = ((question: string) => Promise<string>) | undefined

async function answer({ io }: Invocation, question: string): Promise<string> {
  const said = await io.ask(question)
  if (said === undefined) throw failure('no answer; nothing was written')
  return said.trim()
}

/** Asks until the answer is one of those that there are. An empty one is the first. */
async function choose<Value>(
  { io }: Invocation,
  ask: Ask,
  title: string,
  choices: readonly { readonly name: string; readonly summary: string }[],
  find: (text: string) => Value | string,
): Promise<Value> {
  const [first] = choices
  const proposed = first?.name ?? ''
  const width = Math.max(...choices.map(({ name }) => name.length))
  if (ask) io.err(io.style('bold', title))
  for (const [at, { name, summary }] of choices.entries()) {
    if (ask) io.err(`  ${at + 1}  ${name.padEnd(width)}  ${summary}`.trimEnd())
  }
  for (;;) {
    const text = ask ? await ask(`Number or name [${proposed}]: `) : ''
    const number = /^\d+$/.test(text) ? choices[Number(text) - 1]?.name : undefined
    const found = find(number ?? (text === '' ? proposed : text))
    if (typeof found !== 'string') return found
    io.err(found)
  }
}

async function sourceOf(given: string | undefined, invocation: Invocation, ask: Ask): Promise<ChosenSource> {
  if (given !== undefined) {
    const found = findSource(given)
    if (typeof found === 'string') throw usageError(`--source: ${found}`)
    return found
  }
  const choices = commonKinds.map((name) => ({ name, summary: chooseSource(name)?.title ?? '' }))
  const title = `Where do events come from? (${offeredKinds.length} kinds can be named; docs/sources.md has them)`
  return choose(invocation, ask, title, choices, findSource)
}

function findSource(text: string): ChosenSource | string {
  const found = chooseSource(text)
  if (found !== undefined) return found
  const page = writtenByHand(text)
  if (page !== undefined) return `"${text}" needs more than a few answers; ${page} has an example to copy`
  return `there is no kind of source "${text}".${didYouMean(text, offeredKinds)} \`custom\` fits any that signs`
}

async function purposeOf(given: string | undefined, invocation: Invocation, ask: Ask): Promise<Purpose> {
  const find = (text: string) =>
    purposes.find(({ name }) => name === text) ??
    `there is no purpose "${text}"; expected ${purposes.map(({ name }) => name).join(', ')}`
  if (given === undefined) return choose(invocation, ask, 'What is the agent for?', purposes, find)
  const found = find(given)
  if (typeof found === 'string') throw usageError(`--agent: ${found}`)
  return found
}

async function modelOf(
  given: string | undefined,
  invocation: Invocation,
  ask: Ask,
): Promise<Pick<Choice, 'hasKey'> & { readonly model: string }> {
  if (given === undefined && ask) {
    invocation.io.err(invocation.io.style('bold', 'Which endpoint has the model? Its key is set later.'))
  }
  for (let text = given; ; text = undefined) {
    text ??= ask ? await ask(`URL [${defaultModelUrl}]: `) : ''
    try {
      const url = parseBaseUrl(text === '' ? defaultModelUrl : text)
      const isLocal = isLocalName(url.hostname)
      if (url.protocol === 'http:' && !isLocal)
        throw new Error('expected https: http is for private networks')
      return { model: url.href.replace(/\/+$/, ''), hasKey: !isLocal }
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause)
      if (given !== undefined) throw usageError(`--model: ${reason}`)
      invocation.io.err(reason)
    }
  }
}

async function existing(directory: string, names: readonly string[]): Promise<string[]> {
  const found = await Promise.all(
    names.map(async (name) => {
      const isThere = await stat(join(directory, name)).then(
        () => true,
        () => false,
      )
      return isThere ? [name] : []
    }),
  )
  return found.flat()
}

function nextSteps({ name, type }: ChosenSource, { io }: Invocation): string[] {
  // Who called it by npx has no `rouse` on the path.
  const rouse = io.environment['npm_lifecycle_event'] === 'npx' ? 'npx rouse' : 'rouse'
  const trial =
    type === undefined
      ? `${rouse} events`
      : `${rouse} trigger ${name} ${/^[\w.:/-]+$/.test(type) ? type : `'${type}'`}`
  const rows = [
    [`${rouse} dev`, 'runs it; makes up what is not set, and prints what happens'],
    [
      trial,
      type === undefined ? 'in another terminal: what has come' : 'in another terminal: a signed sample',
    ],
    ['cp .env.example .env', 'then the real secrets into it; it says how rouse gets them'],
    [`${rouse} check`, 'once they are set: what each agent may do, and the URL to register'],
  ]
  const width = Math.max(...rows.map(([command = '']) => command.length))
  return rows.map(([command = '', what]) => `  ${command.padEnd(width)}   # ${what}`)
}
