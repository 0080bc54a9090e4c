import type { IncomingMessage } from 'node:http'
import type { HttpBindings } from '@hono/node-server'
import { type Context, Hono } from 'hono'
import { toAppError } from '../domain/errors.js'
import { sleep } from '../util/clock.js'
import type { Logger } from '../util/log.js'
import { answerJson, answerPage, refuse } from './answers.js'
import { type ApprovalsOptions, decide, listApprovals, showApproval } from './approvals.js'
import { assets } from './assets.js'
import { type Asked, type Caller, type Doorkeeper, whoAsks } from './callers.js'
import { guard, isRead, type Target } from './guard.js'
import { logIn, logOut } from './login.js'
import { loginPage, type Waiting, waitingPage } from './pages.js'

export interface AdminAppOptions extends ApprovalsOptions {
  readonly keeper: Doorkeeper
  /** Our own, as browsers write them. Asked at each request: the port is known only once we listen. */
  readonly origins: () => ReadonlySet<string>
  readonly log: Logger
  /** Counts a token that opens nothing, and says whether the peer has shown more than its share this minute. */
  readonly guesses: { isOver(peer: string): boolean }
  /** How long an answer to a guess beyond that is held back. */
  readonly guessDelayMs: number
  /** Undefined while deliveries are taken; else why not. */
  readonly unready: () => string | undefined
}

/** Beyond these an answer goes out at once: who guesses must not use up the connections of those who need none. */
const mostHeldBack = 32

/** One request, once it is known to be meant for us and to come from no other page. */
interface Ask {
  readonly incoming: IncomingMessage
  readonly target: Target
}

type Answer = Promise<Response> | Response

/**
 * The admin listener, on a port of its own: `guard`, then who asks, then the one route of exactly this path. GET and
 * HEAD change nothing. Nothing of a request is logged but what was decided and by whom.
 */
export function createAdminApp(options: AdminAppOptions): Hono<{ Bindings: HttpBindings }> {
  const door = new Door(options)
  const app = new Hono<{ Bindings: HttpBindings }>()
  app.all('*', async ({ env: { incoming } }: Context<{ Bindings: HttpBindings }>) => {
    const response = await answer(incoming, door, options)
    // What is left of a body that was not read is not waited for.
    if (!isRead(incoming.method ?? '') && response.status >= 400) response.headers.set('connection', 'close')
    return response
  })
  app.onError((cause) => {
    const { code, message } = toAppError(cause)
    options.log.error({ code }, `admin: not answered: ${message}`)
    return refuse(500, { connection: 'close' })
  })
  return app
}

function answer(incoming: IncomingMessage, door: Door, options: AdminAppOptions): Answer {
  const target = guard(incoming, options.origins())
  if (target === 405) return refuse(405, { allow: 'GET, POST' })
  if (typeof target === 'number') return refuse(target)
  const ask = { incoming, target }
  return isRead(incoming.method ?? '') ? read(ask, door, options) : write(ask, door, options)
}

function read(ask: Ask, door: Door, options: AdminAppOptions): Answer {
  const { path } = ask.target
  const asset = assets.get(path)
  if (asset) return new Response(asset.text, { headers: { 'content-type': asset.type } })
  if (path === '/healthz') return answerJson({ status: 'ok' })
  if (path === '/readyz') return answerReadiness(options)
  if (path === '/login') return loginPage().then((page) => answerPage(page))
  if (path === '/') return door.page(ask, (caller) => answerWaiting(caller, options))
  if (path === '/api/approvals') return door.api(ask, 'read', () => listApprovals(options))
  const id = approvalPath.exec(path)?.[1]
  if (id !== undefined) return door.api(ask, 'read', () => showApproval(id, options))
  return postPaths.test(path) ? refuse(405, { allow: 'POST' }) : refuse(404)
}

const approvalPath = /^\/api\/approvals\/(apr_[0-9a-f]{32})$/
const decisionPath = /^\/api\/approvals\/(apr_[0-9a-f]{32})\/(approve|deny)$/
const postPaths = /^(\/logout|\/api\/approvals\/apr_[0-9a-f]{32}\/(approve|deny))$/

function write(ask: Ask, door: Door, options: AdminAppOptions): Answer {
  const { incoming, target } = ask
  if (target.path === '/login') return door.logIn(ask)
  if (target.path === '/logout') return logOut(incoming, target, options.keeper)
  const [, id, verb] = decisionPath.exec(target.path) ?? []
  if (id === undefined) return refuse(404)
  return door.api(ask, 'approve', async (caller) => {
    const response = await decide(id, verb === 'approve' ? 'approve' : 'deny', { incoming, caller }, options)
    options.log.info({ approval: id, verb, by: caller.name, status: response.status }, 'admin: a decision')
    return response
  })
}

/** Lets in who may come in. */
class Door {
  #heldBack = 0

  constructor(private readonly options: AdminAppOptions) {}

  /** For programs, and for scripts of our pages: 401 and 403 with constant bodies. */
  async api({ incoming }: Ask, role: Caller['role'], go: (caller: Caller) => Answer): Promise<Response> {
    const asked = await this.#whoAsks(incoming)
    if (asked === 'nobody') return refuse(401, challenge)
    if (asked === 'bad') return refuse(await this.guessed(incoming), challenge)
    if (role === 'approve' && asked.role !== 'approve') return refuse(403)
    return go(asked)
  }

  /** For people: who is not let in is asked for a token. */
  async page({ incoming }: Ask, go: (caller: Caller) => Answer): Promise<Response> {
    const asked = await this.#whoAsks(incoming)
    if (typeof asked === 'object') return go(asked)
    return answerPage(await loginPage(), asked === 'bad' ? await this.guessed(incoming) : 401)
  }

  logIn({ incoming, target }: Ask): Promise<Response> {
    const { keeper, readBody, log } = this.options
    return logIn(incoming, target, {
      keeper,
      readBody,
      onGuess: (guess) => this.guessed(guess),
      onLogin: (name) => log.info({ name }, 'admin: logged in'),
    })
  }

  #whoAsks(incoming: IncomingMessage): Promise<Asked> {
    return whoAsks(incoming.rawHeaders, this.options.keeper)
  }

  /**
   * After a token that opens nothing. A good one is never counted, and never waits: nobody is locked out by what others
   * on the same address try.
   */
  async guessed(incoming: IncomingMessage): Promise<401 | 429> {
    const { guesses, guessDelayMs, log } = this.options
    const peer = incoming.socket.remoteAddress ?? ''
    if (!guesses.isOver(peer)) {
      log.warn({ peer }, 'admin: a token that opens nothing')
      return 401
    }
    if (this.#heldBack < mostHeldBack) {
      this.#heldBack++
      await sleep(guessDelayMs)
      this.#heldBack--
    }
    return 429
  }
}

const challenge = { 'www-authenticate': 'Bearer' }

function answerReadiness({ unready }: AdminAppOptions): Response {
  if (unready() === undefined) return answerJson({ status: 'ready' })
  return refuse(503, { 'retry-after': '5' })
}

async function answerWaiting(caller: Caller, { store }: AdminAppOptions): Promise<Response> {
  const approvals = await store.listApprovals({ state: 'waiting', limit: 200 })
  const waiting: Waiting[] = []
  for (const approval of approvals) waiting.push({ approval, event: await store.event(approval.eventId) })
  return answerPage(await waitingPage(waiting, caller))
}
