import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Run } from '../../src/domain/run.js'
import type { Store } from '../../src/store/store.js'
import { type ModelEndpoint, startModelEndpoint } from '../support/model-endpoint.js'
import { RecordingApi } from '../support/recording-api.js'
import { githubSecret, issueOpened, type Rouse, runIn, sendGithub, startRouse } from '../support/rouse.js'
import { until } from '../support/wait.js'

const burst = 1000
/** A sender that opens this many connections at once. */
const connections = 25

let api: RecordingApi
let model: Witness
let rouse: Rouse | undefined
let directory: string

beforeEach(async () => {
  api = await RecordingApi.start()
  model = await Witness.start()
  directory = await mkdtemp(join(tmpdir(), 'rouse-mailbox-'))
})

afterEach(async () => {
  await rouse?.stop()
  rouse = undefined
  await model.endpoint.close()
  await api.close()
  await rm(directory, { recursive: true, force: true })
})

/** What an answer of the model is to be: the words, or a call. */
type Say = { readonly say: string } | { readonly call: string; readonly args: object }

/** A model endpoint that knows what it was asked, and how often at once. The test believes it, not the daemon. */
class Witness {
  readonly inputs: string[] = []
  mostAtOnce = 0
  #now = 0
  /** Decides by the input and the number of answers in it. */
  answer: (input: string, turn: number) => Say | Promise<Say> = () => ({ say: 'Seen.' })

  private constructor(readonly endpoint: ModelEndpoint) {}

  static async start(): Promise<Witness> {
    let witness: Witness | undefined
    const endpoint = await startModelEndpoint((response, { body }) => {
      void witness?.reply(body).then((reply) => {
        response.writeHead(200, { 'content-type': 'application/json' })
        response.end(JSON.stringify(reply))
      })
    })
    witness = new Witness(endpoint)
    return witness
  }

