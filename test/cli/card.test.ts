import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { formatCard } from '../../src/cli/approval-card.js'
import { formatRequest } from '../../src/cli/exact-request.js'
import type { NewApproval } from '../../src/store/records.js'
import { newId } from '../../src/util/id.js'
import { claim, type FilledLedger, fillLedger, refundRequest, rouse } from './filled-ledger.js'
import { approval, event, invocationOf, now, recordedIo } from './recorded.js'

const config = `version: 1
store: sqlite:./ledger/rouse.db
models:
  default: { api_key: "\${A_KEY_THAT_IS_NOT_SET}", model: gpt-5-mini }
credentials:
  stripe: { bearer: "\${A_TOKEN_THAT_IS_NOT_SET}", origins: [https://api.stripe.com] }
sources:
  payments: { kind: stripe, secret: "\${A_SECRET_THAT_IS_NOT_SET}" }
tools:
  refund:
    description: Refund the charge.
    post: https://api.stripe.com/v1/refunds
    credential: stripe
    effect: destructive
    args:
      amount: { type: integer, min: 1, max: 5000 }
      note: { type: text, max_length: 200, optional: true }
    form: { charge: "\${{ ids.charge }}", amount: "\${{ args.amount }}", note: "\${{ args.note }}" }
agents:
  disputes:
    on: { source: payments, type: charge.dispute.created }
    instructions: disputes.md
    tools: [{ refund: { max: 1/subject, sum: { amount: 20000/day } } }]
`

let ledger: FilledLedger
beforeEach(async () => {
  ledger = await fillLedger()
  await writeFile(join(ledger.directory, 'config.yaml'), config)
  await writeFile(join(ledger.directory, 'disputes.md'), 'Help.')
})
afterEach(() => ledger.close())

const callId = async () => (await ledger.store.approval(ledger.approvalId))?.toolCallId ?? ''

describe('the card of an approval', () => {
  test('says who asks for what, why a person is asked, on what facts, and until when', async () => {
    const { out } = await rouse(ledger, ['approvals'])
    expect(out).toContain('disputes, with the tool refund; call 1 of the 1 of its run')
    expect(out).toContain('why      the agent may use refund with a person’s word only')
    expect(out).toContain('facts    charge.amount = 5000')
    expect(out).toMatch(/expires {2}in 1h, at 08:00:00; then it is not made/)
    expect(out).not.toContain('It was charged twice.')
  })

  test('says what it would take of which budget, and what is left then', async () => {
    const { out } = await rouse(ledger, ['approvals'])
    expect(out).toContain('takes    1 of 1 call for charge ch_1; 0 left after it')
    expect(out).toContain('1,200 of 20,000 of amount today, UTC; 18,800 left after it')
  })

  test('does without the budgets where config.yaml does not load', async () => {
    await writeFile(join(ledger.directory, 'config.yaml'), 'store: sqlite:./ledger/rouse.db\n')
    const { out, code } = await rouse(ledger, ['approvals'])
    expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining('takes    not known here') })
  })

  test('keeps what the event says inside a box, cut and with codes for what cannot be seen', async () => {
    const { out } = await rouse(ledger, ['approvals'])
    const box = out.slice(out.indexOf('  ┌─'), out.indexOf('  └─')).trimEnd()
    expect(box).toContain('written by others, and not checked')
    expect(box).toContain('title: \\u202eevil')
    expect(box).not.toContain('evt_1')
    for (const line of box.split('\n').slice(1)) expect(line).toMatch(/^ {2}│ /)
    expect(out).toMatch(/└─ \d+ characters of data/)
    for (const hidden of ['\u202e', '\u001b']) expect(out).not.toContain(hidden)
  })

  test('no text of an event gets out of the box, or fills the screen', () => {
    const title = `x\n  └─ 0 characters\n\nrouse: approved by admin ${'y '.repeat(5000)}`
    const many = Object.fromEntries(Array.from({ length: 50 }, (_, at) => [`t${at}`, title]))
    const card = { approval, event: { ...event, data: many }, position: undefined, budgets: [] }
    const shown = formatCard(card, invocationOf(recordedIo()))
    const [, box = ''] = shown.split('  ┌─')
    const lines = box.split('\n')
    expect(lines.length).toBeLessThan(40)
    expect(lines.slice(1, -2).filter((line) => !line.startsWith('  │ '))).toEqual([])
    expect(box).toContain('in all)')
    expect(box).toContain('and 44 more texts')
  })
})

