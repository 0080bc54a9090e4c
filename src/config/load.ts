import { isAbsolute, resolve } from 'node:path'
import type { Agent } from '../domain/agent.js'
import { ConfigError, type ConfigProblem } from '../domain/errors.js'
import type { Environment } from '../util/env.js'
import { sha256 } from '../util/signature.js'
import { type AgentDraft, loadAgents } from './agents.js'
import { alertSecrets, loadAlerts } from './alerts.js'
import type { Config, ConfigSnapshot, SourceSchema } from './config.js'
import { type LoadContext, parseEntry, type Section } from './context.js'
import { crossCheck, type LoadedSections, secretValues } from './cross-check.js'
import { documentLimits, readDocument } from './document.js'
import { followHandedSecrets, handedSecretFiles } from './handed-secrets.js'
import { Problems } from './problems.js'
import { type ConfigFiles, diskFiles, readInstructions, readSecretFile } from './read.js'
import { shellSchema } from './schema.js'
import { loadCredentials, loadLog, loadModels, loadServer, loadStore } from './settings.js'
import { loadSources } from './sources.js'
import { loadTools } from './tools.js'
import { loadTracing, tracingSecrets } from './tracing.js'

export interface LoadOptions {
  readonly environment: Environment
  readonly kinds: readonly SourceSchema[]
  /** Where files are read from; the disk unless stated. */
  readonly files?: ConfigFiles
}

/**
 * Loads the file and everything that it names. Throws a ConfigError with every problem at once, in the order
 * of the file; what comes back is whole.
 */
export async function loadConfig(options: LoadOptions & { readonly file: string }): Promise<Config> {
  const { files = diskFiles } = options
  const file = resolve(options.file)
  const { text } = await files.read(file, documentLimits.bytes).catch((cause: unknown) => {
    const reason = cause instanceof Error ? cause.message.replaceAll(file, options.file) : String(cause)
    throw failure(options.file, [{ file: options.file, line: 1, column: 1, path: '', message: reason }])
  })
  return load(options, {
    file,
    shownFile: options.file,
    text,
    instructions: (path) => readInstructions(file, path, files),
  })
}

/**
 * Loads what a run began with: text and instructions from the snapshot, values of `${…}` from today's
 * environment. Throws a ConfigError when it does not load any more.
 */
export async function loadSnapshot(snapshot: ConfigSnapshot, options: LoadOptions): Promise<Config> {
  return load(options, {
    file: snapshot.file,
    shownFile: snapshot.file,
    isFormer: true,
    text: snapshot.text,
    instructions: async (path) => {
      const text = Object.hasOwn(snapshot.instructions, path) ? snapshot.instructions[path] : undefined
      if (text === undefined) throw new Error(`${path} is not among the instructions that were kept`)
      return text
    },
  })
}

interface Origin {
  /** Absolute. */
  readonly file: string
  readonly shownFile: string
  /** That of a run which began with it. */
  readonly isFormer?: boolean
  readonly text: string
  instructions(path: string): Promise<string>
}

async function load({ environment, files = diskFiles, kinds }: LoadOptions, origin: Origin): Promise<Config> {
  const fileWarnings: string[] = []
  const secretFiles = new Set<string>()
  const document = await readDocument(origin.text, {
    environment,
    readFile: (path) => {
      secretFiles.add(path)
      return readSecretFile(path, files, (message) => fileWarnings.push(message))
    },
  })
  const problems = new Problems(origin.shownFile, document)
  const context: LoadContext = { document, problems }
  if (document.value === undefined) throw failure(origin.shownFile, problems.errors)

  parseEntry(shellSchema, [], context)
  const server = loadServer(context)
  const store = loadStore(origin.file, context)
  const models = loadModels(context)
  const credentials = loadCredentials(context)
  const sources = loadSources(kinds, context)
  const tools = loadTools(context)
  const drafts = loadAgents({ sources, tools, models }, context)
  const alerts = loadAlerts(sources.names, context)
  const log = loadLog(context)
  // What an earlier start had is not asked for again: who no longer wants traces may take the packages away.
  const tracing = origin.isFormer ? undefined : loadTracing(context)
  const sections: LoadedSections = { models, credentials, sources, tools, agents: drafts }
  crossCheck(sections, context)
  const instructions: Record<string, string> = {}
  const agents = await readAllInstructions(drafts, origin, instructions, context)
  for (const message of new Set(fileWarnings)) problems.warn([], message)

  if (problems.errors.length > 0 || server === undefined || store === undefined) {
    throw failure(origin.shownFile, problems.sorted(problems.errors))
  }
  const secretsNow = withHanded(
    [...secretValues(sections, context), ...alertSecrets(alerts), ...tracingSecrets(tracing, context)],
    followHandedSecrets(handedSecretFiles(document, origin.file)),
  )
  const snapshot: ConfigSnapshot = { file: origin.file, text: origin.text, instructions }
  return {
    file: origin.file,
    digest: digestOf(snapshot),
    snapshot,
    server,
    store,
    models: models.loaded,
    credentials: credentials.loaded,
    sources: sources.loaded,
    tools: tools.loaded,
    agents,
    alerts,
    log,
    tracing,
    warnings: problems.sorted(problems.warnings),
    get secretValues() {
      return secretsNow()
    },
    secretFiles: [...secretFiles],
  }
}

/** The same list while no more is handed over: who redacts makes much of it. */
function withHanded(configured: readonly string[], handedNow: () => readonly string[]) {
  let handed: readonly string[] = []
  let all = configured
  return () => {
    const now = handedNow()
    if (now !== handed) {
      handed = now
      all = [...configured, ...now]
    }
    return all
  }
}

/** Adds to `instructions`, by path as written. */
async function readAllInstructions(
  drafts: Section<AgentDraft>,
  origin: Origin,
  instructions: Record<string, string>,
  { problems }: LoadContext,
): Promise<Map<string, Agent>> {
  const agents = new Map<string, Agent>()
  for (const [name, { agent, instructionsPath }] of drafts.loaded) {
    const path = ['agents', name, 'instructions']
    try {
      const text = await origin.instructions(instructionsPath)
      if (text.trim() === '')
        problems.add(path, `${instructionsPath} is empty; write what the agent should do`)
      instructions[instructionsPath] = text
      agents.set(name, { ...agent, instructions: text })
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause)
      problems.add(path, `the agent’s instructions cannot be read: ${reason}`)
    }
  }
  return agents
}

/** Files other than config.yaml itself that a change of means another configuration; absolute. */
export function watchedFiles({
  file,
  snapshot,
  secretFiles,
}: Pick<Config, 'file' | 'snapshot' | 'secretFiles'>): string[] {
  const instructions = Object.keys(snapshot.instructions)
  return [
    ...instructions.map((path) => (isAbsolute(path) ? path : resolve(file, '..', path))),
    ...secretFiles,
  ]
}

/** Each text with its length before it, so that no two configurations run together into the same bytes. */
function digestOf({ instructions, text }: ConfigSnapshot): string {
  const texts = Object.entries(instructions)
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .flat()
  return sha256(...[text, ...texts].map((part) => `${Buffer.byteLength(part)}\n${part}`)).toString('hex')
}

function failure(file: string, problems: readonly ConfigProblem[]): ConfigError {
  const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`
  return new ConfigError(`${file} does not load: ${count}`, problems)
}
