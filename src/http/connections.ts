import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/**
 * Who may stay connected. Over the limit the connection that has waited longest without a whole request makes room for
 * the new one: a stranger who opens many and says nothing keeps nobody out. A whole request keeps its connection until
 * it is answered; where all are being answered, the new one goes.
 */
export class Connections {
  /** Those without a whole request, in the order in which they came or were last answered. */
  readonly #waiting = new Set<Socket>()
  /** The answer to the newest request of each. */
  readonly #last = new WeakMap<Socket, { readonly outgoing: ServerResponse; isAnswered: boolean }>()
  #count = 0

  constructor(private readonly max: number) {}

  enter(socket: Socket): void {
    this.#count++
    socket.once('close', () => {
      this.#count--
      this.#waiting.delete(socket)
    })
    this.#waiting.add(socket)
    if (this.#count <= this.max) return
    const [longest = socket] = this.#waiting
    this.#waiting.delete(longest)
    longest.destroy()
  }

  /**
   * Of several requests in one stream each is begun when the one before it is answered, and not at all where that answer
   * ended the connection. Node would begin them all at once.
   */
  inTurn(incoming: IncomingMessage, outgoing: ServerResponse, begin: () => void): void {
    const { socket } = incoming
    const before = this.#last.get(socket)
    const place = { outgoing, isAnswered: false }
    this.#last.set(socket, place)
    incoming.once('end', () => {
      if (!place.isAnswered) this.#waiting.delete(socket)
    })
    outgoing.once('finish', () => {
      place.isAnswered = true
      this.#waiting.delete(socket)
      if (!socket.destroyed) this.#waiting.add(socket)
    })
    const next = () => {
      if (before === undefined || socket.writable) begin()
    }
    // `writableFinished` is true earlier, when it is not yet known whether the connection goes on.
    if (before === undefined || before.isAnswered) next()
    else before.outgoing.once('finish', next)
  }
}
