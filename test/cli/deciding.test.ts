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

  test.each([
    ['--happened', 'Nothing is sent'],
    ['--not-happened', 'under a new idempotency key'],
    ['--send-again', 'with the same idempotency key'],
  ])('%s says what it means for keys before it is done, and keeps who said so', async (option, meaning) => {
    const id = await hold()
    expect((await rouse(ledger, ['approve', id, option], {}, ['no'])).out).toContain(meaning)
    expect((await ledger.store.toolCall(id))?.state).toBe('held')
    await rouse(ledger, ['approve', id, option, '--yes', '--by', 'dora'])
    const { calls } = await ledger.store.journal(ledger.runId)
    expect(calls.find((call) => call.id === id)?.note).toContain('dora: ')
  })

  test('of a cancelled run is still said, and can be resolved', async () => {
    const id = await hold()
    const { out } = await rouse(ledger, ['cancel', ledger.runId])
    expect(out).toContain(`refund may have happened (held): rouse approve ${id} --happened`)
    const { out: listed } = await rouse(ledger, ['approvals'])
    expect(listed).toContain(`rouse approve ${id} --not-happened`)
    expect(listed).not.toContain('--send-again')
    const again = await rouse(ledger, ['approve', id, '--send-again', '--yes'])
    expect(again).toMatchObject({
      code: 1,
      err: expect.stringContaining('is cancelled and sends nothing more'),
    })
    expect(again.out).not.toContain('go out again')
    const done = await rouse(ledger, ['approve', id, '--happened', '--yes'])
    expect(done).toMatchObject({ code: 0, out: expect.stringContaining('its run is cancelled and stays so') })
    expect((await ledger.store.toolCall(id))?.state).toBe('confirmed')
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
