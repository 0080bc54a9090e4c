import { expect, it } from 'vitest'
import type { Telling } from '../../src/domain/alerting.js'
import type { Subject } from './store.js'
import { claim, minute, queueRun, recordEvent, start } from './store-fixtures.js'

const telling: Telling = {
  ...{ target: 'a1', cause: 'disk', code: 'store.disk_low', raisedAt: start, toldAt: undefined, times: 0 },
}

/** What alerts are made of, and what was told of them. */
export function alertPromises({ store, another }: Subject): void {
  it('keeps one telling for each target and cause, and gives it to the next process', async () => {
    await store().recordTelling(telling)
    await store().recordTelling({ ...telling, target: 'b2' })
    const told = { ...telling, toldAt: start + 1, times: 1 }
    await store().recordTelling(told)
    const other = await another()
    expect(await other.tellings()).toEqual([told, { ...telling, target: 'b2' }])
    await store().forgetTelling('a1', 'disk')
    await store().forgetTelling('a1', 'disk')
    expect(await other.tellings()).toEqual([{ ...telling, target: 'b2' }])
    await other.close()
  })

  it('counts what could go on and has not begun, with the oldest', async () => {
    const none = { count: 0, oldestAt: undefined }
    expect(await store().backlog()).toEqual({ events: none, runs: none })
    await recordEvent(store(), {}, { receivedAt: start - minute })
    await recordEvent(store(), {}, { receivedAt: start })
    await queueRun(store(), 'doctor', 'a', start - 5)
    // Behind another of its subject nothing but that keeps it.
    await queueRun(store(), 'doctor', 'a', start - 9)
    await queueRun(store(), 'doctor', 'b', start)
    expect(await store().backlog()).toEqual({
      events: { count: 2, oldestAt: start - minute },
      runs: { count: 2, oldestAt: start - 5 },
    })
    await claim(store())
    expect((await store().backlog()).runs).toEqual({ count: 1, oldestAt: start })
  })

  it('tells of dead runs by agent: since a time, not those that were replayed, not those that killed the process', async () => {
    const die = async (subject: string, at: number, code: 'limit.turns' | 'limit.crashes') => {
      await queueRun(store(), 'doctor', subject, at)
      const { lease, run } = await claim(store(), { now: at })
      await store().finish(lease, { state: 'dead', error: { code, message: 'x' } }, 1, at)
      return run
    }
    await die('old', start - minute, 'limit.turns')
    const first = await die('a', start, 'limit.turns')
    await die('b', start, 'limit.crashes')
    expect(await store().deadRuns(start)).toEqual([
      { agent: 'doctor', count: 1, runId: first.id, eventId: first.eventId, code: 'limit.turns' },
    ])
    await store().replay(first.eventId, 'doctor', start)
    expect(await store().deadRuns(start)).toEqual([])
  })
}
