import { readFileSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { ConfigDocument } from './document.js'
import { valueAtPath } from './issues.js'

/** A daemon that is handed a secret every day keeps those of years. */
const mostSecrets = 1000

/** Where sources keep what senders hand over, their `secret_file`; absolute. */
export function handedSecretFiles({ value }: ConfigDocument, configFile: string): string[] {
  const sources = valueAtPath(value, ['sources'])
  if (typeof sources !== 'object' || sources === null) return []
  const written = Object.values(sources).map((source: unknown) => valueAtPath(source, ['secret_file']))
  const paths = written.filter((path) => typeof path === 'string' && path !== '' && !path.includes('\0'))
  return [...new Set(paths.map((path) => resolve(dirname(configFile), String(path))))]
}

/**
 * The secrets in these files, one on each line, looked at anew with each call: a sender may hand one over at any time,
 * and this process need not be the one that writes it down. The same list until there is more. What was once there
 * stays, also where its file is gone or cannot be read any more: a former secret may be a secret still.
 */
export function followHandedSecrets(files: readonly string[]): () => readonly string[] {
  const stamps = new Map<string, string>()
  let known: readonly string[] = []
  return () => {
    const found = files.flatMap((file) => changedLines(file, stamps))
    const isMore = found.some((secret) => !known.includes(secret))
    if (isMore) known = [...new Set([...found.reverse(), ...known])].slice(0, mostSecrets)
    return known
  }
}

/** None where the file is as it was, or is not there. */
function changedLines(file: string, stamps: Map<string, string>): string[] {
  try {
    const found = statSync(file, { bigint: true, throwIfNoEntry: false })
    if (!found?.isFile()) return []
    const stamp = `${found.ino} ${found.mtimeNs} ${found.size}`
    if (stamp === stamps.get(file)) return []
    const lines = readFileSync(file, 'utf8').split('\n')
    stamps.set(file, stamp)
    return lines.map((line) => line.trim()).filter((line) => line !== '')
  } catch {
    // Who verifies with it says what is wrong.
    return []
  }
}
