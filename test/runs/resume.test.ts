import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { loadConfig } from '../../src/config/load.js'
import { sourceKinds } from '../../src/sources/registry.js'
import { storeEngines } from '../../src/store/registry.js'
import { newId } from '../../src/util/id.js'
import { sha256 } from '../../src/util/signature.js'
import { RecordingApi } from '../support/recording-api.js'
import { issueOpened, type Rouse, runIn, startRouse, writeSetting } from '../support/rouse.js'
import { files, issueAgent } from './setting.js'

let api: RecordingApi
let rouse: Rouse | undefined

beforeEach(async () => {
  api = await RecordingApi.start()
})
afterEach(async () => {
  await rouse?.stop()
  await api.close()
})

it('goes on with the answer that is recorded, whatever the model would say now', async () => {
  const setting = {
    config: issueAgent(api),
    // After the restart the model would comment otherwise, and once more.
    script: [
      {
        agent: 'helper',
        turns: [
          {
            calls: [
              { call: 'comment', args: { body: 'other' } },
              { call: 'comment', args: { body: 'more' } },
            ],
          },
          { say: 'Done.' },
        ],
      },
    ],
    files,
  }
  const directory = await writeSetting(setting)
  const { digest, snapshot } = await loadConfig({
    file: join(directory, 'config.yaml'),
    environment: {},
    kinds: Object.values(sourceKinds),
  })
  // What a process leaves that dies right after it recorded the model's answer.
  const store = await storeEngines.sqlite({ file: join(directory, 'rouse.db'), exclusive: true })
  const now = Date.now()
  const body = Buffer.from(JSON.stringify(issueOpened(12)))
  const { events } = await store.record({
    deliveryId: newId('dlv'),
    source: 'ci',
    receivedAt: now,
    url: '/hooks/ci',
    headers: [],
    body,
    bodyDigest: sha256(body),
    secretIndex: 0,
    events: [
      {
        sourceEventId: 'e1',
        type: 'issues.opened',
        subject: 'acme/web#12',
        time: now,
        ids: { repo: 'acme/web', issue: '12' },
      },
    ],
  })
  const eventId = events[0]?.id ?? ''
  const { file, text, instructions } = snapshot
  await store.saveConfig(digest, { file, text, instructions: { ...instructions } }, now)
  await store.dispatch([{ eventId, decisions: [{ agent: 'helper', reason: 'matched' }] }], now)
  const claimed = await store.claim({ node: 'dead', now, leaseUntil: now + 3_600_000, notAgents: [] })
  if (!claimed) throw new Error('nothing to claim')
  await store.beginRun(claimed.lease, digest, now)
  const argumentsText = '{"body":"recorded"}'
  const item = { type: 'function_call', call_id: 'call_0_0', name: 'comment', arguments: argumentsText }
  const step = {
    id: newId('stp'),
    turn: 1,
    api: 'responses',
    model: 'scripted',
    items: [item],
    isUsable: true,
    text: '',
    inputTokens: 1,
    outputTokens: 1,
    costUsd: 0,
    durationMs: 1,
  } as const
  const call = {
    id: newId('tcl'),
    callId: 'call_0_0',
    tool: 'comment',
    argumentsText,
    effect: 'write',
  } as const
  await store.appendStep(claimed.lease, step, [call], now)
  await store.close()

  rouse = await startRouse({ ...setting, directory })
  const run = await runIn(rouse.ledger, eventId, ['completed'])
  expect(api.writes.map((request) => request.body)).toEqual([argumentsText])
  const { steps, calls } = await rouse.ledger.journal(run.id)
  expect(steps.map(({ turn }) => turn)).toEqual([1, 2])
  expect(calls.map(({ id, state }) => [id, state])).toEqual([[call.id, 'confirmed']])
})
