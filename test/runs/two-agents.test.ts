import { afterEach, beforeEach, expect, it } from 'vitest'
import { RecordingApi } from '../support/recording-api.js'
import { issueOpened, type Rouse, sendGithub, startRouse } from '../support/rouse.js'
import { until } from '../support/wait.js'
import { files, issueAgent } from './setting.js'

let api: RecordingApi
let rouse: Rouse

beforeEach(async () => {
  api = await RecordingApi.start()
  api.respond = () => ({ status: 200, body: { budget: 500 } })
})
afterEach(async () => {
  await rouse.stop()
  await api.close()
})

it('two agents that one event wakes both run, each write under a key of its own', async () => {
  const second = `  second:
    on: { source: ci, type: "issues.*" }
    instructions: helper.md
    tools: [{ charge: { gate: auto, sum: { amount: 1000/day } } }]
`
  const turns = [{ call: 'charge', args: { amount: 5 } }, { say: 'Done.' }]
  rouse = await startRouse({
    config: issueAgent(api) + second,
    script: [
      { agent: 'helper', turns },
      { agent: 'second', turns },
    ],
    files,
  })
  const { body } = await sendGithub(rouse.url, 'issues', issueOpened(12))
  const { ledger } = rouse
  const runs = await until('both runs to be over', async () => {
    const found = await ledger.runsOf(body.events?.[0] ?? '')
    return found.filter(({ state }) => state === 'completed').length === 2 && found
  })
  expect(runs.map(({ agent }) => agent).sort()).toEqual(['helper', 'second'])
  expect(api.writes.map((request) => request.body)).toEqual(['amount=5&issue=12', 'amount=5&issue=12'])
  expect(new Set(api.writes.map(({ headers }) => headers['idempotency-key'])).size).toBe(2)
})
