import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { RecordingApi } from '../support/recording-api.js'
import { issueOpened, type Rouse, runIn, sendGithub, startRouse } from '../support/rouse.js'
import { until } from '../support/wait.js'
import { files, issueAgent } from './setting.js'

let api: RecordingApi
let rouse: Rouse
let budget = 500

beforeEach(async () => {
  budget = 500
  api = await RecordingApi.start()
  api.respond = ({ method }) =>
    method === 'GET' ? { status: 200, body: { budget } } : { status: 200, body: { id: 'ch_1' } }
})

afterEach(async () => {
  await rouse.stop()
  await api.close()
})

async function parkedOnApproval() {
  rouse = await startRouse({
    config: issueAgent(api).replace(/- charge: \{ gate: auto,/, '- charge: { gate: approve,'),
    script: [{ agent: 'helper', turns: [{ call: 'charge', args: { amount: 500 } }, { say: 'Decided.' }] }],
    files,
  })
  const { body } = await sendGithub(rouse.url, 'issues', issueOpened(12))
  const eventId = body.events?.[0] ?? ''
  const run = await runIn(rouse.ledger, eventId, ['parked'])
  const [approval] = await rouse.ledger.listApprovals({ state: 'waiting', limit: 10 })
  if (!approval) throw new Error('no approval is waiting')
  return { eventId, run, approval }
}

describe('a call that a person must decide on', () => {
  it('parks the run, shows the exact request, and sends those bytes once approved', async () => {
    const { eventId, run, approval } = await parkedOnApproval()
    expect(run.parkedOn).toBe('approval')
    expect(api.writes).toEqual([])
    expect(approval.request).toMatchObject({
      method: 'POST',
      url: `${api.origin}/charges`,
      body: 'amount=500&issue=12',
    })
    await rouse.ledger.decide(
      approval.id,
      { state: 'approved', by: 'ann', reason: undefined, digest: approval.digest },
      Date.now(),
    )
    const done = await runIn(rouse.ledger, eventId, ['completed'])
    expect(done.summary).toBe('Decided.')
    expect(api.writes.map(({ body }) => body)).toEqual([approval.request.body])
    const journal = await rouse.ledger.journal(done.id)
    expect(journal.approvals[0]).toMatchObject({ state: 'approved', decidedBy: 'ann' })
  })

  it('is not made when the person denies it, and the model is told why', async () => {
    const { eventId, approval } = await parkedOnApproval()
    await rouse.ledger.decide(
      approval.id,
      { state: 'denied', by: 'ann', reason: 'too much', digest: approval.digest },
      Date.now(),
    )
    const done = await runIn(rouse.ledger, eventId, ['completed'])
    expect(api.writes).toEqual([])
    const { calls } = await rouse.ledger.journal(done.id)
    expect(calls[0]?.state).toBe('denied')
  })

  it('is void when the facts have changed since', async () => {
    const { eventId, approval } = await parkedOnApproval()
    budget = 10
    await rouse.ledger.decide(
      approval.id,
      { state: 'approved', by: 'ann', reason: undefined, digest: approval.digest },
      Date.now(),
    )
    const done = await runIn(rouse.ledger, eventId, ['completed'])
    expect(api.writes).toEqual([])
    const { calls } = await rouse.ledger.journal(done.id)
    expect(calls[0]).toMatchObject({
      state: 'denied',
      output: { ok: false, error: { code: 'policy.constraint' } },
    })
  })

  it('expires when nobody decides, which is not a denial', async () => {
    const { eventId, approval } = await parkedOnApproval()
    await rouse.ledger.expireApprovals(approval.expiresAt)
    const done = await runIn(rouse.ledger, eventId, ['completed'])
    expect((await rouse.ledger.approval(approval.id))?.state).toBe('expired')
    const { calls } = await rouse.ledger.journal(done.id)
    expect(calls[0]?.state).toBe('expired')
    expect(api.writes).toEqual([])
  })

  it('cannot be approved with another digest, twice, or after it expired', async () => {
    const { approval } = await parkedOnApproval()
    const approve = (digest: string, now: number) =>
      rouse.ledger.decide(approval.id, { state: 'approved', by: 'ann', reason: undefined, digest }, now)
    await expect(approve('0'.repeat(64), Date.now())).rejects.toMatchObject({ code: 'store.conflict' })
    await expect(approve(approval.digest, approval.expiresAt + 1)).rejects.toMatchObject({
      code: 'store.conflict',
    })
    await approve(approval.digest, Date.now())
    await expect(approve(approval.digest, Date.now())).rejects.toMatchObject({ code: 'store.conflict' })
    await until('the one charge', () => api.writes.length === 1)
  })

  it('frees the worker: other runs go on while it waits', async () => {
    await parkedOnApproval()
    const { body } = await sendGithub(rouse.url, 'issues', issueOpened(13))
    const other = await runIn(rouse.ledger, body.events?.[0] ?? '', ['parked'])
    expect(other.parkedOn).toBe('approval')
    expect(rouse.log.some((line) => line.includes('rouse is ready'))).toBe(true)
  })
})
