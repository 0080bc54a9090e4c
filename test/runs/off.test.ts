import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { RecordingApi } from '../support/recording-api.js'
import { issueOpened, type Rouse, runIn, sendGithub, startRouse } from '../support/rouse.js'
import { until } from '../support/wait.js'
import { files, issueAgent } from './setting.js'

let api: RecordingApi
let rouse: Rouse

beforeEach(async () => {
  api = await RecordingApi.start()
})
afterEach(async () => {
  await rouse.stop()
  await api.close()
})

async function turn(from: string, to: string): Promise<void> {
  const file = join(rouse.directory, 'config.yaml')
  await writeFile(file, (await readFile(file, 'utf8')).replace(`mode: ${from}`, `mode: ${to}`))
  await until('the reload', () => rouse.daemon.config().agents.get('helper')?.mode === to)
}

const read = { call: 'get_issue', args: {} }
const write = { call: 'comment', args: { body: 'Seen.' } }

it.each([
  ['between two answers of the model', [read, write, { say: 'Done.' }]],
  ['between two calls of one answer', [{ calls: [read, write] }, { say: 'Done.' }]],
])('an agent that is switched off %s writes nothing more until it is on again', async (_when, turns) => {
  api.respond = async ({ method }) => {
    if (method === 'GET') await turn('live', 'off')
    return { status: 200, body: { id: 1 } }
  }
  rouse = await startRouse({
    config: issueAgent(api).replace('  helper:\n', '  helper:\n    mode: live\n'),
    script: [{ agent: 'helper', turns }],
    files,
  })
  const { body } = await sendGithub(rouse.url, 'issues', issueOpened(12))
  const eventId = body.events?.[0] ?? ''
  const run = await runIn(rouse.ledger, eventId, ['parked', 'completed'])
  expect(run).toMatchObject({ state: 'parked', parkedOn: 'agent' })
  expect(api.writes).toHaveLength(0)
  await turn('off', 'live')
  await runIn(rouse.ledger, eventId, ['completed'])
  expect(api.writes).toHaveLength(1)
})
