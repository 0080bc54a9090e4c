import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Mailbox } from '../../src/domain/agent.js'
import type { EventDraft, MatchReason } from '../../src/domain/event.js'
import { isFinal, type Lease, type Run } from '../../src/domain/run.js'
import type { Subject } from './store.js'
import {
  claim,
  idOf,
  intent,
  minute,
  newCall,
  parkOnApproval,
  recordEvent,
  start,
  step,
  tryClaim,
} from './store-fixtures.js'

const second = 1000
const atOnce: Mailbox = { whenBusy: 'coalesce', quietMs: 0, maxWaitMs: 0 }
const whenQuiet: Mailbox = { whenBusy: 'coalesce', quietMs: 30 * second, maxWaitMs: 90 * second }
const supersede: Mailbox = { whenBusy: 'supersede' }
const completed = { state: 'completed', summary: '' } as const

export function mailboxPromises({ store, another }: Subject): void {
  /** Records an event on subject `a` and puts it into the doctor's mailbox; gives the run that it got or joined. */
  async function deliver(
    mailbox: Mailbox | undefined,
    now = start,
    { reason = 'matched', ...event }: Partial<EventDraft> & { reason?: MatchReason } = {},
  ): Promise<{ eventId: string; runId: string }> {
    const eventId = await recordEvent(store(), { subject: 'a', ...event })
    const decisions = [{ agent: 'doctor', reason }]
    const mailboxes = new Map(mailbox ? [['doctor', mailbox]] : [])
    const [runId] = await store().dispatch([{ eventId, decisions }], now, mailboxes)
    return { eventId, runId: idOf(runId) }
  }
  const runOf = async (id: string): Promise<Run> => {
    const run = await store().run(id)
    if (!run) throw new Error(`there is no run ${id}`)
    return run
  }
  const eventIdsOf = async (runId: string) => (await store().eventsOf(runId)).map(({ id }) => id)
  const begin = async (options = {}): Promise<Lease> => {
    const { lease } = await claim(store(), options)
    await store().beginRun(lease, 'digest', start)
    return lease
  }

  it('coalesces what waits behind a running run into one run, which sees all of it in order', async () => {
    const first = await deliver(atOnce)
    const lease = await begin()
    expect(lease.runId).toBe(first.runId)
    const waiting = [await deliver(atOnce), await deliver(atOnce), await deliver(atOnce)]
    const { runId } = idOnly(waiting)
    expect(runId).not.toBe(first.runId)
    expect(await runOf(runId)).toMatchObject({ state: 'queued', eventCount: 3, createdAt: start })
    expect(await eventIdsOf(runId)).toEqual(waiting.map(({ eventId }) => eventId))
    expect(await eventIdsOf(first.runId)).toEqual([first.eventId])
    expect(await tryClaim(store())).toBeUndefined()
    await store().finish(lease, completed, 1, start)
    const next = await claim(store())
    expect(next.run).toMatchObject({ id: runId, eventCount: 3, eventId: waiting[2]?.eventId })
    expect(next.event.id).toBe(waiting[2]?.eventId)
    // It has begun: the next one waits for itself.
    await store().beginRun(next.lease, 'digest', start)
    expect((await deliver(atOnce)).runId).not.toBe(runId)
  })

  it('shows a run to each of its events', async () => {
    const first = await deliver(atOnce)
    const second = await deliver(atOnce)
    for (const { eventId } of [first, second]) {
      expect((await store().runsOf(eventId)).map(({ id }) => id)).toEqual([first.runId])
      expect((await store().event(eventId))?.state).toBe('dispatched')
    }
  })

  it('is about the newest event by its time; of two at one time the later to arrive', async () => {
    const { runId, eventId: oldest } = await deliver(atOnce, start, { time: start })
    const newest = await deliver(atOnce, start, { time: start + 5 })
    const late = await deliver(atOnce, start, { time: start + 3 })
    expect((await runOf(runId)).eventId).toBe(newest.eventId)
    const tied = await deliver(atOnce, start, { time: start + 5 })
    expect((await runOf(runId)).eventId).toBe(tied.eventId)
    expect(await eventIdsOf(runId)).toEqual([oldest, newest.eventId, late.eventId, tied.eventId])
  })

  it('waits until the subject is quiet, from its last event', async () => {
    const { runId } = await deliver(whenQuiet)
    expect(await runOf(runId)).toMatchObject({
      state: 'parked',
      parkedOn: 'quiet',
      nextAt: start + 30 * second,
    })
    await deliver(whenQuiet, start + 20 * second)
    expect(await tryClaim(store(), { now: start + 49 * second })).toBeUndefined()
    expect((await claim(store(), { now: start + 50 * second })).run).toMatchObject({
      id: runId,
      eventCount: 2,
    })
  })

  it('waits for quiet no longer than it may, from its first event', async () => {
    const { runId } = await deliver(whenQuiet)
    for (const at of [20, 40, 60, 80]) await deliver(whenQuiet, start + at * second)
    expect(await runOf(runId)).toMatchObject({ nextAt: start + 90 * second, eventCount: 5 })
    expect(await tryClaim(store(), { now: start + 90 * second - 1 })).toBeUndefined()
    const late = await deliver(whenQuiet, start + 95 * second)
    expect(late.runId).toBe(runId)
    expect((await claim(store(), { now: start + 95 * second })).run).toMatchObject({ eventCount: 6 })
  })

  it('takes an event in also after it was quiet, while nobody has begun it, and waits again', async () => {
    const { runId } = await deliver(whenQuiet)
    await deliver(undefined, start, { subject: 'b' })
    // From here on the run could be taken; nobody takes it.
    await tryClaim(store(), { now: start + 40 * second, notAgents: ['doctor'] })
    expect((await deliver(whenQuiet, start + 41 * second)).runId).toBe(runId)
    expect(await runOf(runId)).toMatchObject({ parkedOn: 'quiet', nextAt: start + 71 * second })
    const other = await claim(store(), { now: start + 60 * second })
    expect(other.run.subject).toBe('b')
    expect(await tryClaim(store(), { now: start + 60 * second })).toBeUndefined()
  })

  it('is not ready when it is quiet but an earlier run of the subject is unfinished', async () => {
    await deliver(whenQuiet)
    const lease = await begin({ now: start + 30 * second, leaseMs: 60 * minute })
    const { runId } = await deliver(whenQuiet, start + 40 * second)
    expect(await tryClaim(store(), { now: start + 10 * minute })).toBeUndefined()
    expect(await runOf(runId)).toMatchObject({ state: 'queued', parkedOn: undefined, nextAt: undefined })
    await store().finish(lease, completed, 1, start)
    expect((await claim(store(), { now: start + 10 * minute })).run.id).toBe(runId)
  })

  it('is not ready when the earlier run ends but the subject is not quiet', async () => {
    await deliver(whenQuiet)
    const lease = await begin({ now: start + 30 * second })
    const { runId } = await deliver(whenQuiet, start + 40 * second)
    await store().finish(lease, completed, 1, start + 50 * second)
    expect(await tryClaim(store(), { now: start + 69 * second })).toBeUndefined()
    expect((await claim(store(), { now: start + 70 * second })).run.id).toBe(runId)
  })

  it('keeps a quiet wait over another opening of the ledger', async () => {
    const { runId } = await deliver(whenQuiet)
    const other = await another()
    expect(await other.run(runId)).toMatchObject({ parkedOn: 'quiet', nextAt: start + 30 * second })
    expect(await tryClaim(other, { now: start + 29 * second })).toBeUndefined()
    expect((await claim(other, { now: start + 30 * second })).run.id).toBe(runId)
    await other.close()
  })

  it('coalesces events of one subject and one agent only, and those without a subject never', async () => {
    const runs = new Set<string>()
    runs.add((await deliver(whenQuiet)).runId)
    runs.add((await deliver(whenQuiet, start, { subject: 'b' })).runId)
    const eventId = await recordEvent(store(), { subject: 'a' })
    const decisions = [{ agent: 'clerk', reason: 'matched' as const }]
    const other = await store().dispatch([{ eventId, decisions }], start, new Map([['clerk', whenQuiet]]))
    runs.add(idOf(other[0]))
    for (const subject of [undefined, undefined, '']) {
      const eventId = await recordEvent(store(), subject === undefined ? {} : { subject })
      const decisions = [{ agent: 'doctor', reason: 'matched' as const }]
      const [runId] = await store().dispatch(
        [{ eventId, decisions }],
        start,
        new Map([['doctor', whenQuiet]]),
      )
      expect(await runOf(idOf(runId))).toMatchObject({ state: 'queued', eventCount: 1 })
      runs.add(idOf(runId))
    }
    expect(runs.size).toBe(6)
  })

  it('joins no replay, and no run that is being worked on but has not begun', async () => {
    const { eventId, runId } = await deliver(atOnce)
    const { lease } = await claim(store())
    expect(lease.runId).toBe(runId)
    const replay = await store().replay(eventId, 'doctor', start)
    const next = await deliver(atOnce)
    expect([runId, replay.id]).not.toContain(next.runId)
    expect((await runOf(runId)).eventCount).toBe(1)
  })

  it('joins a run that had to wait for another day before it could begin', async () => {
    const { runId } = await deliver(whenQuiet)
    const { lease } = await claim(store(), { now: start + minute })
    const tomorrow = start + 24 * 60 * minute
    await store().finish(lease, { state: 'parked', on: 'budget', until: tomorrow }, 1, start + minute)
    expect((await deliver(whenQuiet, start + 2 * minute)).runId).toBe(runId)
    expect(await runOf(runId)).toMatchObject({ parkedOn: 'budget', nextAt: tomorrow, eventCount: 2 })
    expect((await claim(store(), { now: tomorrow })).run.id).toBe(runId)
  })

  it('gives each event of one dispatch to one run, and names the run once', async () => {
    const eventIds = []
    for (let at = 0; at < 5; at++) eventIds.push(await recordEvent(store(), { subject: 'a' }))
    const dispatches = eventIds.map((eventId) => ({
      eventId,
      decisions: [{ agent: 'doctor', reason: 'matched' as const }],
    }))
    const mailboxes = new Map([['doctor', atOnce]])
    const runIds = await store().dispatch(dispatches, start, mailboxes)
    expect(runIds).toHaveLength(1)
    expect(await store().dispatch(dispatches, start, mailboxes)).toEqual([])
    expect(await eventIdsOf(idOf(runIds[0]))).toEqual(eventIds)
  })

  it('begins another run where one would see more than a thousand events', { timeout: 30_000 }, async () => {
    const mailboxes = new Map([['doctor', atOnce]])
    const dispatches = []
    for (let at = 0; at < 1002; at++) {
      const eventId = await recordEvent(store(), { subject: 'a', time: start + at })
      dispatches.push({ eventId, decisions: [{ agent: 'doctor', reason: 'matched' as const }] })
    }
    const [first, second, ...more] = await store().dispatch(dispatches, start, mailboxes)
    expect(more).toEqual([])
    expect((await runOf(idOf(first))).eventCount).toBe(1000)
    expect((await runOf(idOf(second))).eventCount).toBe(2)
    const events = await store().eventsOf(idOf(first), 2)
    expect(events.map(({ id }) => id)).toEqual(dispatches.slice(0, 1000).map(({ eventId }) => eventId))
    expect(events.filter(({ data }) => data !== null)).toHaveLength(2)
    expect(events.at(-1)?.data).not.toBeNull()
  })

  it('gives a run of its own to each event where the mailbox queues, as without one', async () => {
    const runs = [await deliver({ whenBusy: 'queue' }), await deliver(undefined), await deliver(undefined)]
    expect(new Set(runs.map(({ runId }) => runId)).size).toBe(3)
    for (const { runId, eventId } of runs) {
      const lease = await begin()
      expect(lease.runId).toBe(runId)
      expect(await eventIdsOf(runId)).toEqual([eventId])
      await store().finish(lease, completed, 1, start)
    }
  })

  it('parks the run of an agent that is off, also one that it joins and one that takes a place', async () => {
    const queued = await deliver(undefined, start, { reason: 'off' })
    expect(await runOf(queued.runId)).toMatchObject({
      state: 'parked',
      parkedOn: 'agent',
      nextAt: undefined,
    })
    expect((await store().event(queued.eventId))?.state).toBe('dispatched')
    const joined = await deliver(whenQuiet, start, { reason: 'off' })
    expect(joined.runId).toBe(queued.runId)
    const superseding = await deliver(supersede, start, { reason: 'off' })
    expect(await runOf(queued.runId)).toMatchObject({
      state: 'cancelled',
      supersededBy: superseding.eventId,
    })
    expect(await runOf(superseding.runId)).toMatchObject({ state: 'parked', parkedOn: 'agent' })
    expect(await tryClaim(store(), { now: start + 99 * minute })).toBeUndefined()
    expect(await store().resume('agent', [], start)).toBe(1)
    expect((await claim(store())).run.id).toBe(superseding.runId)
  })

  it('joins a paused run without waking it', async () => {
    const { runId } = await deliver(whenQuiet)
    expect(await store().pause('disk', undefined, start)).toBe(1)
    expect((await deliver(whenQuiet, start + second)).runId).toBe(runId)
    expect(await runOf(runId)).toMatchObject({ parkedOn: 'disk', nextAt: undefined, eventCount: 2 })
    expect(await tryClaim(store(), { now: start + 99 * minute })).toBeUndefined()
    await store().resume('disk', [], start + 2 * second)
    expect((await claim(store(), { now: start + 2 * second })).run.id).toBe(runId)
  })

  it('supersedes what waits: it is cancelled, says for which event, and asks nobody any more', async () => {
    const first = await deliver(supersede)
    const second = await deliver(supersede, start + 1)
    expect(await runOf(first.runId)).toMatchObject({
      state: 'cancelled',
      finishedAt: start + 1,
      supersededBy: second.eventId,
      error: { code: 'run.superseded', message: expect.stringContaining(second.eventId) },
    })
    expect((await store().counts()).runs.cancelled).toBe(1)
    expect((await claim(store())).run).toMatchObject({ id: second.runId, eventCount: 1 })
  })

  it('supersedes no run of an event that happened later than the one that came late', async () => {
    const newest = await deliver(supersede, start, { time: start + minute })
    const late = await deliver(supersede, start + 1, { time: start })
    expect(await runOf(newest.runId)).toMatchObject({ state: 'queued', supersededBy: undefined })
    const next = await claim(store())
    expect(next.run.id).toBe(newest.runId)
    await store().finish(next.lease, completed, 1, start)
    const { run, newerEventAt } = await claim(store())
    expect([run.id, newerEventAt]).toEqual([late.runId, start + minute])
  })

  it('supersedes a run that waits for a person to approve', async () => {
    const { approval, lease, callId } = await parkOnApproval(store())
    const { subject } = await runOf(lease.runId)
    const { runId } = await deliver(supersede, start, { subject })
    expect(await runOf(lease.runId)).toMatchObject({ state: 'cancelled', error: { code: 'run.superseded' } })
    expect((await store().approval(approval.id))?.state).toBe('expired')
    expect((await store().toolCall(callId))?.state).toBe('expired')
    expect((await claim(store())).run.id).toBe(runId)
  })

  it('only marks a run that is being worked on; the next one waits until it has ended', async () => {
    await deliver(supersede)
    const lease = await begin()
    const second = await deliver(supersede)
    const third = await deliver(supersede)
    expect(await runOf(lease.runId)).toMatchObject({ state: 'running', supersededBy: third.eventId })
    expect(await runOf(second.runId)).toMatchObject({ state: 'cancelled', supersededBy: third.eventId })
    expect(await tryClaim(store())).toBeUndefined()
    await store().finish(lease, completed, 1, start)
    expect((await claim(store())).run.id).toBe(third.runId)
  })

  it('ends a marked run that would wait, unless a write of it is open', async () => {
    await deliver(supersede)
    const lease = await begin()
    const { eventId, runId } = await deliver(supersede)
    await store().finish(lease, { state: 'parked', on: 'approval' }, 1, start + 2)
    const journal = await store().journal(lease.runId)
    expect(journal.run).toMatchObject({ state: 'cancelled', parkedOn: undefined, finishedAt: start + 2 })
    expect(journal.run.error).toMatchObject({
      code: 'run.superseded',
      message: expect.stringContaining(eventId),
    })
    expect(journal.attempts.at(-1)).toMatchObject({
      outcome: 'cancelled',
      error: { code: 'run.superseded' },
    })
    expect((await claim(store())).run.id).toBe(runId)
  })

  it.each(['sent', 'unknown', 'held', 'send_again'] as const)(
    'keeps a superseded run whose write is %s until its outcome is known',
    async (state) => {
      const first = await deliver(supersede)
      const lease = await begin()
      const call = newCall()
      await store().appendStep(lease, step(), [call], start)
      await store().prepare(lease, call.id, intent(), start)
      await store().markSent(lease, call.id, start)
      if (state !== 'sent') await store().settle(lease, call.id, { state: 'unknown' }, start)
      if (state === 'held' || state === 'send_again')
        await store().settle(lease, call.id, { state: 'held' }, start)
      const on = state === 'sent' || state === 'unknown' ? 'time' : 'person'
      await store().finish(lease, { state: 'parked', on, until: start + minute }, 1, start)
      if (state === 'send_again')
        await store().resolveHeld(call.id, { state, by: 'ann', output: undefined }, start)
      const { eventId, runId } = await deliver(supersede)
      expect(await runOf(first.runId)).toMatchObject({ supersededBy: eventId, finishedAt: undefined })
      expect((await store().toolCall(call.id))?.state).toBe(state === 'send_again' ? 'prepared' : state)
      if (state === 'held') {
        await store().resolveHeld(call.id, { state: 'confirmed', by: 'ann', output: undefined }, start)
      }
      const again = await claim(store(), { now: start + minute })
      expect(again.run).toMatchObject({ id: first.runId, supersededBy: eventId })
      expect(await tryClaim(store(), { now: start + minute })).toBeUndefined()
      if (state === 'sent' || state === 'unknown') {
        await store().finish(again.lease, { state: 'parked', on, until: start + minute }, 1, start)
        expect((await runOf(first.runId)).state).toBe('parked')
        return
      }
      const error = { code: 'run.superseded' as const, message: 'newer' }
      await store().finish(again.lease, { state: 'cancelled', error }, 1, start)
      expect((await claim(store(), { now: start + minute })).run.id).toBe(runId)
    },
  )

  it('releases what a superseded run had reserved for a write that never left', async () => {
    await deliver(supersede)
    const lease = await begin()
    const call = newCall()
    const reservation = { counter: 'refund|subject|a', amount: 1, limit: 1 }
    await store().appendStep(lease, step(), [call], start)
    await store().prepare(lease, call.id, intent([reservation]), start)
    await store().finish(lease, { state: 'parked', on: 'time', until: start + minute }, 1, start)
    await deliver(supersede)
    expect((await store().toolCall(call.id))?.state).toBe('denied')
    const next = await begin()
    const again = newCall()
    await store().appendStep(next, step(), [again], start)
    expect(await store().prepare(next, again.id, intent([reservation]), start)).toEqual({ state: 'prepared' })
  })

  it('supersedes no replay: a person wanted it', async () => {
    const first = await deliver(supersede)
    await store().cancelRun(first.runId, 'no', start)
    const replay = await store().replay(first.eventId, 'doctor', start)
    const { runId } = await deliver(supersede)
    expect(await runOf(replay.id)).toMatchObject({ state: 'queued', supersededBy: undefined })
    const lease = await begin()
    expect(lease.runId).toBe(replay.id)
    await store().finish(lease, completed, 1, start)
    expect((await claim(store())).run.id).toBe(runId)
  })

  it('keeps what was read of the subject, the last of it, for the holder only', async () => {
    const { runId } = await deliver(undefined)
    const lease = await begin()
    const refreshed = {
      tool: 'get_issue',
      at: start + 1,
      output: { ok: true as const, result: { n: 12345678901234567890n } },
    }
    await store().recordRefreshed(lease, { ...refreshed, at: start }, start)
    await store().recordRefreshed(lease, refreshed, start + 1)
    expect((await store().journal(runId)).run.refreshed).toEqual(refreshed)
    await expect(store().recordRefreshed({ ...lease, fence: 9 }, refreshed, start)).rejects.toMatchObject({
      code: 'store.lease_lost',
    })
  })

  const action = fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        do: fc.constant('deliver' as const),
        mailbox: fc.constantFrom<Mailbox>({ whenBusy: 'queue' }, atOnce, whenQuiet, supersede),
        subject: fc.constantFrom('x', 'y'),
        isOff: fc.boolean(),
      }),
    },
    { weight: 4, arbitrary: fc.constant({ do: 'claim' as const }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('finish' as const), parks: fc.boolean() }) },
    { weight: 4, arbitrary: fc.constantFrom({ do: 'wait' as const }, { do: 'resume' as const }) },
  )

  it('loses no event and works on no subject twice at once, whatever happens in which order', {
    timeout: 60_000,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 40, size: 'max' }), async (actions) => {
        const agent = `agent-${serial++}`
        const held: Lease[] = []
        const eventIds: string[] = []
        let now = start
        const take = async () => {
          const claimed = await tryClaim(store(), { now, leaseMs: 9999 * minute })
          if (!claimed) return false
          await store().beginRun(claimed.lease, 'digest', now)
          held.push(claimed.lease)
          return true
        }
        for (const next of actions) {
          if (next.do === 'wait') now += minute
          else if (next.do === 'resume') await store().resume('agent', [], now)
          else if (next.do === 'claim') await take()
          else if (next.do === 'finish') {
            const lease = held.shift()
            const parked = { state: 'parked', on: 'time', until: now + minute } as const
            if (lease) await store().finish(lease, next.parks ? parked : completed, 0, now)
          } else {
            const eventId = await recordEvent(store(), { subject: next.subject })
            const decisions = [{ agent, reason: next.isOff ? ('off' as const) : ('matched' as const) }]
            await store().dispatch([{ eventId, decisions }], now, new Map([[agent, next.mailbox]]))
            eventIds.push(eventId)
          }
          const running = await store().listRuns({ agent, state: 'running', limit: 100 })
          expect(new Set(running.map(({ subject }) => subject)).size).toBe(running.length)
        }
        // With time and no more events all of it ends: nothing waits for something that never comes.
        for (let tries = 0; tries < 100; tries++) {
          now += minute
          await store().resume('agent', [], now)
          for (const lease of held.splice(0)) await store().finish(lease, completed, 0, now)
          if (!(await take())) break
        }
        for (const eventId of eventIds) {
          const runs = await store().runsOf(eventId)
          expect(runs).toHaveLength(1)
          expect(runs.every(({ state }) => isFinal(state))).toBe(true)
        }
      }),
      { numRuns: 40, seed: 20261121 },
    )
  })
}

let serial = 0

function idOnly(delivered: readonly { readonly runId: string }[]): { readonly runId: string } {
  const [first, ...more] = delivered
  if (!first || more.some(({ runId }) => runId !== first.runId)) throw new Error('these are several runs')
  return first
}
