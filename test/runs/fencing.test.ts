import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Lease } from '../../src/domain/run.js'
import type { Model, ModelAnswer } from '../../src/models/model.js'
import { Alerts } from '../../src/runs/alerts.js'
import { Configurations } from '../../src/runs/configurations.js'
import { Worker } from '../../src/runs/worker.js'
import type { ToolClient } from '../../src/tools/tool.js'
import { createLogger } from '../../src/util/log.js'
import { queueRun } from '../contract/store-fixtures.js'
import { RecordingApi } from '../support/recording-api.js'
import { until } from '../support/wait.js'
import { issueAgent } from './setting.js'
import { Workbench } from './workbench.js'

const answer: ModelAnswer = {
  api: 'chat',
  model: 'm',
  items: [],
  text: '',
  calls: [{ callId: 'call_1', name: 'note', argumentsText: '{}' }],
  finish: 'calls',
  usage: { inputTokens: 1, cachedInputTokens: 0, outputTokens: 1 },
  reportedCostUsd: undefined,
}

let api: RecordingApi
let bench: Workbench
let runId: string

beforeEach(async () => {
  api = await RecordingApi.start()
  const note = `  note: { description: Note., post: "${api.origin}/notes", effect: write }\nagents:`
  const config = issueAgent(api)
    .replace('agents:', note)
    .replace('- get_issue', '- get_issue\n      - note: { gate: auto }')
  bench = await Workbench.open(config)
  runId = await queueRun(bench.store, 'helper', 'acme/web#12', bench.clock.now())
})
afterEach(async () => {
  await bench.close()
  await api.close()
})

/** A process that has claimed the run and is stopped wherever it stands; its lease is not renewed meanwhile. */
async function workWith({ model, tools }: { model?: Model; tools?: ToolClient }): Promise<Worker> {
  const { store, clock, config } = bench
  const log = createLogger({ level: 'silent', destination: { write: () => undefined } })
  const worker = new Worker({
    store,
    clock,
    log,
    configurations: await Configurations.open(config, { store, clock, load: async () => config }),
    alerts: await Alerts.open({ store, clock, log }),
    tools: tools ?? bench.tools,
    modelFor: () => model ?? { ask: async () => answer },
    costOf: () => undefined,
    node: 'paused',
    concurrency: 4,
    halt: () => undefined,
  })
  worker.wake()
  return worker
}

/** Ten minutes later another process holds the run. */
async function takeOver(): Promise<Lease> {
  const { store, clock } = bench
  clock.advance(600_000)
  const now = clock.now()
  await store.recoverRuns({ node: 'other', alone: false, now, maxCrashes: 1 })
  const claimed = await store.claim({ node: 'other', now, leaseUntil: now + 30_000, notAgents: [] })
  if (claimed?.run.id !== runId) throw new Error('the run was not taken over')
  return claimed.lease
}

describe('a process that was stopped while another took its run over', () => {
  it('does not record the answer that it has, and makes none of its calls', async () => {
    let go = () => {}
    const asked = new Promise<void>((resolve) => {
      go = resolve
    })
    let isAsked = false
    const model: Model = {
      ask: async () => {
        isAsked = true
        await asked
        return answer
      },
    }
    const worker = await workWith({ model })
    await until('the model to be asked', () => isAsked)
    const lease = await takeOver()
    go()
    await until('the late one to let go', () => worker.running === 0)
    expect(api.requests).toEqual([])
    expect(await bench.store.journal(runId)).toMatchObject({
      steps: [],
      calls: [],
      run: { state: 'running' },
    })
    await bench.store.renew(lease, bench.clock.now() + 60_000)
  })

  it('sends nothing of what it had prepared', async () => {
    let lease: Lease | undefined
    const tools: ToolClient = {
      ...bench.tools,
      send: async (...given) => {
        lease ??= await takeOver()
        return bench.tools.send(...given)
      },
    }
    const worker = await workWith({ tools })
    await until('the late one to let go', () => lease !== undefined && worker.running === 0)
    expect(api.requests).toEqual([])
    const { calls } = await bench.store.journal(runId)
    expect(calls).toMatchObject([{ state: 'prepared', sends: 0 }])
    if (lease) await bench.store.markSent(lease, calls[0]?.id ?? '', bench.clock.now())
  })

  it('does not write the outcome of what it had sent, and sends nothing more', async () => {
    let lease: Lease | undefined
    api.respond = async () => {
      lease ??= await takeOver()
      return { status: 200 }
    }
    const worker = await workWith({})
    await until('the late one to let go', () => lease !== undefined && worker.running === 0)
    expect(api.writes).toHaveLength(1)
    const { calls, run } = await bench.store.journal(runId)
    expect(calls).toMatchObject([{ state: 'sent', output: undefined }])
    expect(run.state).toBe('running')
    // It is the holder's to find out what became of it.
    if (lease) await bench.store.settle(lease, calls[0]?.id ?? '', { state: 'unknown' }, bench.clock.now())
  })
})
