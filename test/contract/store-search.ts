import { describe, expect, it } from 'vitest'
import type { ArrivalMark, EventSearch, RunSearch } from '../../src/store/reports.js'
import type { Store } from '../../src/store/store.js'
import type { Subject } from './store.js'
import { arrival, claim, idOf, parkOnApproval, queueRun, recordEvent, start } from './store-fixtures.js'

/** What a page finds among many rows. */
export function searchPromises({ store }: Pick<Subject, 'store'>): void {
  describe('finding', () => findingPromises(store))
  describe('what could not be read', () => malformedPromises(store))
}

function findingPromises(store: () => Store): void {
  const events = async (search: Partial<EventSearch>) =>
    (await store().findEvents({ limit: 9, ...search })).events.map(({ id }) => id)
  const runs = async (search: Partial<RunSearch>) =>
    (await store().findRuns({ limit: 9, ...search })).runs.map(({ id }) => id)

  it('finds events by anything', async () => {
    const first = await recordEvent(store(), {
      type: 'pull_request.opened',
      subject: 'acme/Web#1',
      actor: 'ann',
    })
    const second = await recordEvent(
      store(),
      { type: 'issues.[x]', subject: 'acme/api#2' },
      { source: 'cd', receivedAt: start + 5 },
    )
    const decisions = [
      { agent: 'doctor', reason: 'matched' },
      { agent: 'clerk', reason: 'type' },
    ] as const
    await store().dispatch([{ eventId: first, decisions }], start)
    await store().dispatch(
      [{ eventId: second, decisions: [decisions[1]], echo: { runId: undefined, chain: 1 } }],
      start,
    )
    expect(await events({})).toEqual([second, first])
    expect(await events({ type: 'pull_*.op*' })).toEqual([first])
    expect(await events({ type: 'pull_*', source: 'cd' })).toEqual([])
    expect(await events({ type: 'issues.[x*' })).toEqual([second])
    expect(await events({ type: 'issues.[x]' })).toEqual([second])
    expect(await events({ state: 'ignored' })).toEqual([second])
    expect(await events({ subject: 'acme/api#2', source: 'cd' })).toEqual([second])
    expect(await events({ actor: 'ann' })).toEqual([first])
    expect(await events({ via: 'poll' })).toEqual([])
    expect(await events({ isEcho: true })).toEqual([second])
    expect(await events({ isEcho: false })).toEqual([first])
    expect(await events({ agent: 'doctor' })).toEqual([first])
    expect(await events({ agent: 'clerk' })).toEqual([])
    expect(await events({ text: 'web#' })).toEqual([first])
    expect(await events({ text: 'ISSUES' })).toEqual([second])
    expect(await events({ since: start + 5 })).toEqual([second])
    expect(await events({ until: start + 5 })).toEqual([first])
    expect((await store().findEvents({ limit: 1 })).events[0]?.data).toBeNull()
  })

  it('finds events by how an id begins, also that of a delivery', async () => {
    const first = arrival()
    const id = idOf((await store().record(first)).events[0]?.id)
    const again = { ...first, deliveryId: 'dlv_0again' }
    await store().record(again)
    await recordEvent(store())
    expect(await events({ id })).toEqual([id])
    expect(await events({ id: 'evt_' })).toHaveLength(2)
    expect(await events({ id: 'evt_0', source: 'cd' })).toEqual([])
    expect(await events({ id: first.deliveryId })).toEqual([id])
    expect(await events({ id: again.deliveryId.slice(0, 7) })).toEqual([id])
    expect(await events({ id: 'run_' })).toEqual([])
  })

  it('leads through all of them page by page, filtered or not', async () => {
    const ids: string[] = []
    for (let index = 0; index < 7; index++) {
      const event = { type: index % 2 === 0 ? 'even' : 'odd' }
      ids.unshift(await recordEvent(store(), event, { receivedAt: start + Math.floor(index / 3) }))
    }
    const pages = async (search: Partial<EventSearch>) => {
      const all: string[] = []
      for (let before: string | undefined, page = 0; page < 9; page++) {
        const found = await store().findEvents({ limit: 2, ...search, ...(before && { before }) })
        expect(found.isPartial).toBe(false)
        all.push(...found.events.map(({ id }) => id))
        if (found.next === undefined) break
        before = found.next
      }
      return all
    }
    expect(await pages({})).toEqual(ids)
    expect(await pages({ text: 'even' })).toEqual(ids.filter((_id, index) => index % 2 === 0))
    expect(await pages({ source: 'ci', type: 'odd' })).toEqual(ids.filter((_id, index) => index % 2 === 1))
    expect(await pages({ id: 'evt_' })).toEqual([...ids].sort().reverse())
    expect(await events({ before: 'evt_none' })).toEqual([])
  })

  it('finds runs by anything', async () => {
    const error = { code: 'limit.turns', message: '' } as const
    const parked = await queueRun(store(), 'doctor', 'a')
    const dead = await queueRun(store(), 'doctor', 'b', start + 1)
    const clerk = await queueRun(store(), 'clerk', 'a', start + 2)
    const { lease } = await claim(store())
    await store().finish(lease, { state: 'parked', on: 'budget' }, 1, start)
    const { lease: second } = await claim(store())
    await store().finish(second, { state: 'dead', error }, 1, start)
    expect(await runs({})).toEqual([clerk, dead, parked])
    expect(await runs({ limit: 1, before: clerk })).toEqual([dead])
    expect(await runs({ agent: 'doctor' })).toEqual([dead, parked])
    expect(await runs({ agent: 'doctor', state: 'completed' })).toEqual([])
    expect(await runs({ state: 'queued' })).toEqual([clerk])
    expect(await runs({ agent: 'doctor', state: 'dead' })).toEqual([dead])
    expect(await runs({ parkedOn: 'budget' })).toEqual([parked])
    expect(await runs({ subject: 'a' })).toEqual([clerk, parked])
    expect(await runs({ subject: 'a', agent: 'doctor' })).toEqual([parked])
    expect(await runs({ errorCode: 'limit.turns' })).toEqual([dead])
    expect(await runs({ since: start + 1, until: start + 2 })).toEqual([dead])
    expect(await runs({ id: clerk.slice(0, -1) })).toEqual([clerk])
    const eventId = (await store().run(clerk))?.eventId ?? ''
    expect(await runs({ eventId })).toEqual([clerk])
    expect(await runs({ eventId, agent: 'doctor' })).toEqual([])
  })

  it('finds approvals by state, agent, tool and time', async () => {
    const first = await parkOnApproval(store())
    const second = await parkOnApproval(store())
    const decision = { state: 'denied', by: 'ann', reason: undefined, digest: '' } as const
    await store().decide(first.approval.id, decision, start)
    const list = async (search: object) =>
      (await store().findApprovals({ limit: 9, ...search })).approvals.map(({ id }) => id)
    expect(await list({})).toEqual([second.approval.id, first.approval.id])
    expect(await list({ before: second.approval.id })).toEqual([first.approval.id])
    expect(await list({ state: 'denied', agent: 'doctor', tool: 'refund' })).toEqual([first.approval.id])
    expect(await list({ tool: 'other' })).toEqual([])
    expect(await list({ until: start })).toEqual([])
  })
}

