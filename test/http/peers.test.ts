import { describe, expect, it } from 'vitest'
import { PeerLimiter } from '../../src/http/peers.js'
import { FakeClock } from '../support/fake-clock.js'

const times = (count: number, isOver: () => boolean) => Array.from({ length: count }, isOver)

describe('the limit of refusals', () => {
  it('is over after so many in a minute, each peer for itself', () => {
    const peers = new PeerLimiter(new FakeClock(), 3)
    expect(times(5, () => peers.isOver('192.0.2.1'))).toEqual([false, false, false, true, true])
    expect(peers.isOver('192.0.2.2')).toBe(false)
  })

  it('begins anew each minute, and not when the wall clock jumps', () => {
    const clock = new FakeClock()
    const peers = new PeerLimiter(clock, 1)
    expect(times(2, () => peers.isOver('192.0.2.1'))).toEqual([false, true])
    clock.set(clock.now() + 3_600_000)
    clock.advance(59_999)
    expect(peers.isOver('192.0.2.1')).toBe(true)
    clock.advance(1)
    expect(peers.isOver('192.0.2.1')).toBe(false)
  })

  it('remembers no more than ten thousand peers', () => {
    const peers = new PeerLimiter(new FakeClock(), 1)
    expect(times(2, () => peers.isOver('192.0.2.1'))).toEqual([false, true])
    for (let at = 0; at < 9999; at++) peers.isOver(`peer ${at}`)
    expect(peers.isOver('192.0.2.1')).toBe(false)
  })

  it('takes a name of an object’s prototype for a peer like any other', () => {
    const peers = new PeerLimiter(new FakeClock(), 1)
    expect(times(2, () => peers.isOver('__proto__'))).toEqual([false, true])
  })
})
