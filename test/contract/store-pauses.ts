import { expect, it } from 'vitest'
import type { NewAlert } from '../../src/store/records.js'
import type { Subject } from './store.js'
import {
  claim,
  intent,
  minute,
  parkOnApproval,
  propose,
  queueRun,
  recordEvent,
  start,
  startRun,
  tryClaim,
} from './store-fixtures.js'

export function pausePromises({ store }: Subject): void {
  it('parks what has not begun of the agents named, and of no other', async () => {
    const ready = await queueRun(store(), 'doctor', 'a')
    const blocked = await queueRun(store(), 'doctor', 'a')
    const other = await queueRun(store(), 'clerk', 'a')
    expect(await store().pause('agent', ['doctor', 'nobody'], start)).toBe(2)
    for (const id of [ready, blocked]) {
      expect(await store().run(id)).toMatchObject({ state: 'parked', parkedOn: 'agent', nextAt: undefined })
    }
    expect((await claim(store())).run.id).toBe(other)
    expect(await tryClaim(store(), { now: start + 99 * minute })).toBeUndefined()
    expect(await store().pause('agent', ['doctor'], start)).toBe(0)
    expect((await store().listRuns({ parkedOn: 'agent', limit: 9 })).map(({ id }) => id)).toEqual([
      blocked,
      ready,
    ])
  })

  it('leaves what has begun, and what waits for something else, as it is', async () => {
    const { lease } = await parkOnApproval(store())
    const begun = await startRun(store(), 'doctor')
    await store().beginRun(begun, 'digest', start)
    await store().finish(begun, { state: 'parked', on: 'time', until: start + minute }, 1, start)
    const budget = await startRun(store(), 'doctor')
    await store().finish(budget, { state: 'parked', on: 'budget', until: start + minute }, 1, start)
    const running = await startRun(store(), 'clerk')
    expect(await store().pause('disk', undefined, start)).toBe(0)
    const states = [lease, begun, budget, running].map(async ({ runId }) => {
      const run = await store().run(runId)
      return run?.parkedOn ?? run?.state
    })
    expect(await Promise.all(states)).toEqual(['approval', 'time', 'budget', 'running'])
  })

  it('queues again what was paused for that reason, in order, each when its turn has come', async () => {
    const first = await queueRun(store(), 'doctor', 'a')
    const second = await queueRun(store(), 'doctor', 'a')
    const other = await queueRun(store(), 'clerk', 'b')
    await store().pause('disk', ['clerk'], start)
    await store().pause('agent', ['doctor'], start)
    expect(await store().resume('agent', [], start)).toBe(2)
    expect(await store().resume('agent', [], start)).toBe(0)
    expect(await store().run(first)).toMatchObject({ state: 'queued', parkedOn: undefined })
    const { lease } = await claim(store())
    expect(lease.runId).toBe(first)
    expect(await tryClaim(store())).toBeUndefined()
    await store().finish(lease, { state: 'completed', summary: '' }, 1, start)
    expect((await claim(store())).run.id).toBe(second)
    expect(await store().resume('disk', [], start)).toBe(1)
    expect((await claim(store())).run.id).toBe(other)
  })

  it('keeps those paused whose agents are named', async () => {
    const runIds = new Map<string, string>()
    for (const agent of ['a', 'b', 'c', 'd']) runIds.set(agent, await queueRun(store(), agent, 's'))
    await store().pause('agent', ['a', 'b', 'c', 'd'], start)
    expect(await store().resume('agent', ['b', 'd', 'nobody'], start)).toBe(2)
    expect((await claim(store())).run.agent).toBe('a')
    expect((await claim(store())).run.agent).toBe('c')
    expect(await tryClaim(store())).toBeUndefined()
    await store().cancelRun(runIds.get('b') ?? '', 'not needed', start)
    expect(await store().resume('agent', [], start)).toBe(1)
    expect((await claim(store())).run.agent).toBe('d')
  })

  it('does not let the end of an earlier run wake one that is paused', async () => {
    const first = await queueRun(store(), 'doctor', 'a')
    const { lease } = await claim(store())
    expect(lease.runId).toBe(first)
    const second = await queueRun(store(), 'doctor', 'a')
    await store().pause('agent', ['doctor'], start)
    await store().finish(lease, { state: 'completed', summary: '' }, 1, start)
    expect(await tryClaim(store(), { now: start + 99 * minute })).toBeUndefined()
    expect((await store().run(second))?.parkedOn).toBe('agent')
    await store().resume('agent', [], start)
    expect((await claim(store())).run.id).toBe(second)
  })

  it('lets a paused run be cancelled, and what waits behind it go on', async () => {
    const first = await queueRun(store(), 'doctor', 'a')
    await store().pause('agent', ['doctor'], start)
    const second = await queueRun(store(), 'doctor', 'a')
    await store().cancelRun(first, 'not needed', start)
    expect((await claim(store())).run.id).toBe(second)
  })

  const disk: NewAlert = { cause: 'disk', code: 'store.disk_low', message: 'Make room.' }
  const model: NewAlert = { cause: 'model default', code: 'model.unauthorized', message: 'Set the key.' }

  it('raises one alert for one cause, counts it while it stands, and says when it is new', async () => {
    expect(await store().raiseAlert(model, start)).toBe(true)
    expect(await store().raiseAlert({ ...model, message: 'Still.' }, start + 1)).toBe(false)
    expect(await store().raiseAlert(disk, start + 2)).toBe(true)
    expect(await store().listAlerts(10)).toEqual([
      { ...disk, raisedAt: start + 2, lastAt: start + 2, count: 1, resolvedAt: undefined },
      { ...model, message: 'Still.', raisedAt: start, lastAt: start + 1, count: 2, resolvedAt: undefined },
    ])
  })

  it('forgets what has been over for long, a few at a time, and never what stands', async () => {
    for (const at of [1, 2, 3]) await store().raiseAlert({ ...disk, cause: `approval ${at}` }, start)
    await store().raiseAlert(model, start)
    for (const at of [1, 2, 3]) await store().resolveAlert(`approval ${at}`, start + at)
    expect(await store().pruneAlerts(start + 1, 10)).toBe(0)
    expect(await store().pruneAlerts(start + 3, 1)).toBe(1)
    expect(await store().pruneAlerts(start + 3, 10)).toBe(1)
    expect((await store().listAlerts(10)).map(({ cause }) => cause)).toEqual([model.cause, 'approval 3'])
  })

  it('says which alert stood when it is resolved, and counts anew when it comes back', async () => {
    expect(await store().resolveAlert('disk', start)).toBe(false)
    await store().raiseAlert(disk, start)
    await store().raiseAlert(disk, start + 1)
    expect(await store().resolveAlert('disk', start + 2)).toBe(true)
    expect(await store().resolveAlert('disk', start + 3)).toBe(false)
    expect(await store().listAlerts(10)).toEqual([
      { ...disk, raisedAt: start, lastAt: start + 1, count: 2, resolvedAt: start + 2 },
    ])
    await store().raiseAlert(model, start - 5)
    expect((await store().listAlerts(10)).map(({ cause }) => cause)).toEqual(['model default', 'disk'])
    expect(await store().listAlerts(1)).toHaveLength(1)
    expect(await store().raiseAlert(disk, start + 9)).toBe(true)
    expect((await store().listAlerts(10))[0]).toEqual({
      ...disk,
      raisedAt: start + 9,
      lastAt: start + 9,
      count: 1,
      resolvedAt: undefined,
    })
  })

  it('counts the looks for a write of unknown outcome, from its last send on, and no others', async () => {
    const { lease, callId } = await propose(store())
    const look = (at: number) => store().countLook(lease, callId, at)
    const looked = async () => {
      const call = await store().toolCall(callId)
      return [call?.looks, call?.lookedAt, call?.firstSentAt, call?.lastSentAt]
    }
    await expect(look(start)).rejects.toMatchObject({ code: 'store.conflict' })
    await store().prepare(lease, callId, intent(), start)
    await store().markSent(lease, callId, start + 1)
    await expect(look(start)).rejects.toMatchObject({ code: 'store.conflict' })
    expect(await looked()).toEqual([0, undefined, start + 1, start + 1])
    await store().settle(lease, callId, { state: 'unknown' }, start + 2)
    await look(start + 3)
    await look(start + 4)
    expect(await looked()).toEqual([2, start + 4, start + 1, start + 1])
    await expect(store().countLook({ ...lease, fence: 7 }, callId, start)).rejects.toMatchObject({
      code: 'store.lease_lost',
    })
    await store().markSent(lease, callId, start + 5)
    expect(await looked()).toEqual([0, undefined, start + 1, start + 5])
  })

  it('forgets when it was sent where nothing left', async () => {
    const { lease, callId } = await propose(store())
    await store().prepare(lease, callId, intent(), start)
    await store().markSent(lease, callId, start + 1)
    await store().takeBack(lease, callId, start + 2)
    const call = await store().toolCall(callId)
    expect([call?.state, call?.sends, call?.firstSentAt, call?.lastSentAt]).toEqual([
      'prepared',
      0,
      undefined,
      undefined,
    ])
  })

  it('gives the one event of a run that sees one, and none for a run that is not there', async () => {
    const runId = await queueRun(store(), 'doctor', 'a')
    const eventId = (await store().run(runId))?.eventId
    expect((await store().eventsOf(runId)).map(({ id }) => id)).toEqual([eventId])
    expect(await store().eventsOf('run_none')).toEqual([])
    expect(await store().runsOf(await recordEvent(store()))).toEqual([])
  })
}
