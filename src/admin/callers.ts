import { headerValues } from '../domain/delivery.js'
import { bearerOf } from './guard.js'
import { type Sessions, sessionSeconds } from './sessions.js'
import { findToken, type Role, readTokens } from './tokens.js'

/** Who asks, as far as it is known. */
export interface Caller {
  readonly role: Role
  /** For the ledger: which token, and in which session. Never what the caller says of itself. */
  readonly name: string
}

/** `bad`: something was shown, and it opens nothing. */
export type Asked = Caller | 'nobody' | 'bad'

export interface Doorkeeper {
  /** Of the tokens. */
  readonly file: string
  readonly sessions: Sessions
  /** What the browser keeps the session's id under. Cookies know no ports, so that it has the port in its name. */
  readonly cookie: string
}

/**
 * Who asks, by the tokens as they are at this moment. A bearer token alone decides where there is one: the cookie, which
 * a browser adds by itself, then counts for nothing. A session whose token was revoked is over.
 */
export async function whoAsks(rawHeaders: readonly string[], keeper: Doorkeeper): Promise<Asked> {
  const bearer = bearerOf(rawHeaders)
  if (bearer !== undefined) {
    const token = findToken(await readTokens(keeper.file), bearer)
    return token ? { role: token.role, name: `${token.role} token ${token.id}` } : 'bad'
  }
  const ids = cookieValues(rawHeaders, keeper.cookie)
  if (ids.length === 0) return 'nobody'
  const tokens = await readTokens(keeper.file)
  for (const id of ids) {
    const session = keeper.sessions.find(id)
    const isGood = tokens.some((token) => token.id === session?.tokenId && token.role === session.role)
    if (session && isGood) {
      const { role, tokenId, name } = session
      return { role, name: `${role} token ${tokenId}, session ${name}` }
    }
  }
  return 'bad'
}

/** Another program on this machine may have set one of the same name, so there may be several. */
export function cookieValues(rawHeaders: readonly string[], name: string): string[] {
  return headerValues(rawHeaders, 'cookie')
    .flatMap((header) => header.split(';'))
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`))
    .map((pair) => pair.slice(name.length + 1))
}

/** `Set-Cookie` for a session, or for its end. */
export function cookieFor(name: string, id: string | undefined, isHttps: boolean): string {
  const age = id === undefined ? 0 : sessionSeconds
  return `${name}=${id ?? ''}; HttpOnly; SameSite=Strict; Path=/; Max-Age=${age}${isHttps ? '; Secure' : ''}`
}
