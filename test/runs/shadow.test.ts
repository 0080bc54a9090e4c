import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { RecordingApi } from '../support/recording-api.js'
import { issueOpened, type Rouse, runIn, sendGithub, startRouse } from '../support/rouse.js'
import { until } from '../support/wait.js'
import { files, issueAgent } from './setting.js'

let api: RecordingApi
let rouse: Rouse | undefined

beforeEach(async () => {
  rouse = undefined
  api = await RecordingApi.start()
  api.respond = () => ({ status: 200, body: { budget: 500 } })
})

afterEach(async () => {
  await rouse?.stop()
  await api.close()
})

const turns = [
  { call: 'get_issue', args: {} },
  { call: 'charge', args: { amount: 300 } },
  { call: 'comment', args: { body: 'Charged.' } },
  { call: 'charge', args: { amount: 900 } },
  { say: 'Done.' },
]

async function runOf(config: string, issue = 12) {
  rouse ??= await startRouse({ config, script: [{ agent: 'helper', turns }], files })
  const { ledger, url } = rouse
  const { body } = await sendGithub(url, 'issues', issueOpened(issue))
  const run = await runIn(ledger, body.events?.[0] ?? '', ['completed', 'parked', 'dead'])
  const { calls } = await ledger.journal(run.id)
  const said = calls.map(
    ({ tool, state, output }) => `${tool} ${output?.ok === false ? output.error.code : state}`,
  )
  return { said, ledger, daemon: rouse.daemon, directory: rouse.directory }
}

describe('an agent in shadow mode', () => {
  const shadow = (config: string) =>
    config.replace('    instructions:', '    mode: shadow\n    instructions:')

  it('reads for real, and sends none of its writes, each of which is recorded as it would be sent', async () => {
    const { said, ledger } = await runOf(shadow(issueAgent(api)))
    expect(said).toEqual([
      'get_issue done',
      'charge simulated',
      'comment simulated',
      'charge policy.constraint',
    ])
    expect(api.writes).toEqual([])
    const [run] = await ledger.listRuns({ limit: 1 })
    const { calls } = await ledger.journal(run?.id ?? '')
    expect(calls[1]?.request).toMatchObject({ url: `${api.origin}/charges`, body: 'amount=300&issue=12' })
    expect(calls[1]).toMatchObject({ sends: 0, note: expect.stringContaining('shadow') })
  })

  it('is held by its budgets as if it were live', async () => {
    const config = shadow(issueAgent(api)).replace('amount: 1000/day', 'amount: 500/day')
    await runOf(config, 1)
    expect((await runOf(config, 2)).said[1]).toBe('charge policy.budget')
    expect(api.writes).toEqual([])
  })

  it('asks nobody, although the live one would ask', async () => {
    const config = shadow(issueAgent(api)).replace('charge: { gate: auto', 'charge: { gate: approve')
    const { said, ledger } = await runOf(config)
    expect(said[1]).toBe('charge simulated')
    expect(await ledger.listApprovals({ limit: 1 })).toEqual([])
  })
})

it('one tool in shadow leaves the others live', async () => {
  const config = issueAgent(api).replace('charge: { gate: auto', 'charge: { gate: shadow')
  expect((await runOf(config)).said.slice(1, 3)).toEqual(['charge simulated', 'comment confirmed'])
  expect(api.writes.map(({ url }) => url)).toEqual(['/repos/acme/web/issues/12/comments'])
})

it('holds from the moment that the file says so, also for a call that a person has let through', async () => {
  const config = issueAgent(api).replace('charge: { gate: auto', 'charge: { gate: approve')
  const { said, ledger, daemon, directory } = await runOf(config)
  expect(said[1]).toBe('charge waiting')
  const file = join(directory, 'config.yaml')
  const text = await readFile(file, 'utf8')
  await writeFile(file, text.replace('    instructions:', '    mode: shadow\n    instructions:'))
  await until('the reload', () => daemon.config().agents.get('helper')?.mode === 'shadow')
  const [approval] = await ledger.listApprovals({ state: 'waiting', limit: 1 })
  const decision = {
    state: 'approved',
    by: 'ann',
    reason: undefined,
    digest: approval?.digest ?? '',
  } as const
  await ledger.decide(approval?.id ?? '', decision, Date.now())
  const run = await runIn(ledger, approval?.eventId ?? '', ['completed'])
  const { calls } = await ledger.journal(run.id)
  expect(calls[1]).toMatchObject({ state: 'denied', output: { error: { code: 'approval.void' } } })
  expect(api.writes).toEqual([])
})
