import { isUtf8 } from 'node:buffer'
import type { Stats } from 'node:fs'
import { readFile, realpath, stat } from 'node:fs/promises'
import { dirname, isAbsolute, relative, resolve } from 'node:path'

/** The files that a configuration is made of. The loader reads nothing else. */
export interface ConfigFiles {
  /** Text of a file of at most `maxBytes`, and whose it is. Throws an Error that says what is wrong. */
  read(path: string, maxBytes: number): Promise<ReadFile>
  /** The path with symbolic links followed. */
  realPath(path: string): Promise<string>
}

export interface ReadFile {
  readonly text: string
  /** Permission bits of the file itself, links followed. Undefined where the system has none. */
  readonly mode: number | undefined
  /** Whether it belongs to the user that this process runs as. */
  readonly isOwn: boolean
}

export const diskFiles: ConfigFiles = {
  async read(path, maxBytes) {
    try {
      const { mode, size, isOwn, kind } = await fileState(path)
      // A pipe would be waited for, a device may never end.
      if (kind !== 'file') throw new Error(`${path} is ${kind}; expected a regular file`)
      if (size > maxBytes) throw new Error(`${path} has ${size} bytes; expected at most ${maxBytes}`)
      const bytes = await readFile(path)
      if (!isUtf8(bytes) || bytes.includes(0)) throw new Error(`${path} is not UTF-8 text`)
      return { text: bytes.toString('utf8').replace(/^\uFEFF/, ''), mode, isOwn }
    } catch (cause) {
      throw readable(cause, path)
    }
  },
  realPath: async (path) => realpath(path),
}

interface FileState extends Omit<ReadFile, 'text'> {
  readonly size: number
  readonly kind: 'file' | 'a directory' | 'a pipe' | 'a socket' | 'a device'
}

async function fileState(path: string): Promise<FileState> {
  const found = await stat(path)
  const user = process.geteuid?.()
  return {
    mode: user === undefined ? undefined : found.mode,
    isOwn: found.uid === user,
    size: found.size,
    kind: kindOf(found),
  }
}

function kindOf(found: Stats): FileState['kind'] {
  if (found.isFile()) return 'file'
  if (found.isDirectory()) return 'a directory'
  if (found.isFIFO()) return 'a pipe'
  return found.isSocket() ? 'a socket' : 'a device'
}

function readable(cause: unknown, path: string): Error {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  if (code === 'ENOENT' || code === 'ENOTDIR') return new Error(`${path} does not exist`)
  if (code === 'EACCES' || code === 'EPERM') return new Error(`${path} may not be read by this user`)
  return cause instanceof Error ? cause : new Error(String(cause))
}

const maxSecretBytes = 64 * 1024
const maxInstructionBytes = 256 * 1024

/**
 * The secret in a file, without a byte order mark and its last line break. A file that others may write is refused,
 * because they choose the secret. One that others may read is worth a warning, except where that is how it was handed to
 * us and not ours to change:
 *
 * - Docker writes `/run/secrets/<name>` as root 0444, Kubernetes its volumes as root 0644 behind links through `..data`
 *   (0640 where `fsGroup` is set), systemd `/run/credentials/<unit>/<name>` 0400, with an access list that shows as 0440.
 *   Who else could read there is decided by the mount, not by the bits.
 * - A group may read what belongs to another user (root:rouse 0640), because there is no other way for us to read it.
 *
 * ssh does alike: it looks at the bits of a key only where the file belongs to the one who asks.
 */
export async function readSecretFile(
  path: string,
  files: ConfigFiles,
  warn: (message: string) => void,
): Promise<string> {
  if (!isAbsolute(path)) throw new Error('expected an absolute path')
  const { mode = 0, text, isOwn } = await files.read(path, maxSecretBytes)
  const wanted = isOwn ? '600' : '640'
  if ((mode & 0o022) !== 0) {
    throw new Error(`${path} may be written by other users (${octal(mode)}); run: chmod ${wanted} ${path}`)
  }
  const isWide = (mode & (isOwn ? 0o044 : 0o004)) !== 0
  if (isWide && !isHandedOver(path) && !isHandedOver(await files.realPath(path))) {
    warn(`${path} may be read by other users (${octal(mode)}); better: chmod ${wanted} ${path}`)
  }
  const secret = text.replace(/\r?\n$/, '')
  if (secret === '') throw new Error(`${path} is empty`)
  return secret
}

/** Where Docker, Kubernetes and systemd put secrets. */
function isHandedOver(path: string): boolean {
  return /^\/(var\/)?run\/(secrets|credentials)\//.test(path) || /\/\.\.[^/]+\/[^/]+$/.test(path)
}

function octal(mode: number): string {
  return `mode ${(mode & 0o777).toString(8).padStart(4, '0')}`
}

/** An agent's instructions. They lie inside the directory of config.yaml, links followed. */
export async function readInstructions(
  configFile: string,
  path: string,
  files: ConfigFiles,
): Promise<string> {
  const root = dirname(configFile)
  const file = resolve(root, path)
  if (isAbsolute(path) || isOutside(root, file) || path.includes('://')) {
    throw new Error(`expected a path inside the directory of config.yaml, found "${path}"`)
  }
  const { text } = await files.read(file, maxInstructionBytes).catch((cause: unknown) => {
    const reason = cause instanceof Error ? cause.message.replaceAll(file, path) : String(cause)
    throw new Error(reason)
  })
  if (isOutside(await files.realPath(root), await files.realPath(file))) {
    throw new Error(`${path} is a link to a file outside the directory of config.yaml`)
  }
  return text
}

function isOutside(root: string, file: string): boolean {
  const inner = relative(root, file)
  return inner.startsWith('..') || isAbsolute(inner)
}
