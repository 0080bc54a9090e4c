import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { ModelSettings } from '../domain/agent.js'
import { createFetch } from '../util/fetch.js'
import type { Model } from './model.js'
import { createOpenAiModel } from './openai.js'
import type { OpenAiDependencies } from './openai-exchange.js'
import { parseScript, type Script, scriptError } from './script.js'
import { createScriptedModel } from './scripted.js'

export interface ModelDependencies extends OpenAiDependencies {
  /** Where a script's relative path begins: the directory of config.yaml. */
  readonly directory: string
}

const scriptedPrefix = 'scripted:'
const maxAnswerBytes = 32 * 1024 * 1024
const maxTimeMs = 3_600_000 // no model's own `timeout` may be longer

export const modelVendors = {
  openai: createOpenAiModel,
  scripted: (settings: ModelSettings, { directory }: ModelDependencies): Model =>
    createScriptedModel(scriptAt(settings.baseUrl.slice(scriptedPrefix.length), directory)),
} as const

/**
 * The model that the settings describe. A `base_url` of `scripted:` is the scripted model without a script,
 * `scripted:<path>` the one that follows that file, which is read here, once. Throws ModelError `model.script`
 * when the file is not usable.
 */
export function openModel(settings: ModelSettings, dependencies: ModelDependencies): Model {
  const vendor = settings.baseUrl.startsWith(scriptedPrefix) ? 'scripted' : 'openai'
  return modelVendors[vendor](settings, dependencies)
}

function scriptAt(path: string, directory: string): Script | undefined {
  if (path === '') return undefined
  const file = resolve(directory, path)
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch {
    throw scriptError(`${file}: the file cannot be read`)
  }
  return parseScript(text)
}

/** Opens each endpoint once, so that what a model has learned of it is kept. A changed setting is another endpoint. */
export function createModelPool({
  clock,
  directory,
}: Pick<ModelDependencies, 'clock' | 'directory'>): (settings: ModelSettings) => Model {
  const fetch = createFetch({ allowPrivate: true, maxBytes: maxAnswerBytes, timeoutMs: maxTimeMs })
  const dependencies: ModelDependencies = { fetch, clock, directory }
  const opened = new Map<string, Model>()
  return (settings) => {
    const key = JSON.stringify(settings)
    const model = opened.get(key) ?? openModel(settings, dependencies)
    opened.set(key, model)
    return model
  }
}
