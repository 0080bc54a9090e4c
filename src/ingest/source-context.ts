import { dirname, resolve } from 'node:path'
import type { Config } from '../config/config.js'
import type { RemoteKeys } from '../sources/engine/keys.js'
import { openSecretFile, type SecretFile } from '../sources/engine/secret-file.js'
import type { SourceContext } from '../sources/source.js'

/** What the sources of a configuration are given beside their options. */
export function sourceContexts(
  { server, file }: Pick<Config, 'server' | 'file'>,
  keys: RemoteKeys,
): (source: string) => SourceContext {
  return (source) => ({
    url: `${server.publicUrl.replace(/\/+$/, '')}/hooks/${source}`,
    keys,
    secretFile: (path): SecretFile => openSecretFile(resolve(dirname(file), path)),
  })
}
