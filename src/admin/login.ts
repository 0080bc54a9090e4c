import type { IncomingMessage } from 'node:http'
import { LimitError } from '../domain/errors.js'
import { answerPage, refuse } from './answers.js'
import { cookieFor, cookieValues, type Doorkeeper } from './callers.js'
import type { Target } from './guard.js'
import { loginPage } from './login-page.js'
import { findToken, readTokens } from './tokens.js'

const maxBodyBytes = 4096

export interface LoginOptions {
  readonly keeper: Doorkeeper
  readonly readBody: (incoming: IncomingMessage, maxBytes: number) => Promise<Uint8Array>
  /** What a guess gets that was wrong. */
  readonly onGuess: (incoming: IncomingMessage) => Promise<429 | 401>
  readonly onLogin: (name: string) => void
}

/** Takes a token once, in a form's body, and gives the browser a session for it: the token itself is not kept there. */
export async function logIn(
  incoming: IncomingMessage,
  target: Target,
  options: LoginOptions,
): Promise<Response> {
  const { keeper, readBody, onGuess, onLogin } = options
  if (!/^application\/x-www-form-urlencoded(;|$)/i.test(incoming.headers['content-type'] ?? '')) {
    return refuse(415, { connection: 'close' })
  }
  let body: Uint8Array
  try {
    body = await readBody(incoming, maxBodyBytes)
  } catch (cause) {
    if (cause instanceof LimitError) return refuse(413, { connection: 'close' })
    throw cause
  }
  const presented = new URLSearchParams(Buffer.from(body).toString('utf8')).get('token') ?? ''
  const token = findToken(await readTokens(keeper.file), presented.trim())
  if (token === undefined) {
    const status = await onGuess(incoming)
    const note = 'That token opens nothing here. It may have been revoked: `rouse token` makes another.'
    return answerPage(await loginPage(note), status, status === 429 ? { 'retry-after': '60' } : {})
  }
  for (const former of cookieValues(incoming.rawHeaders, keeper.cookie)) keeper.sessions.end(former)
  const { id, session } = keeper.sessions.begin(token.role, token.id)
  onLogin(`${token.role} token ${token.id}, session ${session.name}`)
  return goTo('/', cookieFor(keeper.cookie, id, isHttps(target)))
}

export function logOut(incoming: IncomingMessage, target: Target, keeper: Doorkeeper): Response {
  for (const id of cookieValues(incoming.rawHeaders, keeper.cookie)) keeper.sessions.end(id)
  return goTo('/login', cookieFor(keeper.cookie, undefined, isHttps(target)))
}

function goTo(location: string, cookie: string): Response {
  return new Response(null, { status: 303, headers: { location, 'set-cookie': cookie } })
}

function isHttps({ origin }: Target): boolean {
  return origin.startsWith('https:')
}
