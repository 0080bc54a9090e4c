import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Approval } from '../../src/domain/approval.js'
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

const charge = (amount: number) => ({ call: 'charge', args: { amount } })

async function parkedOnApproval(turns: readonly unknown[] = [charge(500)]) {
  rouse = await startRouse({
    config: issueAgent(api).replace(/- charge: \{ gate: auto,/, '- charge: { gate: approve,'),
    script: [{ agent: 'helper', turns: [...turns, { say: 'Decided.' }] }],
    files,
  })
  const { body } = await sendGithub(rouse.url, 'issues', issueOpened(12))
  const eventId = body.events?.[0] ?? ''
  const run = await runIn(rouse.ledger, eventId, ['parked'])
  const [approval] = await rouse.ledger.listApprovals({ state: 'waiting', limit: 10 })
  if (!approval) throw new Error('no approval is waiting')
  return { eventId, run, approval }
}

const approve = ({ id, digest }: Approval) =>
  rouse.ledger.decide(id, { state: 'approved', by: 'ann', reason: undefined, digest }, Date.now())

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
    expect(approval.facts).toEqual({ 'issue.budget': 500 })
    budget = 600
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
      output: {
        ok: false,
        error: { code: 'approval.void', message: expect.stringContaining('issue.budget') },
      },
    })
  })

  it('stays good when only facts have changed that nothing rests on', async () => {
    const { eventId, approval } = await parkedOnApproval()
    api.respond = ({ method }) => ({
      status: 200,
      body: method === 'GET' ? { budget, viewed: 2 } : { id: 1 },
    })
    await approve(approval)
    await runIn(rouse.ledger, eventId, ['completed'])
    expect(api.writes).toHaveLength(1)
  })

  it('stays good when rules have changed that are not for it', async () => {
    const { eventId, approval } = await parkedOnApproval()
    const file = join(rouse.directory, 'config.yaml')
    await writeFile(file, (await readFile(file, 'utf8')).replace('max: 2/run', 'max: 3/run'))
    await until(
      'the reload',
      () => rouse.daemon.config().agents.get('helper')?.grants[1]?.max[0]?.limit === 3,
    )
    await approve(approval)
    await runIn(rouse.ledger, eventId, ['completed'])
    expect(api.writes).toHaveLength(1)
  })

  it('is void when the rules have changed since, and the run’s own are still the old ones', async () => {
    const { eventId, approval } = await parkedOnApproval()
    const file = join(rouse.directory, 'config.yaml')
    const text = await readFile(file, 'utf8')
    await writeFile(file, text.replace('amount: 1000/day', 'amount: 400/day'))
    await until(
      'the reload',
      () => rouse.daemon.config().agents.get('helper')?.grants[2]?.sum[0]?.limit === 400,
    )
    await approve(approval)
    const done = await runIn(rouse.ledger, eventId, ['completed'])
    expect(api.writes).toEqual([])
    const { calls } = await rouse.ledger.journal(done.id)
    expect(calls[0]).toMatchObject({ state: 'denied', output: { error: { code: 'approval.void' } } })
  })

  it('is asked about once: what would be asked for the same object meanwhile is denied', async () => {
    const { run } = await parkedOnApproval([{ calls: [charge(100), charge(100), charge(50)] }])
    const { calls } = await rouse.ledger.journal(run.id)
    expect(calls.map(({ state, output }) => (output?.ok === false ? output.error.code : state))).toEqual([
      'waiting',
      'policy.budget',
      'policy.budget',
    ])
    expect(await rouse.ledger.listApprovals({ limit: 9 })).toHaveLength(1)
  })

  it('is asked about anew, under another digest, when a person changes its arguments', async () => {
    const { eventId, run, approval } = await parkedOnApproval()
    const edit = { by: 'ann', argumentsText: '{"amount":40}', reason: undefined, digest: approval.digest }
    await rouse.ledger.editApproval(approval.id, edit, Date.now())
    const anew = await until('the new question', async () =>
      (await rouse.ledger.listApprovals({ state: 'waiting', limit: 9 })).find(({ id }) => id !== approval.id),
    )
    expect(anew.request.body).toBe('amount=40&issue=12')
    expect(anew.digest).not.toBe(approval.digest)
    expect(anew.why).toContain('a person changed its arguments')
    await expect(approve(approval)).rejects.toMatchObject({ code: 'store.conflict' })
    await approve(anew)
    await runIn(rouse.ledger, eventId, ['completed'])
    expect(api.writes.map(({ body }) => body)).toEqual(['amount=40&issue=12'])
    expect((await rouse.ledger.journal(run.id)).approvals.map(({ state }) => state)).toEqual([
      'edited',
      'approved',
    ])
  })

  it('does not let a person change it into what the rules forbid', async () => {
    const { eventId, approval } = await parkedOnApproval()
    const edit = { by: 'ann', argumentsText: '{"amount":501}', reason: undefined, digest: approval.digest }
    await rouse.ledger.editApproval(approval.id, edit, Date.now())
    const done = await runIn(rouse.ledger, eventId, ['completed'])
    const { calls } = await rouse.ledger.journal(done.id)
    expect(calls[0]).toMatchObject({ state: 'denied', output: { error: { code: 'policy.constraint' } } })
    expect(api.writes).toEqual([])
  })

  it('is reminded of when its time is nearly over, and no more when it is decided', async () => {
    const config = issueAgent(api).replace(
      /- charge: \{ gate: auto,/,
      '- charge: { gate: approve, expires: 1h, remind: 1h,',
    )
    rouse = await startRouse({
      config,
      script: [{ agent: 'helper', turns: [charge(5), { say: 'x' }] }],
      files,
    })
    const { body } = await sendGithub(rouse.url, 'issues', issueOpened(12))
    await runIn(rouse.ledger, body.events?.[0] ?? '', ['parked'])
    const standing = async () =>
      (await rouse.ledger.listAlerts(9)).filter(({ resolvedAt }) => resolvedAt === undefined)
    const [alert] = await until('the reminder', async () => {
      const found = await standing()
      return found.length > 0 && found
    })
    expect(alert).toMatchObject({
      code: 'approval.waiting',
      message: expect.stringContaining('rouse approve apr_'),
    })
    const [approval] = await rouse.ledger.listApprovals({ state: 'waiting', limit: 1 })
    if (!approval) throw new Error('no approval is waiting')
    await approve(approval)
    await until('the end of it', async () => (await standing()).length === 0)
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