function malformedPromises(store: () => Store): void {
  const tell = async (source: string, receivedAt: number) => {
    const one = { ...arrival({ source, receivedAt }), reason: 'no JSON' }
    await store().recordMalformed(one)
    return one.deliveryId
  }

  it('lists deliveries that could not be read, of all sources, page by page, and nothing else', async () => {
    const given = arrival()
    await store().record(given)
    await store().record({ ...given, deliveryId: 'dlv_again' })
    const ids: string[] = []
    for (let index = 0; index < 7; index++)
      ids.unshift(await tell(index % 3 === 0 ? 'shop' : 'ci', start + Math.floor(index / 2)))
    const pages: string[][] = []
    for (let before: ArrivalMark | undefined; pages.length < 9; ) {
      const { deliveries, next, isPartial } = await store().findMalformed({
        limit: 3,
        ...(before && { before }),
      })
      expect(isPartial).toBe(false)
      pages.push(deliveries.map(({ id }) => id))
      if (next === undefined) break
      before = next
    }
    expect(pages).toEqual([ids.slice(0, 3), ids.slice(3, 6), ids.slice(6)])
    const [newest] = (await store().findMalformed({ limit: 1 })).deliveries
    expect(newest).toMatchObject({ source: 'shop', state: 'malformed', reason: 'no JSON', body: undefined })
    expect(newest?.bodyBytes).toBeGreaterThan(0)
    expect((await store().delivery(newest?.id ?? ''))?.body?.length).toBe(newest?.bodyBytes)
  })
}
