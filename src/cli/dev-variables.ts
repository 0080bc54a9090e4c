import { randomBytes } from 'node:crypto'
import { readFile, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { replaceFile } from '../admin/tokens.js'
import { documentLimits, readDocument } from '../config/document.js'
import { diskFiles } from '../config/read.js'
import type { Environment } from '../util/env.js'
import type { Invocation } from './command.js'
import { ledgerFile } from './ledger.js'

/** A variable that config.yaml needs and that is not set. */
export interface Missing {
  readonly name: string
  /** What it is for: the secret of a source, the endpoint or key of a model, or something else. */
  readonly use: 'source' | 'model_key' | 'model_url' | 'alert_secret' | 'alert_url' | 'other'
  /** The first place that needs it, `credentials.github.bearer`. */
  readonly path: string
}

/**
 * Variables that config.yaml cannot do without and that are not set, by what they are for. A model whose key is
 * among them also lists the variable of its address, so that the scripted model can stand in for it.
 */
export async function missingVariables(configFile: string, environment: Environment): Promise<Missing[]> {
  const { text } = await diskFiles.read(configFile, documentLimits.bytes)
  const document = await readDocument(text, { environment, readFile: async () => '' })
  const missing = new Map<string, Missing>()
  const isUnset = (name: string) => (environment[name] ?? '') === ''
  const written = [...document.places].flatMap(([key, { scalar }]) =>
    scalar === undefined ? [] : [{ path: key.split('\u0000'), variables: variablesIn(scalar.written) }],
  )
  for (const { path, variables } of written) {
    for (const { name, isNeeded } of variables) {
      if (isNeeded && isUnset(name) && !missing.has(name))
        missing.set(name, { name, use: useOf(path), path: path.join('.') })
    }
  }
  const keyless = written.filter(
    ({ path, variables }) =>
      path[0] === 'models' && path[2] === 'api_key' && variables.some(({ name }) => missing.has(name)),
  )
  for (const { path: keyPath } of keyless) {
    const url = written.find(
      ({ path }) => path[0] === 'models' && path[1] === keyPath[1] && path[2] === 'base_url',
    )
    for (const { name } of url?.variables ?? []) {
      if (isUnset(name)) missing.set(name, { name, use: 'model_url', path: `models.${keyPath[1]}.base_url` })
    }
  }
  return [...missing.values()]
}

function useOf(path: readonly string[]): Missing['use'] {
  if (path[0] === 'sources') return 'source'
  if (path[0] === 'alerts' && path[1] === 'to') return path[3] === 'secret' ? 'alert_secret' : 'alert_url'
  return path[0] === 'models' && path[2] === 'api_key' ? 'model_key' : 'other'
}

/** The variables of one scalar as it is written; needed are those without a default. */
function variablesIn(written: string): { name: string; isNeeded: boolean }[] {
  return [...written.matchAll(/\$\$|\$\{([A-Za-z_][A-Za-z0-9_]*)(:-|:\?)?[^}]*\}/g)].flatMap(
    ([, name, mark]) => (name === undefined ? [] : [{ name, isNeeded: mark !== ':-' }]),
  )
}

/** Values for what is missing: new ones at each call, of a form that every kind of source takes. */
export function madeUpValues(missing: readonly Missing[]): Record<string, string> {
  return Object.fromEntries(
    missing.map(({ name, use }) => {
      if (use === 'model_url') return [name, 'scripted:']
      // 64 hex digits are also valid text, hex and base64, whatever a kind of source wants its secret to be.
      const value = randomBytes(32).toString('hex')
      if (use === 'alert_url') return [name, `https://nowhere.invalid/${value}`]
      return [name, use === 'source' || use === 'alert_secret' ? value : `dev-${value.slice(0, 32)}`]
    }),
  )
}

/** Where `rouse dev` leaves what it made up, for commands in other terminals. Beside the ledger. */
async function variablesFile({ io, configFile }: Invocation): Promise<string> {
  return join(dirname(await ledgerFile(configFile(), io)), 'dev-secrets.json')
}

/** Writes the values for their owner only. Returns a function that removes them. */
export async function keepDevVariables(
  invocation: Invocation,
  values: Readonly<Record<string, string>>,
): Promise<() => Promise<void>> {
  const file = await variablesFile(invocation)
  await replaceFile(file, `${JSON.stringify({ variables: values }, null, 2)}\n`)
  return () => rm(file, { force: true })
}

/** The environment, with what a running `rouse dev` made up for variables that are not set here. */
export async function withDevVariables(invocation: Invocation): Promise<Environment> {
  const { environment } = invocation.io
  let text: string
  try {
    text = await readFile(await variablesFile(invocation), 'utf8')
  } catch {
    return environment
  }
  const variables = keptVariables(text)
  if (typeof variables !== 'object' || variables === null) return environment
  const made = Object.entries(variables).filter(
    ([name, value]) => typeof value === 'string' && (environment[name] ?? '') === '',
  )
  return { ...environment, ...Object.fromEntries(made) }
}

/** Undefined where it is no such file. What the parser would say of that quotes from it. */
function keptVariables(text: string): unknown {
  try {
    const { variables }: { variables?: unknown } = JSON.parse(text) ?? {}
    return variables
  } catch {
    return undefined
  }
}
