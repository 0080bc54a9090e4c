import type { IncomingMessage } from 'node:http'
import { headerValues } from '../domain/delivery.js'
import { sleep } from '../util/clock.js'
import type { Logger } from '../util/log.js'
import { answerPage, refuse } from './answers.js'
import { type Asked, type Caller, type Doorkeeper, whoAsks } from './callers.js'
import type { Target } from './guard.js'
import { logIn } from './login.js'
import { loginPage } from './login-page.js'

export interface DoorOptions {
  readonly keeper: Doorkeeper
  readonly log: Logger
  /** The body's bytes. Throws LimitError `limit.body_size` above `maxBytes`. */
  readonly readBody: (incoming: IncomingMessage, maxBytes: number) => Promise<Uint8Array>
  /** Counts a token that opens nothing, and says whether the peer has shown more than its share this minute. */
  readonly guesses: { isOver(peer: string): boolean }
  /** How long an answer to a guess beyond that is held back. */
  readonly guessDelayMs: number
}

/** Beyond these an answer goes out at once: who guesses must not use up the connections of those who need none. */
const mostHeldBack = 32

/** One request, once it is known to be meant for us and to come from no other page. */
export interface Ask {
  readonly incoming: IncomingMessage
  readonly target: Target
}

export type Answer = Promise<Response> | Response

/** Lets in who may come in. */
export class Door {
  #heldBack = 0

  constructor(private readonly options: DoorOptions) {}

  /** For programs, and for scripts of our pages: 401 and 403 with constant bodies. */
  async api({ incoming }: Ask, role: Caller['role'], go: (caller: Caller) => Answer): Promise<Response> {
    const asked = await this.#whoAsks(incoming)
    if (asked === 'nobody') return refuse(401, challenge)
    if (asked === 'bad') return refuse(await this.guessed(incoming), challenge)
    if (role === 'approve' && asked.role !== 'approve') return refuse(403)
    return go(asked)
  }

  /** For people: who is not let in is asked for a token. A part of a page has the whole page ask for it. */
  async page({ incoming }: Ask, role: Caller['role'], go: (caller: Caller) => Answer): Promise<Response> {
    const asked = await this.#whoAsks(incoming)
    if (typeof asked === 'object')
      return role === 'approve' && asked.role !== 'approve' ? refuse(403) : go(asked)
    const status = asked === 'bad' ? await this.guessed(incoming) : 401
    if (isPart(incoming)) return refuse(status, { 'hx-refresh': 'true' })
    return answerPage(await loginPage(), status)
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

  /** The name of the caller, now; undefined where nobody is let in. For those who stay. */
  async nameOf(incoming: IncomingMessage): Promise<string | undefined> {
    const asked = await this.#whoAsks(incoming)
    return typeof asked === 'object' ? asked.name : undefined
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

/** Whether a page of ours asks, to put the answer into itself: htmx says so. */
export function isPart({ rawHeaders }: Pick<IncomingMessage, 'rawHeaders'>): boolean {
  return headerValues(rawHeaders, 'hx-request')[0] === 'true'
}
