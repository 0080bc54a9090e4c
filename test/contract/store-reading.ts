import { expect, it } from 'vitest'
import type { Subject } from './store.js'
import {
  arrival,
  claim,
  draft,
  idOf,
  intent,
  minute,
  parkOnApproval,
  propose,
  queueRun,
  recordEvent,
  start,
  startRun,
} from './store-fixtures.js'

export function readingPromises({ store, another }: Subject): void {
  it('says undefined for what is not there', async () => {
    expect(await store().event('evt_none')).toBeUndefined()
    expect(await store().delivery('dlv_none')).toBeUndefined()
    expect(await store().run('run_none')).toBeUndefined()
    expect(await store().approval('apr_none')).toBeUndefined()
    expect(await store().toolCall('tcl_none')).toBeUndefined()
    expect(await store().deliveriesOf('evt_none')).toEqual([])
    expect(await store().runsOf('evt_none')).toEqual([])
    await expect(store().journal('run_none')).rejects.toMatchObject({ code: 'store.not_found' })
  })

  it('names the run that is to end before another one’s turn comes', async () => {
    const first = await queueRun(store(), 'doctor', 'a')
    const second = await queueRun(store(), 'doctor', 'a')
    expect((await store().journal(first)).behind).toBeUndefined()
    expect((await store().journal(second)).behind).toBe(first)
    await store().cancelRun(first, 'enough', start)
    expect((await store().journal(second)).behind).toBeUndefined()
  })

  it('lists events of one subject', async () => {
    const id = await recordEvent(store(), { subject: 'acme/web#1' })
    await recordEvent(store(), { subject: 'acme/web#2' })
    expect((await store().listEvents({ subject: 'acme/web#1', limit: 9 })).map((event) => event.id)).toEqual([
      id,
    ])
  })

  it('lists simulated writes newest first, by agent and by when', async () => {
    const simulation = {
      intent: intent(),
      output: { ok: true, result: 'recorded' },
      note: 'not sent',
    } as const
    const made: string[] = []
    for (const _ of [1, 2]) {
      const { lease, callId } = await propose(store())
      expect(await store().listSimulated({ limit: 9 })).toHaveLength(made.length)
      await store().simulate(lease, callId, simulation, start + made.length)
      made.unshift(callId)
    }
    const list = async (filter: object) =>
      (await store().listSimulated({ limit: 9, ...filter })).map(({ id }) => id)
    expect(await list({})).toEqual(made)
    expect(await list({ limit: 1 })).toEqual(made.slice(0, 1))
    expect(await list({ since: start + 1, agent: 'doctor' })).toEqual(made.slice(0, 1))
    expect(await list({ agent: 'nobody' })).toEqual([])
  })

  it('says what stands in the counters of budgets', async () => {
    const { lease, callId } = await propose(store())
    await store().prepare(lease, callId, intent([{ counter: 'a', amount: 5, limit: 9 }]), start)
    expect(await store().spent(['b', 'a', 'a'])).toEqual([0, 5, 5])
    await store().settle(lease, callId, { state: 'denied' }, start)
    expect(await store().spent(['a'])).toEqual([0])
  })

  it('lists events newest first, filtered and page by page', async () => {
    const ids: string[] = []
    for (let index = 0; index < 7; index++) {
      const event = { type: index % 2 === 0 ? 'even' : 'odd' }
      ids.unshift(
        await recordEvent(store(), event, {
          source: index < 5 ? 'ci' : 'cd',
          receivedAt: start + Math.floor(index / 2),
        }),
      )
    }
    const list = async (filter: Parameters<ReturnType<typeof store>['listEvents']>[0]) =>
      (await store().listEvents(filter)).map(({ id }) => id)
    expect(await list({ limit: 100 })).toEqual(ids)
    const pages: string[] = []
    for (let before: string | undefined, page = 0; page < 4; page++) {
      const next = await list({ limit: 2, ...(before !== undefined && { before }) })
      pages.push(...next)
      before = next.at(-1)
    }
    expect(pages).toEqual(ids)
    expect(await list({ source: 'cd', limit: 9 })).toEqual(ids.slice(0, 2))
    expect(await list({ type: 'odd', limit: 9 })).toEqual([ids[1], ids[3], ids[5]])
    expect(await list({ type: 'odd', source: 'ci', since: start + 1, limit: 9 })).toEqual([ids[3]])
    expect(await list({ since: start + 3, limit: 9 })).toEqual([ids[0]])
    await store().dispatch([{ eventId: ids[2] ?? '', decisions: [] }], start)
    expect(await list({ state: 'ignored', limit: 9 })).toEqual([ids[2]])
    expect(await list({ state: 'recorded', limit: 9 })).toHaveLength(6)
    expect(await list({ before: 'evt_none', limit: 9 })).toEqual([])
  })

  it('lists runs newest first, filtered and page by page', async () => {
    const ids: string[] = []
    for (let index = 0; index < 5; index++)
      ids.unshift(await queueRun(store(), index === 2 ? 'clerk' : 'doctor', `s${index}`, start + index))
    const { lease } = await claim(store())
    await store().finish(lease, { state: 'parked', on: 'budget', until: start + minute }, 1, start)
    const list = async (filter: Parameters<ReturnType<typeof store>['listRuns']>[0]) =>
      (await store().listRuns(filter)).map(({ id }) => id)
    expect(await list({ limit: 9 })).toEqual(ids)
    expect(await list({ limit: 2, before: ids[1] ?? '' })).toEqual([ids[2], ids[3]])
    expect(await list({ agent: 'clerk', limit: 9 })).toEqual([ids[2]])
    expect(await list({ state: 'queued', limit: 9 })).toEqual(ids.slice(0, 4))
    expect(await list({ parkedOn: 'budget', limit: 9 })).toEqual([ids[4]])
    expect(await list({ parkedOn: 'approval', limit: 9 })).toEqual([])
    expect(await list({ since: start + 3, limit: 9 })).toEqual(ids.slice(0, 2))
  })

  it('lists approvals newest first, by state', async () => {
    const first = await parkOnApproval(store())
    const second = await parkOnApproval(store())
    await store().decide(
      first.approval.id,
      { state: 'denied', by: 'ann', reason: undefined, digest: '' },
      start,
    )
    const list = async (filter: Parameters<ReturnType<typeof store>['listApprovals']>[0]) =>
      (await store().listApprovals(filter)).map(({ id }) => id)
    expect(await list({ limit: 9 })).toEqual([second.approval.id, first.approval.id])
    expect(await list({ state: 'waiting', limit: 9 })).toEqual([second.approval.id])
    expect(await list({ limit: 1 })).toEqual([second.approval.id])
  })

  it('counts what is in each state', async () => {
    const given = arrival()
    await store().record(given)
    await store().record({ ...arrival(), body: given.body, bodyDigest: given.bodyDigest })
    await recordEvent(store(), {}).then((eventId) => store().dispatch([{ eventId, decisions: [] }], start))
    const lease = await startRun(store())
    await store().finish(lease, { state: 'completed', summary: '' }, 1, start)
    await startRun(store())
    await store().cancelRun(await queueRun(store(), 'doctor', 'q'), 'no', start)
    await parkOnApproval(store())
    expect(await store().counts()).toEqual({
      deliveries: { recorded: 6, duplicate: 1, malformed: 0 },
      events: { recorded: 1, dispatched: 4, ignored: 1 },
      runs: { queued: 0, running: 1, parked: 1, failed: 0, completed: 1, dead: 0, cancelled: 1 },
      approvalsWaiting: 1,
      held: 0,
    })
  })

  it('does not count what was rolled back beside a neighbour', async () => {
    const first = arrival()
    await store().record(first)
    await Promise.allSettled([
      store().record(arrival()),
      store().record({ ...arrival(), deliveryId: first.deliveryId }),
    ])
    const { deliveries } = await store().counts()
    expect(deliveries).toEqual({ recorded: 2, duplicate: 0, malformed: 0 })
  })

  it('has a version that changes with every commit, also of another process, and with nothing else', async () => {
    const before = await store().version()
    expect(await store().version()).toBe(before)
    await recordEvent(store())
    const after = await store().version()
    expect(after).not.toBe(before)
    await store().listEvents({ limit: 5 })
    expect(await store().version()).toBe(after)
    const other = await another()
    await recordEvent(other)
    await other.close()
    expect(await store().version()).not.toBe(after)
  })

  it('shows at once what another process wrote', async () => {
    const other = await another()
    const id = await recordEvent(other, { sourceEventId: 'there' })
    expect((await store().event(id))?.sourceEventId).toBe('there')
    expect((await store().record(arrival({ events: [draft({ sourceEventId: 'there' })] }))).events).toEqual([
      { id, isNew: false },
    ])
    await other.close()
  })

  it('rejects what is asked of it after it was closed, and commits what came before', async () => {
    const other = await another()
    const pending = other.record(arrival())
    await other.close()
    const id = idOf((await pending).events[0]?.id)
    expect((await store().event(id))?.id).toBe(id)
    await expect(other.record(arrival())).rejects.toMatchObject({ code: 'store.unavailable' })
    await expect(other.event(id)).rejects.toMatchObject({ code: 'store.unavailable' })
  })

  it('shows settings that are all as they must be', async () => {
    const { settings, sizeBytes, freeBytes, place } = await store().diagnose()
    expect(settings.length).toBeGreaterThan(0)
    for (const { value, expected } of settings) expect(value).toBe(expected)
    expect(sizeBytes).toBeGreaterThan(0)
    expect(freeBytes).toBeGreaterThan(0)
    expect(place).not.toBe('')
  })
}
