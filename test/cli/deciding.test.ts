import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { FilledLedger } from './filled-ledger.js'
import { callOf, claim, fillLedger, refundRequest, rouse, stepOf } from './filled-ledger.js'
import { now } from './recorded.js'

let ledger: FilledLedger
beforeEach(async () => {
  ledger = await fillLedger()
})
afterEach(() => ledger.close())

const approvalState = async () => (await ledger.store.approval(ledger.approvalId))?.state

test('approvals shows the exact request, its digest, and how to decide', async () => {
  const { out } = await rouse(ledger, ['approvals'])
  expect(out).toContain('charge=ch_1&amount=1200')
  expect(out).toContain(ledger.approvalDigest)
  expect(out).toContain(`rouse approve ${ledger.approvalId}`)
  expect(out).not.toContain('It was charged twice.')
})

describe('approve', () => {
  test('asks, and takes nothing but a yes for one', async () => {
    const { code, err } = await rouse(ledger, ['approve', ledger.approvalId], {}, ['y'])
    expect({ code, err }).toEqual({ code: 1, err: 'rouse: nothing was decided' })
    expect(await approvalState()).toBe('waiting')
    const yes = await rouse(ledger, ['approve', ledger.approvalId, '--by', 'alice'], {}, ['yes'])
    expect(yes.out).toContain('POST https://api.stripe.com/v1/refunds')
    expect(yes.out).toContain('approved by alice')
    expect(await ledger.store.approval(ledger.approvalId)).toMatchObject({
      state: 'approved',
      decidedBy: 'alice',
    })
  })

  test('needs --yes or the digest where there is nobody to ask', async () => {
    expect(await rouse(ledger, ['approve', ledger.approvalId])).toMatchObject({ code: 2 })
    expect(await rouse(ledger, ['approve', ledger.approvalId, '--json'], {}, ['yes'])).toMatchObject({
      code: 2,
    })
    expect(await approvalState()).toBe('waiting')
    const { out } = await rouse(ledger, [
      'approve',
      ledger.approvalId,
      '--digest',
      ledger.approvalDigest,
      '--json',
    ])
    expect(JSON.parse(out)).toMatchObject({ state: 'approved', digest: ledger.approvalDigest })
  })

  test('refuses another digest than the one that was shown', async () => {
    const { code, err } = await rouse(ledger, [
      'approve',
      ledger.approvalId,
      '--yes',
      '--digest',
      'e'.repeat(64),
    ])
    expect(code).toBe(1)
    expect(err).toContain('what would be sent is not what you saw')
    expect(await approvalState()).toBe('waiting')
  })

  test('refuses what was decided already, and what has expired', async () => {
    const clock = { now: () => now + 3_600_000, monotonic: () => 0 }
    expect((await rouse(ledger, ['approve', ledger.approvalId, '--yes'], { clock })).err).toContain(
      'has expired',
    )
    await rouse(ledger, ['deny', ledger.approvalId, '--reason', 'no', '--by', 'bob'])
    expect((await rouse(ledger, ['approve', ledger.approvalId, '--yes'])).err).toContain(
      'is denied by bob already',
    )
  })
})

test('deny tells the reason, and the run may go on', async () => {
  const { out, code } = await rouse(ledger, [
    'deny',
    ledger.approvalId,
    '--reason',
    'called them',
    '--by',
    'bob',
  ])
  expect({ out, code }).toEqual({
    out: 'denied refund by bob; nothing is sent, and the agent is told',
    code: 0,
  })
  expect(await ledger.store.approval(ledger.approvalId)).toMatchObject({
    state: 'denied',
    reason: 'called them',
  })
  expect((await ledger.store.run(ledger.runId))?.state).toBe('queued')
})