  async reply(body: Record<string, unknown>): Promise<object> {
    this.mostAtOnce = Math.max(this.mostAtOnce, ++this.#now)
    const items = body['input'] as { role?: string; type?: string; content?: unknown }[]
    const input = JSON.stringify(items.find(({ role }) => role === 'user')?.content)
    const turn = items.filter(({ type }) => type === 'function_call').length
    if (turn === 0) this.inputs.push(input)
    const said = await this.answer(input, turn)
    this.#now--
    const content = 'say' in said ? [{ type: 'output_text', text: said.say, annotations: [] }] : undefined
    const item = content
      ? { type: 'message', id: `msg_${turn}`, role: 'assistant', status: 'completed', content }
      : {
          type: 'function_call',
          id: `fc_${turn}`,
          call_id: `call_${turn}`,
          status: 'completed',
          ...('call' in said && { name: said.call, arguments: JSON.stringify(said.args) }),
        }
    const usage = { input_tokens: 1, output_tokens: 1, total_tokens: 2 }
    return { id: 'r', object: 'response', status: 'completed', model: 'm', output: [item], usage }
  }
}

async function start(mailbox: string): Promise<Rouse> {
  rouse = await startRouse({
    directory,
    models: `default: { base_url: "${model.endpoint.url}", api_key: "sk-k7Gq2nV9xB4tLw8sRz3m", model: m, api: responses }`,
    config: `
sources:
  ci: { kind: github, secret: "${githubSecret}" }
tools:
  comment:
    description: Comment on the issue.
    post: ${api.origin}/repos/{repo}/issues/{issue}/comments
    args: { body: { type: text, max_length: 500 } }
    json: { body: "\${{ args.body }}" }
agents:
  helper:
    on: { source: ci }
    instructions: helper.md
    tools: [{ comment: { gate: auto, max: 5000/day } }]
    mailbox: ${mailbox}
    limits: { runs: 5000/day, runs_per_actor: 5000/day }
`,
    files: { 'helper.md': 'Help.\n' },
  })
  return rouse
}

/** Sends events of one issue, all of which are answered with 2xx; gives all that the ledger has, in its order. */
async function sendBurst(url: string, ledger: Store, count: number): Promise<string[]> {
  let next = 0
  const acked: string[] = []
  const sender = async () => {
    while (next < count) {
      const sent = await sendGithub(url, 'issues', issueOpened(7, { body: `event ${next++}` }))
      expect(sent.status).toBe(202)
      acked.push(...(sent.body.events ?? []))
    }
  }
  await Promise.all(Array.from({ length: connections }, sender))
  expect(new Set(acked).size).toBe(count)
  const recorded = (await ledger.listEvents({ limit: 2 * burst })).map(({ id }) => id).reverse()
  expect(recorded).toEqual(expect.arrayContaining(acked))
  return recorded
}

async function settled(ledger: Store): Promise<Run[]> {
  await until(
    'all runs to end',
    async () => {
      const { events, runs } = await ledger.counts()
      return events.recorded + runs.queued + runs.running + runs.parked + runs.failed === 0
    },
    60_000,
  )
  return (await ledger.listRuns({ limit: 5000 })).reverse()
}

const eventIdsIn = (text: string) => [...new Set(text.match(/evt_[0-9a-f]{32}/g) ?? [])]

describe(`a burst of ${burst} events on one subject`, { timeout: 120_000 }, () => {
  it('wakes one run after the other where the mailbox queues, in order and never two at once', async () => {
    const { url, ledger } = await start('{ when_busy: queue }')
    const events = await sendBurst(url, ledger, burst)
    const runs = await settled(ledger)
    expect(runs.map(({ state }) => state)).toEqual(Array(burst).fill('completed'))
    expect(model.mostAtOnce).toBe(1)
    expect(model.inputs.map((input) => eventIdsIn(input)[0])).toEqual(events)
  })

  it('wakes one run for all of them where the mailbox coalesces and waits for quiet', async () => {
    const { url, ledger } = await start('{ when_busy: coalesce, quiet: 1500ms, max_wait: 60s }')
    const events = await sendBurst(url, ledger, burst)
    expect(model.inputs).toEqual([])
    const runs = await settled(ledger)
    expect(runs.map(({ state, eventCount }) => [state, eventCount])).toEqual([['completed', burst]])
    expect(model.inputs.map(eventIdsIn)).toEqual([events])
  })

  it('wakes one run and then one for the rest where the mailbox coalesces at once', async () => {
    let release = () => {}
    const released = new Promise<void>((resolve) => {
      release = resolve
    })
    model.answer = async () => {
      if (model.inputs.length === 1) await released
      return { say: 'Seen.' }
    }
    const { url, ledger } = await start('{ when_busy: coalesce }')
    await sendGithub(url, 'issues', issueOpened(7, { body: 'first' }))
    await until('the first to be asked about', () => model.inputs.length === 1)
    const events = await sendBurst(url, ledger, burst)
    await until('all to be dispatched', async () => (await ledger.counts()).events.recorded === 0)
    release()
    const runs = await settled(ledger)
    expect(runs.map(({ state, eventCount }) => [state, eventCount])).toEqual([
      ['completed', 1],
      ['completed', burst],
    ])
    expect(model.inputs.map(eventIdsIn)).toEqual([events.slice(0, 1), events.slice(1)])
    expect(model.mostAtOnce).toBe(1)
  })

  it('ends in the run of the last one where the mailbox supersedes, and cuts no write from its outcome', async () => {
    // Every run comments once and says so. The API answers the first only when all events are there.
    model.answer = (_, turn) => (turn === 0 ? { call: 'comment', args: { body: 'Seen.' } } : { say: 'Done.' })
    let release = () => {}
    const released = new Promise<void>((resolve) => {
      release = resolve
    })
    let answered = 0
    api.respond = async () => {
      await released
      answered++
      return { status: 201, body: { id: answered } }
    }
    const { url, ledger } = await start('{ when_busy: supersede }')
    await sendGithub(url, 'issues', issueOpened(7, { body: 'first' }))
    await until('the first write to be on its way', () => api.writes.length === 1)
    const events = await sendBurst(url, ledger, burst)
    await until('all to be dispatched', async () => (await ledger.counts()).events.recorded === 0)
    expect(await ledger.counts()).toMatchObject({ runs: { running: 1, queued: 1, cancelled: burst - 1 } })
    expect(model.inputs).toHaveLength(1)
    release()
    const runs = await settled(ledger)
    expect(runs.map(({ eventId }) => eventId)).toEqual(events)
    expect(runs.at(-1)).toMatchObject({ state: 'completed', supersededBy: undefined })
    for (const run of runs.slice(0, -1)) {
      expect(run).toMatchObject({ state: 'cancelled', error: { code: 'run.superseded' } })
    }
    expect(model.inputs.map((input) => eventIdsIn(input)[0])).toEqual([events[0], events.at(-1)])
    expect(model.mostAtOnce).toBe(1)
    // Each write that reached the API was answered, and the ledger has each answer: none was cut in between.
    const journals = await Promise.all(runs.map(({ id }) => ledger.journal(id)))
    const calls = journals.map((journal) => journal.calls.map(({ state, sends }) => [state, sends]))
    expect([calls[0], calls.at(-1)]).toEqual([[['confirmed', 1]], [['confirmed', 1]]])
    expect([answered, api.writes.length, calls.flat().length]).toEqual([2, 2, 2])
  })
})

describe('a wait for quiet', () => {
  it('outlives the daemon: what came before and after is one run, once', async () => {
    const first = await start('{ when_busy: coalesce, quiet: 2s, max_wait: 60s }')
    const before = await sendBurst(first.url, first.ledger, 3)
    const waiting = await runIn(first.ledger, before[0] ?? '', ['parked'])
    expect(waiting).toMatchObject({ parkedOn: 'quiet', eventCount: expect.any(Number) })
    await first.stop()
    rouse = undefined
    expect(model.inputs).toEqual([])
    const { url, ledger } = await start('{ when_busy: coalesce, quiet: 2s, max_wait: 60s }')
    expect(await ledger.run(waiting.id)).toMatchObject({ state: 'parked', parkedOn: 'quiet' })
    await sendGithub(url, 'issues', issueOpened(7, { body: 'after' }))
    const runs = await settled(ledger)
    const events = (await ledger.listEvents({ limit: 9 })).map(({ id }) => id).reverse()
    expect(runs.map(({ id, state, eventCount }) => [id, state, eventCount])).toEqual([
      [waiting.id, 'completed', 4],
    ])
    expect(model.inputs.map(eventIdsIn)).toEqual([events])
    expect(events.slice(0, 3)).toEqual(before)
  })
})

describe('an event that comes out of order', () => {
  it('has its run in turn, which is told that the state has moved on', async () => {
    const { url, ledger } = await start('{ when_busy: queue }')
    for (const hour of ['08', '07', '09']) {
      const issue = issueOpened(7, { updated_at: `2026-11-21T${hour}:00:00Z` })
      expect((await sendGithub(url, 'issues', issue)).status).toBe(202)
    }
    const runs = await settled(ledger)
    expect(runs.map(({ state }) => state)).toEqual(['completed', 'completed', 'completed'])
    expect(model.inputs.map((input) => input.includes('out of order'))).toEqual([false, true, false])
    expect(model.inputs[1]).toContain('2026-11-21T08:00:00.000Z before it')
  })
})

describe('events of an agent that is off', () => {
  it('wait, are one run when it is on again, and wake it once', async () => {
    const { url, ledger, stop } = await start('{ when_busy: coalesce }\n    mode: off')
    const events = await sendBurst(url, ledger, 5)
    await until('all to be dispatched', async () => (await ledger.counts()).events.recorded === 0)
    const [waiting, ...more] = await ledger.listRuns({ state: 'parked', limit: 9 })
    expect(more).toEqual([])
    expect(waiting).toMatchObject({ parkedOn: 'agent', eventCount: 5 })
    await stop()
    const again = await start('{ when_busy: coalesce }')
    await settled(again.ledger)
    expect(model.inputs.map(eventIdsIn)).toEqual([events])
  })
})
