import type { Config } from '../../config/config.js'
import type { ModelSettings } from '../../domain/agent.js'
import { createNetwork, type Network } from '../../util/fetch.js'
import { plain } from '../text.js'
import type { Finding } from './finding.js'

export async function checkModels(config: Config | undefined, isOnline: boolean): Promise<Finding[]> {
  if (!config) return []
  const network = createNetwork()
  try {
    return await Promise.all([...config.models.values()].map((model) => checkModel(model, isOnline, network)))
  } finally {
    await network.close()
  }
}

const answerTimeoutMs = 10_000

/** Asks for the list of models: it costs nothing, and needs the key. */
async function checkModel(model: ModelSettings, isOnline: boolean, network: Network): Promise<Finding> {
  const { name, baseUrl, apiKey } = model
  const text = `${name}: ${plain(model.model)} at ${plain(baseUrl)}`
  if (baseUrl.startsWith('scripted:')) {
    return {
      area: 'model',
      state: 'warn',
      text: `${text}, the scripted model`,
      advice: 'for development only: set a real base_url and key',
    }
  }
  if (!isOnline) return { area: 'model', state: 'ok', text: `${text}; not asked (--online asks)` }
  const headers: Record<string, string> = apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }
  try {
    const url = `${baseUrl}/models`
    const request = {
      method: 'GET',
      url,
      headers,
      timeoutMs: answerTimeoutMs,
      maxBytes: 8 * 1024 * 1024,
      allowPrivate: true,
    }
    const { status } = await network.request(request)
    if (status === 401 || status === 403) {
      return {
        area: 'model',
        state: 'fail',
        text: `${text} refuses the key (${status})`,
        advice: 'set the key; runs are parked until then and lose nothing',
      }
    }
    // Some compatible endpoints have no list; that they answer is enough.
    if (status < 500) return { area: 'model', state: 'ok', text: `${text} answers` }
    return {
      area: 'model',
      state: 'warn',
      text: `${text} answers ${status}`,
      advice: 'it has a fault of its own; runs wait',
    }
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    return {
      area: 'model',
      state: 'fail',
      text: `${text}: ${plain(reason)}`,
      advice: 'check base_url and the network; runs are parked until it answers',
    }
  }
}