describe('a held write', () => {
  async function hold(): Promise<string> {
    await rouse(ledger, ['deny', ledger.approvalId])
    const lease = await claim(ledger.store)
    const call = callOf('refund', '{}')
    await ledger.store.appendStep(lease, stepOf(2), [call], now)
    const intent = {
      request: refundRequest,
      effect: 'destructive',
      args: {},
      idempotencyKey: 'key-1',
      ordinal: 0,
      reservations: [],
    } as const
    await ledger.store.prepare(lease, call.id, intent, now)
    await ledger.store.markSent(lease, call.id, now)
    await ledger.store.settle(lease, call.id, { state: 'unknown' }, now)
    await ledger.store.settle(lease, call.id, { state: 'held' }, now)
    await ledger.store.finish(lease, { state: 'parked', on: 'person' }, 1, now)
    return call.id
  }

  test('is listed with the approvals, with what was sent', async () => {
    const id = await hold()
    const { out } = await rouse(ledger, ['approvals'])
    expect(out).toContain(`${id}  held`)
    expect(out).toContain('charge=ch_1&amount=1200')
    expect(out).toContain(`rouse approve ${id} --not-happened`)
  })

  test.each([
    ['--happened', 'confirmed'],
    ['--not-happened', 'rejected'],
    ['--send-again', 'prepared'],
  ])('%s makes it %s and wakes the run', async (option, state) => {
    const id = await hold()
    const { code } = await rouse(ledger, ['approve', id, option], {}, ['yes'])
    expect(code).toBe(0)
    expect((await ledger.store.toolCall(id))?.state).toBe(state)
    expect((await ledger.store.run(ledger.runId))?.state).toBe('queued')
  })

  test('is not resolved without saying how, nor in two ways', async () => {
    const id = await hold()
    expect((await rouse(ledger, ['approve', id, '--yes'])).code).toBe(2)
    expect((await rouse(ledger, ['approve', id, '--yes', '--happened', '--send-again'])).code).toBe(2)
    expect((await rouse(ledger, ['approve', ledger.approvalId, '--happened'])).err).toContain(
      'are for held writes',
    )
    expect((await ledger.store.toolCall(id))?.state).toBe('held')
  })
})

test('cancel ends a parked run and says who did', async () => {
  const { code } = await rouse(ledger, ['cancel', ledger.runId, '--reason', 'by hand', '--by', 'carol'])
  expect(code).toBe(0)
  expect(await ledger.store.run(ledger.runId)).toMatchObject({
    state: 'cancelled',
    error: { message: expect.stringContaining('carol: by hand') },
  })
  expect((await rouse(ledger, ['cancel', ledger.runId])).code).toBe(1)
})

describe('replay', () => {
  test('prints the plan and what it means, and asks', async () => {
    const dry = await rouse(ledger, ['replay', ledger.eventId, '--dry-run'])
    expect(dry.out).toContain('disputes again, after')
    expect(dry.out).toContain('new idempotency keys')
    expect((await rouse(ledger, ['replay', ledger.eventId], {}, ['no'])).code).toBe(1)
    expect(await ledger.store.runsOf(ledger.eventId)).toHaveLength(1)
    const { out, code } = await rouse(ledger, ['replay', ledger.eventId], {}, ['yes'])
    expect(code).toBe(0)
    expect(out).toContain(`disputes, replay 1 of ${ledger.eventId}`)
    expect((await ledger.store.runsOf(ledger.eventId)).map(({ replay }) => replay).sort()).toEqual([0, 1])
  })

  test('can wake an agent that the event did not wake, and no agent that there never was', async () => {
    const { out } = await rouse(ledger, ['replay', ledger.eventId, '--agent', 'ci-doctor', '--yes', '--json'])
    expect(JSON.parse(out)).toMatchObject({ runs: [{ agent: 'ci-doctor', state: 'queued' }] })
    const wrong = await rouse(ledger, ['replay', ledger.eventId, '--agent', 'ci-docter', '--yes'])
    expect(wrong).toMatchObject({ code: 1 })
    expect(wrong.err).toContain('there were: disputes, ci-doctor')
  })

  test('--since --failed takes only what is dead', async () => {
    const plan = async () => {
      const { out } = await rouse(ledger, ['replay', '--since', '2h', '--failed', '--dry-run', '--json'])
      return (JSON.parse(out) as { planned: unknown[] }).planned
    }
    expect(await plan()).toEqual([])
    await rouse(ledger, ['deny', ledger.approvalId])
    const lease = await claim(ledger.store)
    await ledger.store.finish(lease, { state: 'dead', error: { code: 'limit.turns', message: 'm' } }, 1, now)
    expect(await plan()).toMatchObject([{ event_id: ledger.eventId, agent: 'disputes', last_state: 'dead' }])
  })

  test('needs events or --since, and not both', async () => {
    expect((await rouse(ledger, ['replay'])).code).toBe(2)
    expect((await rouse(ledger, ['replay', ledger.eventId, '--since', '1h'])).code).toBe(2)
  })
})
