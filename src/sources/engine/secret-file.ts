import {
  chmodSync,
  closeSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  statSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { AppError } from '../../domain/errors.js'

/**
 * Secrets that a sender hands over by itself when its webhook is made, one on each line, in a file that only the
 * owner can read. `${file:…}` reads the same form.
 */
export interface SecretFile {
  /** In the order in which they came; empty while there is no file. Throws AppError where it cannot be read. */
  read(): readonly string[]
  /** Adds one unless it is there, and makes the folder. Returns when it is on the disk; throws AppError where it cannot be. */
  add(secret: string): void
}

const mostSecrets = 8

export function openSecretFile(path: string): SecretFile {
  let known: { readonly stamp: string; readonly secrets: readonly string[] } = { stamp: '', secrets: [] }
  const read = (): readonly string[] => {
    try {
      const { mtimeNs, size, mode } = statSync(path, { bigint: true })
      const stamp = `${mtimeNs} ${size} ${mode}`
      if (stamp !== known.stamp) {
        if ((mode & 0o077n) !== 0n) throw unusable(path, 'others can read it: chmod 600')
        const secrets = readFileSync(path, 'utf8')
          .split('\n')
          .map((line) => line.trim())
          .filter((line) => line !== '')
        known = { stamp, secrets: secrets.slice(-mostSecrets) }
      }
      return known.secrets
    } catch (cause) {
      if (isMissing(cause)) return []
      throw cause instanceof AppError
        ? cause
        : unusable(path, cause instanceof Error ? cause.message : String(cause))
    }
  }
  return {
    read,
    add(secret) {
      if (read().includes(secret)) return
      try {
        append(path, secret)
      } catch (cause) {
        throw unusable(path, cause instanceof Error ? cause.message : String(cause))
      }
    },
  }
}

/** As a line of its own, also where a person has left the last line open. */
function append(path: string, line: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const file = openSync(path, 'a+', 0o600)
  try {
    chmodSync(path, 0o600)
    const { size } = fstatSync(file)
    const last = Buffer.from('\n')
    if (size > 0) readSync(file, last, 0, 1, size - 1)
    writeSync(file, `${last.equals(Buffer.from('\n')) ? '' : '\n'}${line}\n`)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  // The name of a new file outlives a power cut when its folder was written through.
  const folder = openSync(dirname(path), 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}

function isMissing(cause: unknown): boolean {
  return cause instanceof Error && 'code' in cause && cause.code === 'ENOENT'
}

function unusable(path: string, reason: string): AppError {
  return new AppError('config.unavailable', `the secrets in ${path} cannot be used: ${reason}`, {
    retry: 'later',
  })
}
