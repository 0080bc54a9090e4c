import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Lease, RunOutcome } from '../../src/domain/run.js'
import type { Subject } from './store.js'
import {
  claim,
  idOf,
  intent,
  minute,
  newCall,
  propose,
  queueRun,
  recordEvent,
  request,
  start,
  startRun,
  step,
  tryClaim,
} from './store-fixtures.js'

export function claimPromises({ store, another }: Subject): void {
  it('claims the oldest run, with its event, and nothing twice', async () => {
    const first = await queueRun(store(), 'doctor', 'a', start)
    const second = await queueRun(store(), 'clerk', 'b', start + 1)
    const claimed = await claim(store(), { now: start + 5 })
    expect(claimed.lease).toEqual({ runId: first, node: 'node-1', fence: 1 })
    expect(claimed.run).toMatchObject({
      id: first,
      state: 'running',
      agent: 'doctor',
      subject: 'a',
      attempts: 0,
    })
    expect(claimed.event).toMatchObject({ id: claimed.run.eventId, type: 'build.failed', subject: 'a' })
    expect((await claim(store())).run.id).toBe(second)
    expect(await tryClaim(store())).toBeUndefined()
  })

  it('gives each run to one of many that claim at once', async () => {
    const runIds = []
    for (let index = 0; index < 20; index++) runIds.push(await queueRun(store(), 'doctor', `s${index}`))
    const other = await another()
    const claims = await Promise.all(
      Array.from({ length: 30 }, (_, index) =>
        tryClaim(index % 2 === 0 ? store() : other, { node: `n${index}` }),
      ),
    )
    await other.close()
    const taken = claims.flatMap((claimed) => claimed?.run.id ?? [])
    expect(taken.toSorted()).toEqual(runIds.toSorted())
  })

  it('lets runs of one agent on one subject happen one after the other', async () => {
    const first = await queueRun(store(), 'doctor', 'a')
    const second = await queueRun(store(), 'doctor', 'a')
    const third = await queueRun(store(), 'doctor', 'a')
    const elsewhere = await queueRun(store(), 'clerk', 'a')
    const { lease } = await claim(store())
    expect(lease.runId).toBe(first)
    expect((await claim(store())).run.id).toBe(elsewhere)
    expect(await tryClaim(store())).toBeUndefined()
    await store().finish(lease, { state: 'completed', summary: '' }, 1, start)
    const next = await claim(store())
    expect(next.run.id).toBe(second)
    expect(await tryClaim(store())).toBeUndefined()
    await store().finish(next.lease, { state: 'dead', error: { code: 'limit.turns', message: '' } }, 1, start)
    expect((await claim(store())).run.id).toBe(third)
  })

  const waits: readonly (readonly [string, RunOutcome])[] = [
    ['parked on a time', { state: 'parked', on: 'time', until: start + minute }],
    ['parked on a person', { state: 'parked', on: 'person' }],
    ['failed', { state: 'failed', nextAt: start + minute, error: { code: 'tool.timeout', message: '' } }],
  ]
  it.each(waits)('holds later runs of the same subject back while one is %s', async (_, outcome) => {
    await queueRun(store(), 'doctor', 'a')
    const later = await queueRun(store(), 'doctor', 'a')
    const { lease } = await claim(store())
    await store().finish(lease, outcome, 1, start)
    const afterwards = await queueRun(store(), 'doctor', 'a')
    expect(await tryClaim(store())).toBeUndefined()
    await store().cancelRun(lease.runId, 'enough', start)
    expect((await claim(store())).run.id).toBe(later)
    expect(afterwards).not.toBe(later)
    expect(await tryClaim(store())).toBeUndefined()
  })

  it('runs on events without a subject do not wait for each other', async () => {
    for (let index = 0; index < 3; index++) {
      const eventId = await recordEvent(store(), index === 0 ? { subject: '' } : {})
      await store().dispatch([{ eventId, decisions: [{ agent: 'doctor', reason: 'matched' }] }], start)
    }
    const subjects = [await claim(store()), await claim(store()), await claim(store())].map(
      ({ run }) => run.subject === run.eventId,
    )
    expect(subjects).toEqual([true, true, true])
  })

  it('takes a waiting run only when its time has come, and then by age', async () => {
    const early = await startRun(store())
    const later = await startRun(store())
    await store().finish(
      later,
      { state: 'failed', nextAt: start + minute, error: { code: 'tool.timeout', message: 'x' } },
      1,
      start,
    )
    await store().finish(early, { state: 'parked', on: 'time', until: start + 2 * minute }, 1, start)
    const queued = await queueRun(store(), 'clerk', 'z')
    expect((await claim(store(), { now: start + minute - 1 })).run.id).toBe(queued)
    expect(await tryClaim(store(), { now: start + minute - 1 })).toBeUndefined()
    const newest = await queueRun(store(), 'clerk', 'y')
    const order = []
    for (let index = 0; index < 3; index++)
      order.push((await claim(store(), { now: start + 2 * minute })).run.id)
    expect(order).toEqual([early.runId, later.runId, newest])
  })

  it('passes over the agents it is told to', async () => {
    await queueRun(store(), 'doctor', 'a')
    const clerk = await queueRun(store(), 'clerk', 'a')
    expect(await tryClaim(store(), { notAgents: ['doctor', 'clerk'] })).toBeUndefined()
    expect((await claim(store(), { notAgents: ['doctor'] })).run.id).toBe(clerk)
  })

  it('passes over runs that were held when a process died, where it is told to', async () => {
    const suspect = await queueRun(store(), 'doctor', 'a')
    await claim(store(), { node: 'old' })
    const behind = await queueRun(store(), 'doctor', 'a')
    const innocent = await queueRun(store(), 'doctor', 'b')
    await store().recoverRuns({ node: 'new', alone: true, now: start, maxCrashes: 3 })
    expect((await claim(store(), { noSuspects: true })).run.id).toBe(innocent)
    expect(await tryClaim(store(), { noSuspects: true })).toBeUndefined()
    const { lease } = await claim(store())
    expect(lease.runId).toBe(suspect)
    // It got somewhere: it is no suspect any more.
    await store().appendStep(lease, step(), [], start)
    await store().finish(lease, { state: 'parked', on: 'time', until: start }, 1, start)
    const again = await claim(store(), { noSuspects: true })
    expect(again.run.id).toBe(suspect)
    await store().finish(again.lease, { state: 'completed', summary: '' }, 1, start)
    expect((await claim(store(), { noSuspects: true })).run.id).toBe(behind)
  })

  it('tells of a newer event that an earlier run of the subject was about', async () => {
    const deliver = async (time: number, agent = 'doctor', subject = 'a') => {
      const eventId = await recordEvent(store(), { subject, time })
      await store().dispatch([{ eventId, decisions: [{ agent, reason: 'matched' }] }], start)
    }
    const times = [start + 10, start + 30, start + 20, start + 30, start + 31]
    for (const time of times) await deliver(time)
    await deliver(start, 'clerk')
    await deliver(start, 'doctor', 'b')
    const found = []
    for (;;) {
      const claimed = await tryClaim(store())
      if (!claimed) break
      found.push([claimed.run.agent, claimed.run.subject, claimed.event.time, claimed.newerEventAt])
      await store().finish(claimed.lease, { state: 'completed', summary: '' }, 1, start)
    }
    expect(found).toEqual([
      ['doctor', 'a', start + 10, undefined],
      ['doctor', 'a', start + 30, undefined],
      ['doctor', 'a', start + 20, start + 30],
      ['doctor', 'a', start + 30, undefined],
      ['doctor', 'a', start + 31, undefined],
      ['clerk', 'a', start, undefined],
      ['doctor', 'b', start, undefined],
    ])
  })

  it('tells the same of an event that came out of order each time it is claimed, and of its replay', async () => {
    const ids = []
    for (const time of [start + 10, start]) {
      const eventId = await recordEvent(store(), { subject: 'a', time })
      await store().dispatch([{ eventId, decisions: [{ agent: 'doctor', reason: 'matched' }] }], start)
      ids.push(eventId)
    }
    const first = await claim(store())
    await store().finish(first.lease, { state: 'completed', summary: '' }, 1, start)
    for (let claims = 0; claims < 2; claims++) {
      const { lease, newerEventAt } = await claim(store())
      expect(newerEventAt).toBe(start + 10)
      await store().finish(lease, { state: 'parked', on: 'time', until: start }, 1, start)
    }
    const { lease } = await claim(store())
    await store().finish(lease, { state: 'completed', summary: '' }, 1, start)
    await store().replay(idOf(ids[1]), 'doctor', start)
    expect((await claim(store())).newerEventAt).toBe(start + 10)
  })

  it('clears what a run waited on when it is claimed again, and raises the fence', async () => {
    const lease = await startRun(store())
    await store().finish(lease, { state: 'parked', on: 'budget', until: start + 5 }, 1, start)
    expect(await store().run(lease.runId)).toMatchObject({
      state: 'parked',
      parkedOn: 'budget',
      nextAt: start + 5,
    })
    const again = await claim(store(), { now: start + 5 })
    expect(again.lease.fence).toBe(2)
    expect(again.run).toMatchObject({ state: 'running', parkedOn: undefined, nextAt: undefined })
  })

  it('gives back the runs whose lease ran out, and counts the crash', async () => {
    const lost = await startRun(store(), 'doctor', { leaseMs: minute })
    const held = await startRun(store(), 'doctor', { leaseMs: 10 * minute })
    const now = start + 2 * minute
    expect(await store().recoverRuns({ node: 'node-2', alone: false, now, maxCrashes: 3 })).toEqual([
      lost.runId,
    ])
    expect(await store().run(lost.runId)).toMatchObject({ state: 'queued', crashes: 1, attempts: 0 })
    expect(await store().run(held.runId)).toMatchObject({ state: 'running', crashes: 0 })
    expect((await store().journal(lost.runId)).attempts).toEqual([
      {
        number: 1,
        node: 'node-1',
        startedAt: start,
        endedAt: undefined,
        outcome: 'crashed',
        error: undefined,
      },
    ])
  })

  it('counts no crash of a node that let go of its run and lives', async () => {
    const { runId } = await startRun(store(), 'doctor', { node: 'node-1', leaseMs: minute })
    const now = start + 2 * minute
    expect(await store().recoverRuns({ node: 'node-1', alone: false, now, maxCrashes: 0 })).toEqual([runId])
    expect(await store().run(runId)).toMatchObject({ state: 'queued', crashes: 0, error: undefined })
    expect((await store().journal(runId)).attempts).toMatchObject([
      { endedAt: now, outcome: 'failed', error: { code: 'store.lease_lost' } },
    ])
  })

  it('goes on with what waited for a restart, whatever the clock says', async () => {
    const lease = await startRun(store())
    await store().finish(lease, { state: 'parked', on: 'restart', until: start + 9 * minute }, 1, start)
    await store().recoverRuns({ node: 'next', alone: true, now: start, maxCrashes: 1 })
    expect((await claim(store(), { now: start })).run.id).toBe(lease.runId)
  })

  it('takes a time that no wait is as long as for that of a clock that was wrong', async () => {
    const lease = await startRun(store())
    const day = 86_400_000
    await store().finish(lease, { state: 'parked', on: 'quiet', until: start + 30 * day }, 1, start)
    expect(await tryClaim(store(), { now: start })).toBeUndefined()
    expect((await claim(store(), { now: start - 2 * day })).run.id).toBe(lease.runId)
  })

  it('gives back all runs of other nodes to a node that is alone, and keeps its own', async () => {
    const before = await startRun(store(), 'doctor', { node: 'old' })
    await startRun(store(), 'doctor', { node: 'new' })
    expect(await store().recoverRuns({ node: 'new', alone: true, now: start, maxCrashes: 3 })).toEqual([
      before.runId,
    ])
    expect(await store().recoverRuns({ node: 'new', alone: true, now: start, maxCrashes: 3 })).toEqual([])
  })

  it('lets a run die that crashed too often, and its successor go on', async () => {
    const first = await queueRun(store(), 'doctor', 'a')
    const second = await queueRun(store(), 'doctor', 'a')
    for (let crash = 1; crash <= 2; crash++) {
      expect((await claim(store())).run.id).toBe(first)
      await store().recoverRuns({ node: 'next', alone: true, now: start, maxCrashes: 1 })
    }
    expect(await store().run(first)).toMatchObject({
      state: 'dead',
      crashes: 2,
      error: { code: 'limit.crashes' },
      finishedAt: start,
    })
    expect((await claim(store())).run.id).toBe(second)
    expect((await store().counts()).runs.dead).toBe(1)
  })

  it('extends a lease for its holder only', async () => {
    const lease = await startRun(store(), 'doctor', { leaseMs: minute })
    await store().renew(lease, start + 5 * minute)
    expect(
      await store().recoverRuns({ node: 'b', alone: false, now: start + 2 * minute, maxCrashes: 3 }),
    ).toEqual([])
    const stolen = { ...lease, node: 'b' }
    await expect(store().renew(stolen, start)).rejects.toMatchObject({ code: 'store.lease_lost' })
  })

  it('refuses every write of a holder that was taken over, and writes nothing', async () => {
    const { lease: old, callId } = await propose(store(), { leaseMs: minute })
    await store().recoverRuns({ node: 'b', alone: false, now: start + minute, maxCrashes: 3 })
    const stale: Lease[] = [old]
    const { lease } = await claim(store(), { node: 'node-1', now: start + minute })
    stale.push({ ...lease, node: 'other' }, { ...lease, fence: lease.fence + 1 })
    const before = await store().journal(lease.runId)
    const approval = {
      id: 'apr_x',
      runId: lease.runId,
      toolCallId: callId,
      eventId: 'e',
      agent: 'a',
      tool: 't',
      request,
      digest: 'd',
      facts: {},
      why: [],
      scope: 's',
      reservations: [],
      expiresAt: start,
    }
    for (const wrong of stale) {
      const writes = [
        store().renew(wrong, start + 9 * minute),
        store().beginRun(wrong, 'digest', start),
        store().appendStep(wrong, step(), [newCall()], start),
        store().prepare(wrong, callId, intent(), start),
        store().markSent(wrong, callId, start),
        store().settle(wrong, callId, { state: 'denied' }, start),
        store().requestApproval(wrong, approval, start),
        store().finish(wrong, { state: 'completed', summary: '' }, 1, start),
      ]
      for (const write of await Promise.allSettled(writes)) {
        expect(write).toMatchObject({
          status: 'rejected',
          reason: { code: 'store.lease_lost', retry: 'never' },
        })
      }
    }
    expect(await store().journal(lease.runId)).toEqual(before)
  })

  it('claims in the order that a small model of the rules gives', { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 40 }), async (actions) => {
        const ledger = await another()
        try {
          for (const run of await ledger.listRuns({ limit: 1000 })) await settleRun(run.id, run.state)
          await new ClaimModel().follow(actions)
        } finally {
          await ledger.close()
        }
      }),
      { numRuns: 25, seed: 20261121 },
    )
  })

  async function settleRun(runId: string, state: string): Promise<void> {
    if (['completed', 'dead', 'cancelled', 'running'].includes(state)) return
    await store().cancelRun(runId, 'the next example begins', start)
  }

  type Action =
    | { readonly do: 'queue'; readonly agent: string; readonly subject: string }
    | { readonly do: 'claim'; readonly not: string | undefined }
    | { readonly do: 'end' | 'park' | 'fail' | 'person'; readonly pick: number; readonly wait: number }
    | { readonly do: 'wait' }

  const agent = fc.constantFrom('doctor', 'clerk', 'scribe')
  const pick = fc.record({ pick: fc.nat(10), wait: fc.integer({ min: 1, max: 3 }) })
  const action: fc.Arbitrary<Action> = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ do: fc.constant('queue' as const), agent, subject: fc.constantFrom('a', 'b') }),
    },
    {
      weight: 4,
      arbitrary: fc.record({ do: fc.constant('claim' as const), not: fc.option(agent, { nil: undefined }) }),
    },
    {
      weight: 4,
      arbitrary: fc
        .tuple(fc.constantFrom('end' as const, 'park' as const, 'fail' as const, 'person' as const), pick)
        .map(([verb, more]) => ({ do: verb, ...more })),
    },
    { weight: 2, arbitrary: fc.constant({ do: 'wait' as const }) },
  )

  interface ModelRun {
    readonly id: string
    readonly agent: string
    readonly subject: string
    state: 'queued' | 'running' | 'waiting' | 'stuck'
    nextAt: number
    lease: Lease | undefined
  }

  /** The rules in a dozen lines: a list of unfinished runs, oldest first. */
  class ClaimModel {
    #runs: ModelRun[] = []
    #now = start

    async follow(actions: readonly Action[]): Promise<void> {
      for (const next of actions) await this.#perform(next)
      for (const { lease } of this.#runs)
        if (lease) await store().finish(lease, { state: 'completed', summary: '' }, 0, this.#now)
    }

    #next(not: string | undefined): ModelRun | undefined {
      return this.#runs.find((run, index) => {
        const mayGo = run.state === 'queued' || (run.state === 'waiting' && run.nextAt <= this.#now)
        const isFirst = !this.#runs
          .slice(0, index)
          .some((earlier) => earlier.agent === run.agent && earlier.subject === run.subject)
        return mayGo && isFirst && run.agent !== not
      })
    }

    async #perform(next: Action): Promise<void> {
      if (next.do === 'wait') this.#now += minute
      else if (next.do === 'queue') {
        const id = await queueRun(store(), next.agent, next.subject, this.#now)
        this.#runs.push({
          id,
          agent: next.agent,
          subject: next.subject,
          state: 'queued',
          nextAt: 0,
          lease: undefined,
        })
      } else if (next.do === 'claim') {
        const expected = this.#next(next.not)
        const notAgents = next.not === undefined ? [] : [next.not]
        const claimed = await tryClaim(store(), { now: this.#now, notAgents, leaseMs: 1000 * minute })
        expect(claimed?.run.id).toBe(expected?.id)
        if (!expected) return
        expected.state = 'running'
        expected.lease = claimed?.lease
      } else await this.#finish(next.do, next.pick, next.wait)
    }

    async #finish(verb: 'end' | 'park' | 'fail' | 'person', picked: number, wait: number): Promise<void> {
      const running = this.#runs.filter(({ state }) => state === 'running')
      const run = running[picked % Math.max(1, running.length)]
      if (!run?.lease) return
      const nextAt = this.#now + wait * minute
      const outcomes: Record<typeof verb, RunOutcome> = {
        end: { state: 'completed', summary: '' },
        park: { state: 'parked', on: 'time', until: nextAt },
        fail: { state: 'failed', nextAt, error: { code: 'tool.timeout', message: '' } },
        person: { state: 'parked', on: 'person' },
      }
      await store().finish(run.lease, outcomes[verb], 0, this.#now)
      run.lease = undefined
      run.nextAt = nextAt
      run.state = verb === 'person' ? 'stuck' : 'waiting'
      if (verb === 'end') this.#runs = this.#runs.filter((other) => other !== run)
    }
  }
}
