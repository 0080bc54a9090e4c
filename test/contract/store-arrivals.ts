import { expect, it } from 'vitest'
import type { RecordedEvent } from '../../src/store/records.js'
import type { Subject } from './store.js'
import { arrival, cursor, draft, idOf, minute, recordEvent, start, tick } from './store-fixtures.js'

export function arrivalPromises({ store }: Subject): void {
  it('records a delivery with its event, whose data is the body', async () => {
    const body = Buffer.from('{"id":9007199254740993,"text":"\\u00e4"}')
    const given = arrival({
      body,
      remoteAddress: '10.0.0.9',
      secretIndex: 1,
      events: [
        draft({ sourceEventId: 'x1', subject: 'acme/web#1', time: start - 5, ids: { repo: 'acme/web' } }),
      ],
    })
    const recorded = await store().record(given)
    const id = idOf(recorded.events[0]?.id)
    expect(recorded).toEqual({
      deliveryId: given.deliveryId,
      state: 'recorded',
      events: [{ id, isNew: true }],
    })
    expect(await store().event(id)).toEqual({
      id,
      source: 'ci',
      actor: undefined,
      isPublic: false,
      echoOf: undefined,
      chain: 0,
      type: 'build.failed',
      subject: 'acme/web#1',
      time: start - 5,
      recordedAt: start,
      via: 'webhook',
      ids: { repo: 'acme/web' },
      data: { id: 9007199254740993n, text: 'ä' },
      state: 'recorded',
      sourceEventId: 'x1',
      deliveryId: given.deliveryId,
      decisions: [],
    })
    const delivery = await store().delivery(given.deliveryId)
    expect(delivery).toEqual({
      id: given.deliveryId,
      source: 'ci',
      state: 'recorded',
      receivedAt: start,
      url: '/hooks/ci',
      headers: given.headers,
      body: delivery?.body,
      bodyBytes: body.length,
      secretIndex: 1,
      remoteAddress: '10.0.0.9',
      reason: undefined,
      eventIds: [id],
    })
    expect(Buffer.from(delivery?.body ?? []).equals(body)).toBe(true)
  })

  it('keeps data that differs from the body, long integers digit for digit', async () => {
    const data = {
      nested: [{ big: 123456789012345678901234567890n, small: 1.5 }],
      none: null,
      text: '\u0000 ',
    }
    const id = await recordEvent(store(), { data })
    expect((await store().event(id))?.data).toEqual(data)
  })

  it('keeps a time that is no whole number of milliseconds as well as it can', async () => {
    const fraction = await recordEvent(store(), { time: start + 0.75 })
    const none = await recordEvent(store(), { time: Number.NaN }, { receivedAt: start + 9 })
    expect((await store().event(fraction))?.time).toBe(start)
    expect((await store().event(none))?.time).toBe(start + 9)
  })

  it('knows an event again by its id, its semantic key and its body, and by nothing else', async () => {
    const first = arrival({ events: [draft({ sourceEventId: 'a', semanticKey: 'deal:1:v1' })] })
    const { events } = await store().record(first)
    const id = idOf(events[0]?.id)
    const sameId = arrival({ events: [draft({ sourceEventId: 'a' })] })
    const sameKey = arrival({ events: [draft({ sourceEventId: 'b', semanticKey: 'deal:1:v1' })] })
    const sameBody = arrival({
      body: first.body,
      events: [draft({ sourceEventId: 'c', semanticKey: 'deal:1:v2' })],
    })
    for (const again of [sameId, sameKey, sameBody]) {
      expect(await store().record(again)).toEqual({
        deliveryId: again.deliveryId,
        state: 'duplicate',
        events: [{ id, isNew: false }],
      })
    }
    const other = await store().record(
      arrival({ events: [draft({ sourceEventId: 'z', semanticKey: 'deal:9' })] }),
    )
    expect(other.state).toBe('recorded')
    expect((await store().counts()).events.recorded).toBe(2)
  })

  it('knows an event later by every name that any of its deliveries had', async () => {
    const id = await recordEvent(store(), { sourceEventId: 'a', semanticKey: 's' })
    await store().record(arrival({ events: [draft({ sourceEventId: 'b', semanticKey: 's' })] }))
    const third = await store().record(arrival({ events: [draft({ sourceEventId: 'b' })] }))
    expect(third.events).toEqual([{ id, isNew: false }])
  })

  it('takes equal bodies under different ids for one event, unless the ids are authentic', async () => {
    const body = Buffer.from('{"tag":"v1"}')
    const send = async (source: string, id: string, isIdAuthentic: boolean) => {
      const events = [{ ...draft(), sourceEventId: id, isIdAuthentic }]
      const given = arrival({ source, body, events })
      return (await store().record(given)).state
    }
    expect(await send('exchangeable', 'a', false)).toBe('recorded')
    expect(await send('exchangeable', 'b', false)).toBe('duplicate')
    expect(await send('authentic', 'a', true)).toBe('recorded')
    expect(await send('authentic', 'b', true)).toBe('recorded')
    expect(await send('authentic', 'b', true)).toBe('duplicate')
  })

  it('keeps the sources apart', async () => {
    const first = arrival({ events: [draft({ sourceEventId: 'a', semanticKey: 's' })] })
    await store().record(first)
    const other = await store().record(
      arrival({ source: 'cd', body: first.body, events: [draft({ sourceEventId: 'a', semanticKey: 's' })] }),
    )
    expect(other.state).toBe('recorded')
  })

  it('does not mistake the id of one event for the semantic key of another', async () => {
    await recordEvent(store(), { sourceEventId: 'same' })
    const other = await store().record(
      arrival({ events: [{ ...draft(), sourceEventId: 'x', semanticKey: 'same' }] }),
    )
    expect(other.state).toBe('recorded')
  })

  it('keeps a duplicate delivery without its body, as evidence', async () => {
    const first = arrival()
    const id = idOf((await store().record(first)).events[0]?.id)
    const again = arrival({ body: first.body, receivedAt: start + minute })
    await store().record(again)
    expect(await store().delivery(again.deliveryId)).toMatchObject({
      state: 'duplicate',
      body: undefined,
      bodyBytes: first.body.length,
      eventIds: [id],
    })
    expect((await store().deliveriesOf(id)).map((delivery) => delivery.id)).toEqual([
      first.deliveryId,
      again.deliveryId,
    ])
  })

  it('records each event of a batch by its own keys, in order', async () => {
    const known = await recordEvent(store(), { sourceEventId: 'b2' })
    const batch = arrival({
      events: [
        draft({ sourceEventId: 'b1', data: 1 }),
        draft({ sourceEventId: 'b2' }),
        draft({ sourceEventId: 'b3', data: 3 }),
      ],
    })
    const recorded = await store().record(batch)
    expect(recorded.state).toBe('recorded')
    expect(recorded.events.map(({ isNew }) => isNew)).toEqual([true, false, true])
    expect(recorded.events[1]?.id).toBe(known)
    const waiting = await store().undispatched(10)
    expect(waiting.map(({ id }) => id)).toEqual([known, recorded.events[0]?.id, recorded.events[2]?.id])
    expect(waiting.map(({ data }) => data).slice(1)).toEqual([1, 3])
  })

  it('does not take a batch for a duplicate because its body came before, when its events did not', async () => {
    const body = Buffer.from('{"same":true}')
    await store().record(
      arrival({ body, events: [draft({ sourceEventId: 'p' }), draft({ sourceEventId: 'q' })] }),
    )
    const again = await store().record(
      arrival({ body, events: [draft({ sourceEventId: 'p' }), draft({ sourceEventId: 'r' })] }),
    )
    expect(again.events.map(({ isNew }) => isNew)).toEqual([false, true])
  })

  it('knows an event of a batch without any key of its own by body and place', async () => {
    const body = Buffer.from('[{"n":1},{"n":2}]')
    const nameless = (data: number) => ({ type: 't', time: start, ids: {}, data })
    const first = await store().record(arrival({ body, events: [nameless(1), nameless(2)] }))
    expect(first.events.map(({ isNew }) => isNew)).toEqual([true, true])
    const again = await store().record(arrival({ body, events: [nameless(1), nameless(2)] }))
    expect(again.events).toEqual(first.events.map(({ id }) => ({ id, isNew: false })))
  })

  it('records the same event twice in one delivery once', async () => {
    const recorded = await store().record(
      arrival({
        events: [draft({ sourceEventId: 'twin', data: 1 }), draft({ sourceEventId: 'twin', data: 1 })],
      }),
    )
    expect(recorded.events).toEqual([
      { id: recorded.events[0]?.id, isNew: true },
      { id: recorded.events[0]?.id, isNew: false },
    ])
  })

  it('makes one event of a hundred identical deliveries at once', async () => {
    const given = arrival({ events: [draft({ sourceEventId: 'storm' })] })
    const all = await Promise.all(
      Array.from({ length: 100 }, () =>
        store().record({
          ...arrival(),
          body: given.body,
          bodyDigest: given.bodyDigest,
          events: given.events,
        }),
      ),
    )
    expect(all.filter(({ state }) => state === 'recorded')).toHaveLength(1)
    expect(new Set(all.map(({ events }) => events[0]?.id)).size).toBe(1)
    const { deliveries, events } = await store().counts()
    expect(deliveries).toEqual({ recorded: 1, duplicate: 99, malformed: 0 })
    expect(events.recorded).toBe(1)
  })

  it('gives events positions in the order of calls', async () => {
    const all = await Promise.all(Array.from({ length: 40 }, () => store().record(arrival())))
    const waiting = await store().undispatched(100)
    expect(waiting.map(({ id }) => id)).toEqual(all.map(({ events }) => events[0]?.id))
  })

  it('refuses a delivery that is there already, and harms none of its neighbours', async () => {
    const first = arrival()
    await store().record(first)
    const outcomes = await Promise.allSettled([
      store().record(arrival()),
      store().record({ ...arrival(), deliveryId: first.deliveryId }),
      store().record(arrival()),
    ])
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(outcomes[1]).toMatchObject({ reason: { code: 'store.conflict' } })
    const { deliveries, events } = await store().counts()
    expect([deliveries.recorded, events.recorded]).toEqual([3, 3])
    expect(await store().undispatched(10)).toHaveLength(3)
  })

  it('keeps the bytes of a malformed delivery, once', async () => {
    const { events: _, ...bytes } = arrival({ body: Buffer.from('{"broken') })
    await store().recordMalformed({ ...bytes, reason: 'not JSON' })
    await store().recordMalformed({ ...bytes, deliveryId: arrival().deliveryId, reason: 'not JSON' })
    expect(await store().delivery(bytes.deliveryId)).toMatchObject({
      state: 'malformed',
      reason: 'not JSON',
      eventIds: [],
    })
    expect((await store().counts()).deliveries).toEqual({ recorded: 0, duplicate: 0, malformed: 1 })
  })

  it('records a body that was malformed before, once it can be read', async () => {
    const { events, ...bytes } = arrival()
    await store().recordMalformed({ ...bytes, reason: 'depth' })
    expect((await store().record({ ...bytes, deliveryId: arrival().deliveryId, events })).state).toBe(
      'recorded',
    )
  })

  it('records a tick: its events and where it goes on, together', async () => {
    expect(await store().cursor('crm')).toBeUndefined()
    const next = cursor({
      value: { since: 12345678901234567890n, seen: ['a'] },
      lastError: 'slow',
      failures: 2,
    })
    const recorded = await store().recordTick(tick({ events: [draft({ data: { deal: 1 } })], cursor: next }))
    expect(await store().cursor('crm')).toEqual(next)
    const event = await store().event(idOf(recorded.events[0]?.id))
    expect(event).toMatchObject({
      source: 'crm',
      via: 'poll',
      data: { deal: 1 },
      deliveryId: undefined,
      recordedAt: start,
    })
    await store().recordTick(tick({ cursor: cursor({ lastOkAt: undefined }) }))
    expect(await store().cursor('crm')).toEqual(cursor({ lastOkAt: undefined }))
  })

  it('writes neither events nor cursor when a tick fails', async () => {
    const value = { deep: 1n }
    const broken = { ...cursor({ value }), failures: Number.NaN }
    const failing = store().recordTick(tick({ events: [draft({ data: 1 })], cursor: broken }))
    await expect(failing).rejects.toMatchObject({ code: expect.stringMatching(/^store\./) })
    expect(await store().cursor('crm')).toBeUndefined()
    expect(await store().undispatched(10)).toEqual([])
  })

  it('knows what a first poll saw, and wakes nobody for it', async () => {
    await store().recordTick(tick({ primed: [{ sourceEventId: 'old' }, { semanticKey: 'deal:1:v1' }] }))
    const later = await store().recordTick(
      tick({
        events: [
          draft({ sourceEventId: 'old', data: 1 }),
          draft({ sourceEventId: 'new', semanticKey: 'deal:1:v1', data: 1 }),
          draft({ sourceEventId: 'old', semanticKey: 'deal:1:v2', data: 2 }),
          draft({ sourceEventId: 'fresh', data: 3 }),
        ],
      }),
    )
    const unseen: RecordedEvent = { id: undefined, isNew: false }
    expect(later.events.slice(0, 3)).toEqual([unseen, unseen, unseen])
    expect(later.events[3]?.isNew).toBe(true)
    expect(await store().undispatched(10)).toHaveLength(1)
  })

  it('lets a poll and a webhook of one source share an event by its semantic key', async () => {
    const id = await recordEvent(store(), { semanticKey: 'ticket:1:v1' })
    const polled = await store().recordTick(
      tick({ source: 'ci', events: [draft({ semanticKey: 'ticket:1:v1', data: 1 })] }),
    )
    expect(polled.events).toEqual([{ id, isNew: false }])
  })

  it('keeps since when a secret is configured, how often it was used and when last', async () => {
    const use = { source: 'ci', fingerprint: 'a1', seenAt: start, uses: 0, lastUsedAt: undefined }
    await store().countSecretUses([use, { ...use, fingerprint: 'b2', seenAt: start + 9 }])
    await store().countSecretUses([{ ...use, seenAt: start + 5, uses: 2, lastUsedAt: start + 6 }])
    await store().countSecretUses([
      { ...use, seenAt: start + 7, uses: 1, lastUsedAt: start + 4 },
      { ...use, seenAt: start + 8 },
    ])
    const { salt, uses } = await store().secretUses()
    expect(salt).toMatch(/^[0-9a-f]{32}$/)
    expect(uses).toEqual([
      { ...use, uses: 3, lastUsedAt: start + 6 },
      { ...use, fingerprint: 'b2', seenAt: start + 9 },
    ])
  })

  it('adds refusals up by source, reason and day', async () => {
    const refusal = {
      source: 'ci',
      reason: 'verification.signature_mismatch',
      day: '2026-11-21',
      count: 2,
      lastAt: start,
      sample: 'a',
    }
    await store().countRefusals([refusal, { ...refusal, source: 'cd', sample: undefined }])
    await store().countRefusals([
      { ...refusal, count: 3, lastAt: start + 5, sample: 'b' },
      { ...refusal, count: 1, lastAt: start + 1, sample: undefined },
      { ...refusal, day: '2026-11-20' },
    ])
    expect(await store().refusals('2026-11-21')).toEqual([
      { ...refusal, source: 'cd', sample: undefined },
      { ...refusal, count: 6, lastAt: start + 5, sample: 'b' },
    ])
    expect(await store().refusals('2026-11-01')).toHaveLength(3)
  })
}
