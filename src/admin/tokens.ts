import { randomBytes } from 'node:crypto'
import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { z } from 'zod'
import { AppError } from '../domain/errors.js'
import { isoTime } from '../util/clock.js'
import { decodeDigest, digestsEqual, sha256 } from '../util/signature.js'

/** What a caller may do: `read` sees everything, `approve` also decides. */
export type Role = 'read' | 'approve'
export const roles: readonly Role[] = ['read', 'approve']

/** A token as it is kept: enough to know it again, not to make it. */
export interface Token {
  /** Says in the ledger which token it was; no part of its secret. */
  readonly id: string
  readonly role: Role
  readonly salt: string
  readonly sha256: string
  readonly made_at: string
}

const fileSchema = z.strictObject({
  tokens: z
    .array(
      z.strictObject({
        id: z.string().regex(/^[0-9a-f]{8}$/),
        role: z.enum(['read', 'approve']),
        salt: z.string().regex(/^[0-9a-f]{32}$/),
        sha256: z.string().regex(/^[0-9a-f]{64}$/),
        made_at: z.string().max(40),
      }),
    )
    .max(100),
})

const tokenPattern = /^[A-Za-z0-9_-]{43}$/
/** Each is compared with every token that is presented. */
const mostTokens = 20

/** Beside the ledger, because it is the ledger that they open. */
export function tokensFile(ledgerFile: string): string {
  return `${ledgerFile}.tokens`
}

/**
 * The tokens that are good now. It is read anew each time: a token that was revoked is refused from the next request
 * on. None where there is no file. Throws AppError `command.failed` for a file that others may write to, or that is no
 * such file: what stands in it opens nothing.
 */
export async function readTokens(file: string): Promise<readonly Token[]> {
  let text: string
  try {
    if (((await stat(file)).mode & 0o022) !== 0) {
      throw new AppError('command.failed', `others may write to ${file}: chmod 600 it, or delete it`)
    }
    text = await readFile(file, 'utf8')
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw cause
  }
  const parsed = fileSchema.safeParse(jsonOf(text))
  if (parsed.success) return parsed.data.tokens
  throw new AppError('command.failed', `${file} is not a file of tokens: delete it, and make new ones`)
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/**
 * Makes a token and keeps its digest, for its owner only and on the disk when this resolves. With `rotate` all others of
 * the role are revoked. Returns the token itself, which is nowhere else.
 */
export async function addToken(
  file: string,
  { role, rotate, now }: { role: Role; rotate: boolean; now: number },
): Promise<string> {
  const token = randomBytes(32).toString('base64url')
  const salt = randomBytes(16).toString('hex')
  const entry: Token = {
    id: randomBytes(4).toString('hex'),
    role,
    salt,
    sha256: digestOf(salt, token).toString('hex'),
    made_at: isoTime(now),
  }
  const kept = (await readTokens(file)).filter((other) => !rotate || other.role !== role)
  if (kept.length >= mostTokens) {
    throw new AppError('command.failed', `there are ${kept.length} tokens already: revoke them with --rotate`)
  }
  await replaceFile(file, `${JSON.stringify({ tokens: [...kept, entry] }, null, 2)}\n`)
  return token
}

/** For its owner only, from the first byte. Whoever reads it meanwhile sees the old file or the new one, whole. */
export async function replaceFile(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  const next = `${file}.${randomBytes(4).toString('hex')}`
  try {
    const handle = await open(next, 'wx', 0o600)
    try {
      // Made by root for a daemon that runs as another user, it would be a file that the daemon cannot read.
      const { uid, gid } = await stat(dirname(file))
      if (process.getuid?.() === 0) await handle.chown(uid, gid)
      await handle.writeFile(text)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(next, file)
  } catch (cause) {
    await rm(next, { force: true })
    throw cause
  }
}

/** The kept token that this is. Every one is compared, in constant time, whichever it is. */
export function findToken(tokens: readonly Token[], presented: string): Token | undefined {
  const isOne = tokenPattern.test(presented)
  let found: Token | undefined
  for (const token of tokens) {
    const digest = decodeDigest(token.sha256, 'hex', 'sha256')
    if (digest && digestsEqual(digest, digestOf(token.salt, presented)) && isOne) found = token
  }
  return found
}

function digestOf(salt: string, token: string): Buffer {
  return sha256(salt, token)
}

/** Where a browser opens the door: what stands behind the `#` never leaves it, neither to a server nor in a referrer. */
export function loginLink(base: string, token: string): string {
  return `${base}/login#token=${token}`
}
