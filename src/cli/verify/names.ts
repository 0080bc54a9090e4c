import type { Config } from '../../config/config.js'
import { readDocument } from '../../config/document.js'
import { secretsOf } from '../../sources/engine/secret.js'
import type { Environment } from '../../util/env.js'

/** What the secrets of a source are called: by the variable or the file that they come from, else by their position. */
export interface SecretNames {
  /** Of the secret with this text. */
  named(source: string, text: string): string
}

const secretOption = /^(secret|token|public_key|password)$/

/** From config.yaml as it is written. */
export async function secretNames(
  { snapshot, sources }: Config,
  environment: Environment,
): Promise<SecretNames> {
  const context = { environment, readFile: async () => 'not read' }
  const { places } = await readDocument(snapshot.text, context)
  const labels = new Map<string, string>()
  for (const [key, { scalar }] of places) {
    const [section, source = '', ...path] = key.split('\u0000')
    const [inserted, second] = scalar?.inserted ?? []
    if (section !== 'sources' || !inserted || second) continue
    if (!path.some((part) => secretOption.test(part))) continue
    const last = path.at(path.at(-1) === 'value' ? -2 : -1) ?? ''
    const position = /^\d+$/.test(last) ? last : '0'
    const label = inserted.variable ?? inserted.expression.replace(/^\$\{file:(.*)\}$/, 'the secret in $1')
    labels.set([source, path[0], position].join('\n'), label)
  }
  return {
    named(source, text) {
      const all = secretsOf(sources.get(source)?.options)
      const option = all.find(({ secret }) => secret.text === text)?.option ?? 'secret'
      const same = all.filter((each) => each.option === option)
      const position = same.findIndex(({ secret }) => secret.text === text)
      const label = labels.get([source, option, position].join('\n'))
      if (label !== undefined) return label
      const noun = option === 'public_key' ? 'public key' : option === 'token' ? 'token' : 'secret'
      return same.length > 1 ? `${noun} ${position + 1} of ${source}` : `the ${noun} of ${source}`
    },
  }
}
