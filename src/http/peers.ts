import type { Clock } from '../util/clock.js'

const windowMs = 60_000
const maxPeers = 10_000

/**
 * Counts refused deliveries by peer, so that a flood of them gets the cheap answer. It is asked only after
 * verification has failed: a verified delivery from the same address is never touched.
 */
export class PeerLimiter {
  #windowStartedAt = 0
  #refused = new Map<string, number>()

  constructor(
    private readonly clock: Clock,
    private readonly maxPerMinute: number,
  ) {}

  /** Counts one refusal, and says whether the peer has had more than its share this minute. */
  isOver(peer: string): boolean {
    const now = this.clock.monotonic()
    if (now - this.#windowStartedAt >= windowMs || this.#refused.size >= maxPeers) {
      this.#windowStartedAt = now
      this.#refused = new Map()
    }
    const count = (this.#refused.get(peer) ?? 0) + 1
    this.#refused.set(peer, count)
    return count > this.maxPerMinute
  }
}
