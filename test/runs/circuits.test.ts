import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Tool } from '../../src/domain/tool.js'
import type { FrozenRequest } from '../../src/domain/tool-call.js'
import { Circuit, Circuits, type Verdict } from '../../src/runs/circuits.js'
import type { NewAlert } from '../../src/store/records.js'
import type { ToolClient } from '../../src/tools/tool.js'
import { FakeClock } from '../support/fake-clock.js'
import { RecordingApi } from '../support/recording-api.js'
import { githubSecret, issueOpened, type Rouse, runIn, sendGithub, startRouse } from '../support/rouse.js'
import { until } from '../support/wait.js'

const away: Verdict = { kind: 'away', code: 'tool.status', message: 'the API answered 503', atOnce: false }
const there: Verdict = { kind: 'there' }

describe('a circuit', () => {
  let clock: FakeClock
  let raised: NewAlert[]
  let resolved: string[]
  let circuit: Circuit

  beforeEach(() => {
    clock = new FakeClock()
    raised = []
    resolved = []
    circuit = new Circuit('model default', clock, {
      raise: (alert) => void raised.push(alert),
      resolve: (cause) => void resolved.push(cause),
    })
  })

  const tell = (...verdicts: Verdict[]) => {
    for (const verdict of verdicts) circuit.enter().tell(verdict)
  }
  /** Goes to the end of the wait, and gives how long it was. */
  const waitOut = () => {
    const waitMs = circuit.waitMs() ?? 0
    clock.advance(waitMs)
    return waitMs
  }

  it('stays closed while no three requests in a row fail', () => {
    tell(away, away, there, away, away)
    expect(circuit.waitMs()).toBeUndefined()
    expect(raised).toEqual([])
  })

  it('opens at the third failure in a row, and at once where the endpoint says so', () => {
    tell(away, away, away)
    expect(circuit.waitMs()).toBeGreaterThanOrEqual(2500)
    expect(circuit.waitMs()).toBeLessThanOrEqual(5000)
    expect(raised).toMatchObject([{ cause: 'model default', code: 'tool.status' }])
  })

  it('opens for as long as the endpoint asks, but no longer than an hour', () => {
    tell({ kind: 'asked', code: 'tool.status', message: 'x', afterMs: 42_000 })
    expect(circuit.waitMs()).toBe(42_000)
    tell({ kind: 'asked', code: 'tool.status', message: 'x', afterMs: 999_999_999 })
    expect(circuit.waitMs()).toBe(3_600_000)
  })

  it('lets exactly one request through when the time has come, and closes with its success', () => {
    tell(away, away, away)
    waitOut()
    expect(circuit.waitMs()).toBeUndefined()
    const probe = circuit.enter()
    expect(circuit.waitMs()).toBeGreaterThanOrEqual(1000)
    probe.tell(there)
    expect(circuit.waitMs()).toBeUndefined()
    expect(resolved).toEqual(['model default'])
  })

  it('waits longer after each probe that fails, up to ten minutes', () => {
    tell(away, away, away)
    const waits = Array.from({ length: 12 }, () => {
      const waited = waitOut()
      tell(away)
      return waited
    })
    expect(waits[3]).toBeGreaterThan((waits[0] ?? 0) * 2)
    expect(Math.max(...waits)).toBeLessThanOrEqual(600_000)
    expect(waits.at(-1)).toBeGreaterThanOrEqual(300_000)
  })

  it('lets the next one probe when the first was given up', () => {
    tell(away, away, away)
    waitOut()
    circuit.enter().tell({ kind: 'nothing' })
    expect(circuit.waitMs()).toBeUndefined()
  })

  it('keeps to a stated time although a request from before it succeeds', () => {
    const early = circuit.enter()
    tell({ kind: 'asked', code: 'tool.status', message: 'x', afterMs: 60_000 })
    early.tell(there)
    expect(circuit.waitMs()).toBe(60_000)
    expect(resolved).toEqual([])
  })

  it('is not opened again by failures from before it closed', () => {
    const late = [circuit.enter(), circuit.enter(), circuit.enter()]
    tell(away, away, away)
    waitOut()
    tell(there)
    for (const entry of late) entry.tell(away)
    expect(circuit.waitMs()).toBeUndefined()
  })

  it('does not take "at once" for an invitation', () => {
    tell({ kind: 'asked', code: 'tool.status', message: 'x', afterMs: 0 })
    expect(circuit.waitMs()).toBe(1000)
  })

  it('is not made longer by requests that were under way when it opened', () => {
    const late = circuit.enter()
    tell(away, away, away)
    const before = circuit.waitMs()
    late.tell(away)
    expect(circuit.waitMs()).toBe(before)
  })
})

