import { diskFiles, readSecretFile } from '../config/read.js'
import { createRedactor, type Redactor } from '../util/redact.js'
import type { Io } from './io.js'

/** The secrets that nothing on the screen and no line of the log may show. It grows: a former secret may be a secret still. */
export interface Hidden {
  add(secrets: readonly string[]): void
  /**
   * From now on also what `secrets` gives, looked at for each text: a daemon may take over another configuration, and
   * senders hand over secrets. A list is looked into once.
   */
  follow(secrets: () => readonly string[] | undefined): void
  readonly redact: Redactor
}

/** A daemon that changes its secrets every day keeps those of years. */
const mostSecrets = 1000

export function createHidden(): Hidden {
  let all: readonly string[] = []
  let redact: Redactor | undefined
  const followed = new Map<() => readonly string[] | undefined, readonly string[] | undefined>()
  const add = (secrets: readonly string[]) => {
    const more = new Set([...secrets, ...all])
    if (more.size === all.length) return
    all = [...more].slice(0, mostSecrets)
    redact = undefined
  }
  return {
    add,
    follow(secrets) {
      followed.set(secrets, undefined)
    },
    redact(text) {
      for (const [secrets, known] of followed) {
        const now = secrets()
        if (now === undefined || now === known) continue
        followed.set(secrets, now)
        add(now)
      }
      redact ??= createRedactor(all)
      return redact(text)
    },
  }
}

/** The same, but what it writes and asks shows nothing that is hidden. */
export function withHidden(io: Io, { redact }: Hidden): Io {
  return {
    ...io,
    out: (text) => io.out(redact(text)),
    err: (text) => io.err(redact(text)),
    ask: (question) => io.ask(redact(question)),
  }
}

const maxConfigBytes = 1024 * 1024

/**
 * Hides the secrets of config.yaml, as far as it can be read: what is printed of the ledger must not show them either,
 * and neither must what is said of a file that does not load.
 */
export async function hideConfigured(hidden: Hidden, file: string, io: Io): Promise<void> {
  try {
    const { text } = await diskFiles.read(file, maxConfigBytes)
    const { readDocument } = await import('../config/document.js')
    const { secretsIn } = await import('../config/secrets.js')
    const { followHandedSecrets, handedSecretFiles } = await import('../config/handed-secrets.js')
    const readFile = (path: string) => readSecretFile(path, diskFiles, () => undefined)
    const document = await readDocument(text, { environment: io.environment, readFile })
    hidden.add(secretsIn(document))
    hidden.follow(followHandedSecrets(handedSecretFiles(document, file)))
  } catch {
    // What needs the file says what is wrong with it.
  }
}
