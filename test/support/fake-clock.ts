import type { Clock } from '../../src/util/clock.js'

/** A clock that moves when it is told to. */
export class FakeClock implements Clock {
  #now: number
  #monotonic = 0

  constructor(start = Date.parse('2026-11-21T07:00:00Z')) {
    this.#now = start
  }

  readonly now = (): number => this.#now
  readonly monotonic = (): number => this.#monotonic

  advance(ms: number): void {
    this.#now += ms
    this.#monotonic += ms
  }

  /** The wall clock jumps; the other does not. */
  set(now: number): void {
    this.#now = now
  }
}