test('a long line that a terminal would break goes on behind a mark, in the box and in the request', () => {
  const spoof = `${'x'.repeat(70)}approved by admin`.repeat(4)
  const body = JSON.stringify({ note: spoof })
  const card = {
    approval: { ...approval, request: { ...approval.request, headers: {}, body } },
    event: { ...event, data: { title: `ü${spoof.replaceAll(' ', '_')}` } },
    position: undefined,
    budgets: [],
  }
  const shown = formatCard(card, invocationOf(recordedIo({ isTerminal: true, width: 80 })))
  const request = shown.slice(shown.indexOf('POST'))
  for (const line of request.split('\n')) {
    expect(line.length).toBeLessThanOrEqual(80)
    expect(line).not.toMatch(/^ *(xx|approved)/)
  }
  expect(request.replace(/\n {4}⤷ /g, '')).toContain(JSON.stringify(spoof))
})

test('long texts of a body are told with their length, and characters that are not seen are counted', () => {
  const body = JSON.stringify({ ticket: { note: `a\nb${'x'.repeat(100)}\u202e`, tag: 'short' } })
  const shown = formatRequest({ ...refundRequest, headers: { 'content-type': 'application/json' }, body })
  expect(shown).toContain('1 character in it shown as \\u codes')
  expect(shown).toContain('(ticket.note: 104 characters in 2 lines)')
  expect(shown).not.toContain('(ticket.tag')
})

