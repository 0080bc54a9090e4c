import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { widthOf } from '../../src/cli/text.js'
import { arrival } from '../contract/store-fixtures.js'
import { claim, type FilledLedger, fillLedger, rouse } from './filled-ledger.js'
import { now } from './recorded.js'

let ledger: FilledLedger
/** Newest first. */
const ids: string[] = []
/** Died and was replayed; died and waits; was never dead. */
let runs: { replayed: string; dead: string; waits: string }

beforeAll(async () => {
  ledger = await fillLedger()
  const { store } = ledger
  for (const index of [1, 2, 3]) {
    const one = { ...arrival({ source: 'payments', receivedAt: now - 60_000 + index }) }
    await store.recordMalformed({ ...one, reason: `no JSON\u001b[31m at ${'byte '.repeat(30)}` })
    ids.unshift(one.deliveryId)
  }
  const die = async () => {
    const { events } = await store.record(arrival({ receivedAt: now - 9000 }))
    const eventId = events[0]?.id
    if (eventId === undefined) throw new Error('no event')
    const decisions = [{ agent: 'doctor', reason: 'matched' }] as const
    const [id = ''] = await store.dispatch([{ eventId, decisions }], now - 8000)
    const lease = await claim(store)
    const fault = { code: 'limit.turns', message: 'too many' } as const
    await store.finish(lease, { state: 'dead', error: fault }, 1, now - 7000)
    return { id, eventId }
  }
  const first = await die()
  const second = await die()
  const replay = await store.replay(first.eventId, 'doctor', now)
  await store.finish(await claim(store), { state: 'completed', summary: 'done' }, 1, now)
  expect(replay).toBeDefined()
  runs = { replayed: first.id, dead: second.id, waits: ledger.runId }
})
afterAll(() => ledger.close())

describe('events --unreadable', () => {
  test('lists deliveries that could not be read, with whole ids and no character that steers', async () => {
    const { out, err, code } = await rouse(ledger, ['events', '--unreadable'])
    expect(code).toBe(0)
    const [titles = '', ...rows] = out.split('\n')
    expect(titles).toMatch(/^ID +RECEIVED +SOURCE +SIZE +WHY$/)
    expect(rows.map((row) => row.split(' ', 1)[0])).toEqual(ids)
    expect(rows[0]).toContain('no JSON\\u001b')
    expect([titles, ...rows].every((line) => widthOf(line) <= 100)).toBe(true)
    expect(err).toBe('one of them: rouse explain <id>')
    expect((await rouse(ledger, ['explain', ids[0] ?? ''])).out).toContain('its bytes are kept')
  })

  test('goes on where the page before ended', async () => {
    const said = async (...argv: string[]) => {
      const { out } = await rouse(ledger, ['events', '--unreadable', '--limit', '2', '--json', ...argv])
      return JSON.parse(out) as { deliveries: { id: string; has_body: boolean }[]; next: string | null }
    }
    const first = await said()
    const second = await said('--before', first.next ?? '')
    expect([...first.deliveries, ...second.deliveries].map(({ id }) => id)).toEqual(ids)
    expect(first.deliveries.every((one) => one.has_body)).toBe(true)
    expect(second.next).toBe(null)
    const { err } = await rouse(ledger, ['events', '--unreadable', '--limit', '2'])
    expect(err).toContain(`rouse events --unreadable --before ${first.next}`)
  })

  test.each([
    [['--source', 'payments'], '--unreadable lists all of them; it does not go with --source'],
    [['--before', 'evt_1'], '--before "evt_1" is no place in this list'],
  ])('%j is a usage error', async (argv, message) => {
    const { code, err } = await rouse(ledger, ['events', '--unreadable', ...argv])
    expect(code).toBe(2)
    expect(err).toContain(message)
  })
})

describe('runs --replayed', () => {
  const found = async (...argv: string[]) => {
    const { out } = await rouse(ledger, ['runs', ...argv, '--json'])
    return (JSON.parse(out) as { runs: { id: string }[] }).runs.map(({ id }) => id)
  }

  test('tells the dead that were replayed from those that wait', async () => {
    expect(await found('--replayed', 'yes')).toEqual([runs.replayed])
    expect(await found('--replayed', 'no')).toEqual([runs.dead])
    expect(await found('--state', 'dead')).toEqual([runs.dead, runs.replayed])
    expect(await found('--replayed', 'no', '--agent', 'other')).toEqual([])
    expect(await found()).toContain(runs.waits)
  })

  test('says how those that wait are run again, and not how the others are', async () => {
    expect((await rouse(ledger, ['runs', '--replayed', 'no'])).err).toContain('rouse replay --failed')
    expect((await rouse(ledger, ['runs', '--replayed', 'yes'])).err).toBe('')
  })

  test.each([
    [['--replayed', 'maybe'], '--replayed "maybe" is not known; expected yes, no'],
    [['--replayed', 'no', '--state', 'parked'], '--replayed is of dead runs'],
    [['--replayed', 'no', '--parked-on', 'time'], '--replayed is of dead runs'],
  ])('%j is a usage error', async (argv, message) => {
    const { code, err } = await rouse(ledger, ['runs', ...argv])
    expect(code).toBe(2)
    expect(err).toContain(message)
  })
})
