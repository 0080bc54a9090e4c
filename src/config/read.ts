import { isUtf8 } from 'node:buffer'
import { readFile, realpath, stat } from 'node:fs/promises'
import { dirname, isAbsolute, relative, resolve } from 'node:path'

/** The files that a configuration is made of. The loader reads nothing else. */
export interface ConfigFiles {
  /** Text of a file of at most `maxBytes`, and its permission bits. Throws an Error that says what is wrong. */
  read(path: string, maxBytes: number): Promise<{ text: string; mode: number }>
  /** The path with symbolic links followed. */
  realPath(path: string): Promise<string>
}

export const diskFiles: ConfigFiles = {
  async read(path, maxBytes) {
    try {
      const { mode, size, ...kind } = await fileState(path)
      if (!kind.isFile) throw new Error(`${path} is not a regular file`)
      if (size > maxBytes) throw new Error(`${path} has ${size} bytes; expected at most ${maxBytes}`)
      const bytes = await readFile(path)
      if (!isUtf8(bytes) || bytes.includes(0)) throw new Error(`${path} is not UTF-8 text`)
      return { text: bytes.toString('utf8').replace(/^\uFEFF/, ''), mode }
    } catch (cause) {
      throw readable(cause, path)
    }
  },
  realPath: async (path) => realpath(path),
}

async function fileState(path: string): Promise<{ mode: number; size: number; isFile: boolean }> {
  const found = await stat(path)
  return { mode: found.mode, size: found.size, isFile: found.isFile() }
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
 * The secret in a file, without its last line break. A file that others may write is refused, because
 * they choose the secret; one that others may read is worth a warning (container runtimes mount them so).
 */
export async function readSecretFile(
  path: string,
  files: ConfigFiles,
  warn: (message: string) => void,
): Promise<string> {
  if (!isAbsolute(path)) throw new Error('expected an absolute path')
  const { mode, text } = await files.read(path, maxSecretBytes)
  if ((mode & 0o022) !== 0) {
    throw new Error(`${path} may be written by other users (${octal(mode)}); run: chmod 600 ${path}`)
  }
  if ((mode & 0o044) !== 0) {
    warn(`${path} may be read by other users (${octal(mode)}); better: chmod 600 ${path}`)
  }
  const secret = text.replace(/\r?\n$/, '')
  if (secret === '') throw new Error(`${path} is empty`)
  return secret
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
  if (isAbsolute(path) || isOutside(root, file)) {
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
