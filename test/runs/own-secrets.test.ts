import { afterEach, beforeEach, expect, it } from 'vitest'
import { RecordingApi } from '../support/recording-api.js'
import { issueOpened, type Rouse, runIn, sendGithub, startRouse } from '../support/rouse.js'
import { files, issueAgent } from './setting.js'

const secret = 'trk_k7Gq2nV9xB4tLw8sRz3m'

let api: RecordingApi
let rouse: Rouse

beforeEach(async () => {
  api = await RecordingApi.start()
})

afterEach(async () => {
  await rouse.stop()
  await api.close()
})

async function outcomeOf(config: string, turns: readonly unknown[]) {
  rouse = await startRouse({
    config,
    script: [{ agent: 'helper', turns: [...turns, { say: 'Done.' }] }],
    files,
  })
  const { body } = await sendGithub(rouse.url, 'issues', issueOpened(12))
  const run = await runIn(rouse.ledger, body.events?.[0] ?? '', ['completed', 'parked', 'dead'])
  return (await rouse.ledger.journal(run.id)).calls
}

it('what an API says back of our credential reaches neither the ledger nor the model', async () => {
  api.respond = () => ({
    status: 200,
    body: { title: `Bearer ${secret}`, hex: Buffer.from(secret).toString('hex') },
  })
  const [read] = await outcomeOf(issueAgent(api), [{ call: 'get_issue', args: {} }])
  expect(read?.output).toEqual({
    ok: true,
    status: 200,
    result: { title: 'Bearer [redacted]', hex: '[redacted]' },
  })
})

it.each([
  ['the whole', secret],
  ['a part', `see ${secret.slice(4, 16)} there`],
  ['its base64', Buffer.from(`x:${secret}`).toString('base64')],
])('a call whose text holds %s of a secret of ours is denied', async (_what, body) => {
  api.respond = () => ({ status: 200, body: {} })
  const [call] = await outcomeOf(issueAgent(api), [{ call: 'comment', args: { body } }])
  expect(call).toMatchObject({ state: 'denied', output: { error: { code: 'policy.text' } } })
  expect(api.writes).toEqual([])
})

it('an id that an API gives cannot carry one into another request', async () => {
  api.respond = () => ({ status: 200, body: { milestone: { id: secret } } })
  const leaky = issueAgent(api)
    .replace('milestone.id ~ ^[0-9]+$', 'milestone.id ~ ^[a-zA-Z0-9_]+$')
    .replace('/charges', '/charges/{milestone}')
  const [, charge] = await outcomeOf(leaky.replace(', if: "args.amount <= facts.issue.budget"', ''), [
    { call: 'get_issue', args: {} },
    { call: 'charge', args: { amount: 1 } },
  ])
  expect(charge).toMatchObject({ state: 'denied', output: { error: { code: 'policy.scope' } } })
  expect(api.writes).toEqual([])
})