describe('a tool client behind circuits', () => {
  const tool = { name: 'note', origin: 'https://desk.example.com', credential: 'desk' } as Tool
  const request = { method: 'POST', url: 'https://desk.example.com/notes', headers: {} } as FrozenRequest
  const options = { credential: undefined, idempotencyKey: undefined, signal: new AbortController().signal }

  it('neither freezes nor sends what its API does not take now, and nothing else is kept back', async () => {
    let frozen = 0
    let sent = 0
    const client: ToolClient = {
      freeze: () => {
        frozen++
        return request
      },
      send: async (_tool, _request, { beforeSend }) => {
        await beforeSend?.()
        sent++
        const answer = { body: undefined, result: null, hasMore: false }
        return { kind: 'answered', status: 429, retryAfterMs: 60_000, ...answer }
      },
      close: async () => undefined,
    }
    const tools = new Circuits(new FakeClock(), { raise: () => {}, resolve: () => {} }).tools(client)
    const bindings = { ids: {}, args: {}, facts: {}, event: {}, marker: undefined }
    tools.freeze(tool, bindings)
    await tools.send(tool, request, options)
    const paused = { code: 'tool.paused', retry: { afterMs: 60_000 } }
    expect(() => tools.freeze(tool, bindings)).toThrow(expect.objectContaining(paused))
    await expect(tools.send(tool, request, options)).rejects.toMatchObject(paused)
    expect([frozen, sent]).toEqual([1, 1])
    tools.freeze({ ...tool, credential: 'other' }, bindings)
    expect(frozen).toBe(2)
  })
})

describe('an endpoint that is away', () => {
  let api: RecordingApi
  let rouse: Rouse

  beforeEach(async () => {
    api = await RecordingApi.start()
  })
  afterEach(async () => {
    await rouse.stop()
    await api.close()
  })

  const source = `sources: { ci: { kind: github, secret: "${githubSecret}" } }\n`
  const files = { 'a.md': 'Look.\n' }

  async function send(amount: number): Promise<string[]> {
    const sent = Array.from({ length: amount }, (_, at) =>
      sendGithub(rouse.url, 'issues', issueOpened(at + 1)),
    )
    return (await Promise.all(sent)).map(({ body }) => body.events?.[0] ?? '')
  }

  it('of a model is asked by few, all wait for it by name, one alert tells, and all go on', async () => {
    let isAway = true
    const answer = {
      id: 'resp_1',
      object: 'response',
      status: 'completed',
      model: 'm',
      output: [
        {
          type: 'message',
          id: 'msg_1',
          role: 'assistant',
          content: [{ type: 'output_text', text: 'Done.' }],
        },
      ],
      usage: { input_tokens: 1, output_tokens: 1, total_tokens: 2 },
    }
    api.respond = () =>
      isAway ? { status: 503, headers: { 'retry-after': '2' } } : { status: 200, body: answer }
    rouse = await startRouse({
      config: `${source}agents:
  helper: { on: { source: ci, type: issues.opened }, instructions: a.md, tools: [] }
`,
      models: `default: { base_url: "${api.origin}/v1", api_key: "sk-k7Gq2nV9xB4tLw8sRz3m", model: m, api: responses }`,
      files,
    })
    const [first = ''] = await send(1)
    expect(await runIn(rouse.ledger, first, ['parked'])).toMatchObject({ parkedOn: 'model' })
    const asked = api.requests.length
    const others = await send(30)
    for (const event of others.slice(1)) {
      expect(await runIn(rouse.ledger, event, ['parked'])).toMatchObject({
        parkedOn: 'model',
        attempts: 0,
        error: { code: 'model.unavailable' },
      })
    }
    // At most the probe, where its time came meanwhile.
    expect(api.requests.length).toBeLessThanOrEqual(asked + 2)
    expect(rouse.log.filter((line) => line.includes('"alert":"model default"'))).toHaveLength(1)
    isAway = false
    for (const event of [first, ...others]) await runIn(rouse.ledger, event, ['completed'])
    await until('the end of the alert', () => rouse.log.some((line) => line.includes('over: model default')))
  })

  it('of an API gets no write while it asked to wait, and each write exactly once after', async () => {
    let isBusy = true
    api.respond = () => (isBusy ? { status: 429, headers: { 'retry-after': '2' } } : { status: 200 })
    rouse = await startRouse({
      config: `credentials: { desk: { bearer: "trk_k7Gq2nV9xB4tLw8sRz3m", origins: ["${api.origin}"] } }
${source}tools:
  note: { description: Note., post: "${api.origin}/notes", effect: write, credential: desk, refusals: [429] }
agents:
  helper: { on: { source: ci, type: issues.opened }, instructions: a.md, tools: [{ note: { gate: auto } }] }
`,
      script: [{ agent: 'helper', turns: [{ call: 'note' }, { say: 'Done.' }] }],
      files,
    })
    const [first = ''] = await send(1)
    expect(await runIn(rouse.ledger, first, ['parked'])).toMatchObject({ parkedOn: 'api' })
    const [, ...others] = await send(6)
    for (const event of others) {
      const run = await runIn(rouse.ledger, event, ['parked'])
      expect(run).toMatchObject({ parkedOn: 'api', error: { code: 'tool.paused' } })
      const { calls } = await rouse.ledger.journal(run.id)
      // Prepared only where it passed its rules just as another was the probe.
      expect(calls).toMatchObject([{ state: expect.stringMatching(/^(proposed|prepared)$/), sends: 0 }])
    }
    expect(api.writes.length).toBeLessThanOrEqual(2)
    isBusy = false
    const refused = api.writes.length
    for (const event of [first, ...others]) await runIn(rouse.ledger, event, ['completed'])
    expect(api.writes.length - refused).toBe(6)
    expect(
      rouse.log.filter((line) => line.includes('"alert":"credential desk"') && line.includes('"error"')),
    ).toHaveLength(1)
  })
})
