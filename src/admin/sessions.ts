import { randomBytes } from 'node:crypto'
import type { Clock } from '../util/clock.js'
import { sha256 } from '../util/signature.js'
import type { Role } from './tokens.js'

export interface Session {
  /** Says in the ledger which one it was; no part of its secret. */
  readonly name: string
  readonly role: Role
  /** Of the token that opened it; it ends with that token. */
  readonly tokenId: string
}

export const sessionSeconds = 12 * 3600
const mostSessions = 500

/** What browsers were let in. Kept in memory, by the digest of their ids: a restart or a look at memory lets nobody in. */
export class Sessions {
  readonly #open = new Map<string, Session & { readonly endsAt: number }>()

  constructor(private readonly clock: Clock) {}

  /** Returns the id for the browser's cookie. Only a good token gets here; the oldest session makes room. */
  begin(role: Role, tokenId: string): { readonly id: string; readonly session: Session } {
    const id = randomBytes(32).toString('base64url')
    const endsAt = this.clock.monotonic() + sessionSeconds * 1000
    const session = { name: randomBytes(4).toString('hex'), role, tokenId, endsAt }
    for (const oldest of this.#open.keys()) {
      if (this.#open.size < mostSessions) break
      this.#open.delete(oldest)
    }
    this.#open.set(keyOf(id), session)
    return { id, session }
  }

  find(id: string): Session | undefined {
    const session = this.#open.get(keyOf(id))
    if (session === undefined || this.clock.monotonic() < session.endsAt) return session
    this.#open.delete(keyOf(id))
    return undefined
  }

  end(id: string): void {
    this.#open.delete(keyOf(id))
  }
}

function keyOf(id: string): string {
  return sha256(id).toString('hex')
}