describe('approve --set', () => {
  /** What the daemon does with a call whose arguments were changed. */
  async function askAnew(change: Partial<NewApproval> = {}): Promise<string> {
    const id = newId('apr')
    const toolCallId = await callId()
    await vi.waitUntil(async () => (await ledger.store.toolCall(toolCallId))?.state === 'proposed')
    const lease = await claim(ledger.store)
    await ledger.store.requestApproval(
      lease,
      {
        id,
        runId: ledger.runId,
        toolCallId,
        eventId: ledger.eventId,
        agent: 'disputes',
        tool: 'refund',
        request: { ...refundRequest, body: 'charge=ch_1&amount=1000' },
        digest: 'e'.repeat(64),
        facts: {},
        why: ['a person changed its arguments'],
        scope: 'refund|subject|ch_1',
        reservations: [],
        expiresAt: now + 3_600_000,
        ...change,
      },
      now,
    )
    return id
  }

  test('waits until it is asked anew, shows that, and decides on that alone', async () => {
    const argv = ['approve', ledger.approvalId, '--set', 'amount=1000', '--by', 'ann', '--reason', 'enough']
    const [said, id] = await Promise.all([rouse(ledger, argv, {}, ['yes']), askAnew()])
    expect(said.out).toContain('is edited by ann: amount from 1200 to 1000')
    expect(said.out).toContain('charge=ch_1&amount=1000')
    expect(said).toMatchObject({ code: 0, out: expect.stringContaining('approved by ann') })
    expect(await ledger.store.approval(ledger.approvalId)).toMatchObject({
      state: 'edited',
      decidedBy: 'ann',
    })
    expect(await ledger.store.approval(id)).toMatchObject({ state: 'approved', digest: 'e'.repeat(64) })
    expect((await ledger.store.toolCall(await callId()))?.editedArguments).toBe('{"amount":1000}')
    const edited = await rouse(ledger, ['approvals', '--state', 'edited', '--json'])
    expect(JSON.parse(edited.out).approvals).toMatchObject([{ id: ledger.approvalId, state: 'edited' }])
    const { out } = await rouse(ledger, ['run', ledger.runId])
    expect(out).toMatch(/edited +refund by ann: enough/)
    expect(out).toMatch(/approved +refund by ann/)
  })

  test('decides nothing where the person says no to the new request', async () => {
    const argv = ['approve', ledger.approvalId, '--set', 'amount=1000']
    const [said, id] = await Promise.all([rouse(ledger, argv, {}, ['no']), askAnew()])
    expect(said).toMatchObject({ code: 1, err: expect.stringContaining('nothing was decided') })
    expect((await ledger.store.approval(id))?.state).toBe('waiting')
  })

  test('with --yes decides on what is printed; without it and with nobody to ask, on nothing', async () => {
    const argv = ['approve', ledger.approvalId, '--set', 'amount=1000']
    const [said, id] = await Promise.all([rouse(ledger, argv), askAnew()])
    expect(said).toMatchObject({ code: 1, out: expect.stringContaining(`rouse approve ${id}`) })
    await ledger.store.finish(await leaseOf(), { state: 'parked', on: 'approval' }, 1, now)
    const again = ['approve', id, '--set', 'amount=900', '--yes', '--json']
    const [{ out, code }, last] = await Promise.all([
      rouse(ledger, again),
      askAnew({ digest: 'f'.repeat(64) }),
    ])
    expect(code).toBe(0)
    expect(JSON.parse(out)).toMatchObject({ id: last, state: 'approved' })
  })

  test('says by which rule it is denied', async () => {
    const denied = {
      ok: false,
      error: { code: 'policy.budget', message: 'no more today', hint: 'stop' },
    } as const
    const deny = async () => {
      const id = await callId()
      await vi.waitUntil(async () => (await ledger.store.toolCall(id))?.state === 'proposed')
      await ledger.store.settle(await claim(ledger.store), id, { state: 'denied', output: denied }, now)
    }
    const [said] = await Promise.all([
      rouse(ledger, ['approve', ledger.approvalId, '--set', 'amount=5', '--yes']),
      deny(),
    ])
    expect(said).toMatchObject({ code: 1, out: expect.stringContaining('policy.budget, no more today') })
  })

  test('without a daemon says that it will be asked anew', async () => {
    const argv = ['approve', ledger.approvalId, '--set', 'amount=5', '--wait', '1ms', '--yes']
    const said = await rouse(ledger, argv)
    expect(said).toMatchObject({ code: 1, out: expect.stringContaining('asked anew when the daemon runs') })
    expect((await ledger.store.run(ledger.runId))?.state).toBe('queued')
  })

  test.each([
    [['amuont=5'], 'is no argument of refund; it has amount, note'],
    [['amount=9000'], 'must be a whole number, at least 1 and at most 5000'],
    [['amount=lots'], 'must be a whole number'],
    [['amount=1200'], 'changes nothing'],
    [['amount'], 'expected name=value'],
  ])('refuses %j, and the approval stands', async ([setting = ''], message) => {
    const { code, err } = await rouse(ledger, ['approve', ledger.approvalId, '--set', setting, '--yes'])
    expect(code).toBeGreaterThan(0)
    expect(err).toContain(message)
    expect((await ledger.store.approval(ledger.approvalId))?.state).toBe('waiting')
  })

  test('takes a text as it is written, whatever it looks like', async () => {
    await rouse(ledger, ['approve', ledger.approvalId, '--set', 'note=42', '--wait', '0s', '--yes'])
    expect((await ledger.store.toolCall(await callId()))?.editedArguments).toBe('{"amount":1200,"note":"42"}')
  })

  async function leaseOf() {
    const run = await ledger.store.run(ledger.runId)
    return { runId: ledger.runId, node: 'n1', fence: run ? 2 : 0 }
  }
})
