import { describe, expect, it } from 'vitest'
import type { Echo, EchoQuestion } from '../../src/domain/echo.js'
import type { EventDraft, Ids } from '../../src/domain/event.js'
import type { Lease } from '../../src/domain/run.js'
import type { BeginLimits } from '../../src/store/records.js'
import type { Subject } from './store.js'
import {
  claim,
  idOf,
  intent,
  minute,
  newCall,
  queueRun,
  recordEvent,
  start,
  startRun,
  step,
} from './store-fixtures.js'

const day = 86_400_000
const comment = { id: 'evt_x', subject: undefined, isOwn: false, recordedAt: start + day }

function question(ids: Ids, more: Partial<EchoQuestion> = {}): EchoQuestion {
  return { ...comment, named: ids, ids, ...more }
}

/** Which events our own writes caused, and how many runs begin by whom. */
export function echoPromises({ store }: Subject): void {
  /** A run that is held, with one write that was sent. */
  const sent = async (lease: Lease, at = start) => {
    const call = newCall({ tool: 'comment' })
    await store().appendStep(lease, step(), [call], at)
    await store().prepare(lease, call.id, intent(), at)
    await store().markSent(lease, call.id, at)
    return call.id
  }
  const make = async (ids: Ids, bound: Ids, at = start): Promise<string> => {
    const lease = await startRun(store(), 'doctor', { now: at, leaseMs: 100 * day })
    const callId = await sent(lease, at)
    await store().settle(lease, callId, { state: 'confirmed', created: { ids, bound } }, at)
    return lease.runId
  }
  const ask = async (asked: EchoQuestion, since = start - day): Promise<Echo | undefined> =>
    (await store().echoesOf([asked], since)).get(asked.id)

  describe('an event that names what a write made', () => {
    it('is an echo of the newest such run, one further than what that run is about', async () => {
      await make({ comment: '5' }, {})
      const runId = await make({ comment: '5' }, {})
      expect(await ask(question({ comment: '5' }))).toEqual({ runId, chain: 1 })
      expect(await ask(question({ comment: '6' }))).toBeUndefined()
      expect(await ask(question({ issue: '5' }))).toBeUndefined()
    })

    it('is none where it is about another object than the write was bound to', async () => {
      const runId = await make({ comment: '5' }, { repo: 'acme/web', issue: '12' })
      const named = { comment: '5' }
      const about = (ids: Ids) => ask(question(named, { ids: { ...named, ...ids } }))
      expect(await about({ repo: 'acme/web', issue: '12', run: '1' })).toMatchObject({ runId })
      expect(await about({})).toMatchObject({ runId })
      expect(await about({ repo: 'acme/other' })).toBeUndefined()
      expect(await about({ repo: 'acme/web', issue: '13' })).toBeUndefined()
    })

    it('is none where it was here before the write was sent', async () => {
      const runId = await make({ comment: '5' }, {})
      const came = (recordedAt: number) => ask(question({ comment: '5' }, { recordedAt }))
      expect(await came(start - minute)).toBeUndefined()
      expect(await came(start)).toMatchObject({ runId })
      // A clock that was set back a little loses no echo.
      expect(await came(start - 1000)).toMatchObject({ runId })
    })

    it('is none where the write is too old, and what is too old is forgotten', async () => {
      const runId = await make({ comment: '5' }, {})
      expect(await ask(question({ comment: '5' }), start)).toMatchObject({ runId })
      expect(await ask(question({ comment: '5' }), start + 1)).toBeUndefined()
      expect(await store().pruneTraces(start, 10)).toBe(0)
      expect(await store().pruneTraces(start + 1, 10)).toBe(1)
      expect(await ask(question({ comment: '5' }), 0)).toBeUndefined()
    })

    it('counts on from the furthest event of the run', async () => {
      const { lease, event } = await coalesced()
      await store().recordEchoes(new Map([[event, { runId: undefined, chain: 2 }]]))
      const callId = await sent(lease)
      const created = { ids: { comment: '9' }, bound: {} }
      await store().settle(lease, callId, { state: 'confirmed', created }, start)
      expect(await ask(question({ comment: '9' }))).toEqual({ runId: lease.runId, chain: 3 })
    })
  })

  const coalesced = async () => {
    const mailboxes = new Map([['doctor', { whenBusy: 'coalesce', quietMs: 0, maxWaitMs: 1 } as const]])
    const events = [
      await recordEvent(store(), { subject: 's' }),
      await recordEvent(store(), { subject: 's' }),
    ]
    for (const eventId of events) {
      const decisions = [{ agent: 'doctor', reason: 'matched' as const }]
      await store().dispatch([{ eventId, decisions }], start, mailboxes)
    }
    const { lease } = await claim(store())
    return { lease, event: idOf(events[0]) }
  }

  describe('an event of our own actor', () => {
    it('is an echo of the newest run of its subject that wrote, of any agent', async () => {
      const runs: string[] = []
      for (const agent of ['doctor', 'clerk', 'zoe']) {
        await queueRun(store(), agent, 'acme/web#1')
        const { lease } = await claim(store())
        if (agent !== 'zoe') await sent(lease)
        runs.push(lease.runId)
      }
      const own = question({}, { isOwn: true, subject: 'acme/web#1' })
      expect(await ask(own)).toEqual({ runId: runs[1], chain: 1 })
      expect(await ask(own, start + 1)).toEqual({ runId: undefined, chain: 1 })
      expect(await ask({ ...own, subject: 'acme/web#2' })).toEqual({ runId: undefined, chain: 1 })
      expect(await ask({ ...own, subject: undefined })).toEqual({ runId: undefined, chain: 1 })
      expect(await ask({ ...own, isOwn: false })).toBeUndefined()
    })
  })

  it('keeps with the event what it is an echo of, at dispatch and later', async () => {
    const decisions = [{ agent: 'doctor', reason: 'echo' as const, detail: 'run_1' }]
    const [first, second] = [await recordEvent(store()), await recordEvent(store())]
    await store().dispatch([{ eventId: first, decisions, echo: { runId: 'run_1', chain: 2 } }], start)
    expect(await store().event(first)).toMatchObject({
      state: 'ignored',
      echoOf: 'run_1',
      chain: 2,
      decisions,
    })
    await store().recordEchoes(new Map([[second, { runId: undefined, chain: 1 }]]))
    expect(await store().event(second)).toMatchObject({ state: 'recorded', echoOf: undefined, chain: 1 })
  })

  it('knows of a write that is under way, by its tool, until it has an outcome', async () => {
    const lease = await startRun(store())
    const isUnderWay = () => store().isWriteUnderWay(['label', 'comment'])
    expect(await isUnderWay()).toBe(false)
    const callId = await sent(lease)
    expect(await isUnderWay()).toBe(true)
    expect(await store().isWriteUnderWay(['label'])).toBe(false)
    await store().settle(lease, callId, { state: 'confirmed' }, start)
    expect(await isUnderWay()).toBe(false)
  })

  describe('runs of a day', () => {
    const begin = async (event: Partial<EventDraft>, limits: BeginLimits, source = 'ci', now = start) => {
      const eventId = await recordEvent(store(), event, { source })
      await store().dispatch([{ eventId, decisions: [{ agent: 'doctor', reason: 'matched' }] }], now)
      const { lease, run } = await claim(store(), { now })
      expect(run.eventId).toBe(eventId)
      return store().beginRun(lease, 'd', now, limits)
    }
    const begun = { state: 'begun', configDigest: 'd' }

    it('are bounded for each actor of each source, and for nobody else', async () => {
      const limits = { perActor: 2 }
      for (const _ of [1, 2]) expect(await begin({ actor: 'mallory' }, limits)).toEqual(begun)
      expect(await begin({ actor: 'mallory' }, limits)).toEqual({
        ...{ state: 'over_limit', of: 'actor', limit: 2, source: 'ci', actor: 'mallory' },
      })
      expect(await begin({ actor: 'ada' }, limits)).toEqual(begun)
      expect(await begin({ actor: 'mallory' }, limits, 'crm')).toEqual(begun)
      for (const _ of [1, 2, 3]) expect(await begin({}, limits)).toEqual(begun)
      expect(await begin({ actor: 'mallory' }, {})).toEqual(begun)
      expect(await begin({ actor: 'mallory' }, limits, 'ci', start + day)).toEqual(begun)
    })

    it('are bounded for an actor however the name is written', async () => {
      const limits = { perActor: 2 }
      for (const actor of ['mallory@acme.test', 'Mallory@Acme.test']) {
        expect(await begin({ actor }, limits)).toEqual(begun)
      }
      for (const actor of ['MALLORY@acme.test', 'ｍallory@acme.test', 'mal\u200blory@acme.test ']) {
        expect(await begin({ actor }, limits)).toMatchObject({ state: 'over_limit', of: 'actor', actor })
      }
      expect(await begin({ actor: 'mallory2@acme.test' }, limits)).toEqual(begun)
    })

    it('are bounded for each source, whoever did it', async () => {
      const limits = { perSource: 2, perActor: 5 }
      expect(await begin({ actor: 'mallory' }, limits)).toEqual(begun)
      expect(await begin({}, limits)).toEqual(begun)
      expect(await begin({ actor: 'ada' }, limits)).toMatchObject({
        state: 'over_limit',
        of: 'source',
        limit: 2,
      })
      expect(await begin({ actor: 'ada' }, limits, 'crm')).toEqual(begun)
    })

    it('count for one of their events whose actor has room', async () => {
      expect(await begin({ actor: 'mallory' }, { perActor: 1 })).toEqual(begun)
      const mailboxes = new Map([['doctor', { whenBusy: 'coalesce', quietMs: 0, maxWaitMs: 1 } as const]])
      for (const actor of ['ada', 'mallory']) {
        const eventId = await recordEvent(store(), { actor, subject: 's' })
        const decisions = [{ agent: 'doctor', reason: 'matched' as const }]
        await store().dispatch([{ eventId, decisions }], start, mailboxes)
      }
      const { lease, run } = await claim(store())
      expect(run.eventCount).toBe(2)
      expect(await store().beginRun(lease, 'd', start, { perActor: 1 })).toEqual(begun)
      expect(await begin({ actor: 'ada' }, { perActor: 1 })).toMatchObject({ of: 'actor', actor: 'ada' })
    })

    it('are counted once for a run that goes on, and forgotten after some time', async () => {
      const lease = await startRun(store())
      await store().beginRun(lease, 'd', start, { perSource: 1 })
      expect(await store().beginRun(lease, 'd', start + minute, { perSource: 1 })).toEqual(begun)
      expect(await begin({}, { perSource: 1 })).toMatchObject({ state: 'over_limit' })
      expect(await begin({}, { perSource: 3 })).toEqual(begun)
      expect(await store().pruneTraces(start + day, 10)).toBe(1)
      expect(await begin({}, { perSource: 1 })).toEqual(begun)
    })
  })
}
