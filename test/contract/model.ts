import { LLMock } from '@copilotkit/aimock'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import type { ModelSettings } from '../../src/domain/agent.js'
import type { Model, ModelApi } from '../../src/models/model.js'
import { json, type Respond } from '../support/model-endpoint.js'
import {
  anySignal,
  type CreateModel,
  continued,
  dependencies,
  modelAt,
  modelRequest,
  modelSettings,
  rejectionOf,
} from '../support/model-fixtures.js'
import { type Referee, startReferee } from '../support/protocol-referee.js'
import { vendorAnswers } from '../support/vendor-answers.js'
import { describeModelFailures } from './model-failures.js'

/** The promises of `Model` over real HTTP, for each implementation that speaks one of OpenAI's two APIs. */
export function describeModel(api: ModelApi, create: CreateModel) {
  const vendor = vendorAnswers[api]

  const modelWith = (respond: Respond, over?: Partial<ModelSettings>) => modelAt(api, create, respond, over)
  const errorOf = async (respond: Respond) => rejectionOf((await modelWith(respond)).model, modelRequest())

  describe('against aimock behind the referee', () => {
    let mock: LLMock
    let referee: Referee
    let model: Model

    beforeAll(async () => {
      mock = await LLMock.create({ port: 0, logLevel: 'silent' })
      referee = await startReferee(mock.url)
      model = create(modelSettings({ api, baseUrl: referee.url, model: 'gpt-5-mini' }), dependencies)
    })
    afterAll(async () => {
      await referee.close()
      await mock.stop()
    })

    const turn = (userMessage: string, turnIndex: number) => ({ userMessage, turnIndex })
    const inputOf = (text: string) => modelRequest({ conversation: [{ kind: 'input', text }] })

    it('answers several calls of one answer, each once, and goes on', async () => {
      mock.on(
        { userMessage: 'in parallel', hasToolResult: false },
        {
          reasoning: 'two at once',
          toolCalls: [
            { id: 'call_a', name: 'look_up', arguments: '{"id":"a"}' },
            { id: 'call_b', name: 'look_up', arguments: '{"id":"b"}' },
          ],
        },
      )
      mock.on({ userMessage: 'in parallel', hasToolResult: true }, { content: 'both are fine' })
      const request = inputOf('look in parallel')
      const first = await model.ask(request, anySignal())
      expect(first.finish).toBe('calls')
      expect(first.calls).toEqual([
        { callId: 'call_a', name: 'look_up', argumentsText: '{"id":"a"}' },
        { callId: 'call_b', name: 'look_up', argumentsText: '{"id":"b"}' },
      ])
      const second = await model.ask(
        { ...request, conversation: continued(request.conversation, first) },
        anySignal(),
      )
      expect(second).toMatchObject({ api, finish: 'stop', text: 'both are fine', calls: [] })
      expect(referee.refusals).toEqual([])
    })

    it('hands over malformed arguments and an unknown tool as the model wrote them', async () => {
      mock.on(turn('nonsense', 0), {
        toolCalls: [
          { id: 'call_x', name: 'look_up', arguments: '{"id": "a' },
          { id: 'call_y', name: 'no_such_tool', arguments: '{}' },
        ],
      })
      const answer = await model.ask(inputOf('write nonsense'), anySignal())
      expect(answer.finish).toBe('calls')
      expect(answer.calls.map((call) => [call.name, call.argumentsText])).toEqual([
        ['look_up', '{"id": "a'],
        ['no_such_tool', '{}'],
      ])
    })

    it('says that an answer was truncated', async () => {
      mock.on(turn('too long', 0), { content: 'once upon a', finishReason: 'length' })
      const answer = await model.ask(inputOf('tell something too long'), anySignal())
      expect(answer).toMatchObject({ finish: 'truncated', text: 'once upon a' })
    })

    it('takes over the wait that a 429 asks for', async () => {
      mock.on(turn('slow down', 0), { error: { message: 'slow down' }, status: 429, retryAfter: 7 })
      const error = await rejectionOf(model, inputOf('slow down'))
      expect([error.code, error.retry]).toEqual(['model.rate_limited', { afterMs: 7000 }])
    })

    it('is refused when an output has no call, which shows that the referee looks', async () => {
      const request = inputOf('orphan')
      const error = await rejectionOf(model, {
        ...request,
        conversation: [...request.conversation, { kind: 'output', callId: 'call_none', text: '{}' }],
      })
      expect([error.code, error.retry]).toEqual(['model.rejected', 'never'])
      expect(referee.refusals.at(-1)).toMatch(/No tool call found|must be a response/)
    })

    it('is refused when a call has no output, or two', async () => {
      mock.on(turn('once more', 0), { toolCalls: [{ id: 'call_m', name: 'look_up', arguments: '{}' }] })
      const request = inputOf('once more')
      const answer = await model.ask(request, anySignal())
      const whole = continued(request.conversation, answer)
      const refused = referee.refusals.length
      for (const conversation of [whole.slice(0, -1), [...whole, ...whole.slice(-1)]]) {
        const error = await rejectionOf(model, { ...request, conversation })
        expect(error.code).toBe('model.rejected')
      }
      expect(referee.refusals.length).toBe(refused + 2)
    })
  })

  describe('replay', () => {
    it('sends every item of an earlier answer again as it came, unknown fields and long integers included', async () => {
      const body = vendor.calls([{ id: 'call_1', name: 'look_up', arguments: '{"id":"é"}' }])
      const text = JSON.stringify(body).replace(
        '"name":"look_up"',
        '"name":"look_up","x_vendor":{"n":12345678901234567890,"keep":null}',
      )
      const { model, endpoint } = await modelWith(json(text))
      const request = modelRequest()
      const first = await model.ask(request, anySignal())
      await model.ask({ ...request, conversation: continued(request.conversation, first) }, anySignal())
      const sent = endpoint.requests[1]?.body ?? {}
      const received = JSON.parse(text) as Record<string, unknown>
      if (api === 'responses') {
        expect((sent['input'] as unknown[]).slice(1, 3)).toEqual(received['output'])
      } else {
        const [choice] = received['choices'] as { message: unknown }[]
        expect((sent['messages'] as unknown[])[2]).toEqual(choice?.message)
      }
      expect(
        JSON.stringify(first.items, (_key, value) => (typeof value === 'bigint' ? `${value}` : value)),
      ).toContain('12345678901234567890')
    })

    it('rejects a conversation that began on the other API', async () => {
      const { model, endpoint } = await modelWith(json(vendor.text('hello')))
      const other: ModelApi = api === 'chat' ? 'responses' : 'chat'
      const conversation = [{ kind: 'answer', api: other, items: [] } as const]
      const error = await rejectionOf(model, modelRequest({ conversation }))
      expect([error.code, error.retry]).toEqual(['model.rejected', 'never'])
      expect(endpoint.requests).toEqual([])
    })

    it('names calls without an id, or with one that an earlier turn used, and writes the name into the item', async () => {
      const { model, endpoint } = await modelWith(
        json(
          vendor.calls([
            { name: 'look_up', arguments: '{}' },
            { id: '', name: 'look_up', arguments: '{}' },
            { id: 'call_old', name: 'look_up', arguments: { id: 'a' } },
          ]),
        ),
      )
      const referee = await startReferee(endpoint.url.replace('/v1', ''))
      onTestFinished(() => referee.close())
      const refereed = create(modelSettings({ api, baseUrl: referee.url }), dependencies)
      const request = modelRequest()
      const first = await refereed.ask(request, anySignal())
      expect(first.calls.map((call) => call.callId)).toEqual(['call_0_0', 'call_0_1', 'call_old'])
      expect(first.calls[2]?.argumentsText).toBe('{"id":"a"}')
      const conversation = continued(request.conversation, first)
      const second = await refereed.ask({ ...request, conversation }, anySignal())
      expect(second.calls.map((call) => call.callId)).toEqual(['call_1_0', 'call_1_1', 'call_1_2'])
      await refereed.ask({ ...request, conversation: continued(conversation, second) }, anySignal())
      expect(referee.refusals).toEqual([])
      expect((await model.ask(request, anySignal())).calls).toEqual(first.calls)
    })
  })

  describe('how an answer ends', () => {
    it('marks a truncated answer whose calls are half written', async () => {
      const { model } = await modelWith(
        json(vendor.truncated([{ id: 'call_1', name: 'look_up', arguments: '{"id": "ha' }])),
      )
      expect((await model.ask(modelRequest(), anySignal())).finish).toBe('truncated')
    })

    it('marks an answer that the vendor withheld', async () => {
      const { model } = await modelWith(json(vendor.filtered()))
      expect((await model.ask(modelRequest(), anySignal())).finish).toBe('filtered')
    })

    it('marks a refusal and keeps its words', async () => {
      const { model } = await modelWith(json(vendor.refused('I will not.')))
      expect(await model.ask(modelRequest(), anySignal())).toMatchObject({
        finish: 'refused',
        text: 'I will not.',
      })
    })

    it.each<[string, () => unknown]>([
      [
        'two calls with one id',
        () =>
          vendor.calls([
            { id: 'a', name: 'x', arguments: '{}' },
            { id: 'a', name: 'y', arguments: '{}' },
          ]),
      ],
      ['a call without a name', () => vendor.calls([{ id: 'a', name: '', arguments: '{}' }])],
      ['an empty object', () => ({})],
      ['a list', () => []],
      ['a page', () => '<!doctype html><title>gateway</title>'],
      ['nothing', () => ''],
      ['a deep nest', () => `${'['.repeat(5000)}${']'.repeat(5000)}`],
      ['text in place of output and choices', () => ({ output: 'x', choices: 'x' })],
      ['an error', () => ({ error: { message: 'overloaded', type: 'x' } })],
      ['an error that is only text', () => ({ error: 'model is loading' })],
    ])('finds %s malformed and comes back later', async (_name, body) => {
      const error = await errorOf(json(body()))
      expect([error.code, error.retry]).toEqual(['model.malformed', 'later'])
    })

    it('takes an error status that came inside a 200 for what it says', async () => {
      const error = await errorOf(
        json({ error: { code: 429, message: 'slow down' } }, 200, { 'retry-after': '3' }),
      )
      expect([error.code, error.retry]).toEqual(['model.rate_limited', { afterMs: 3000 }])
    })
  })

  describe('tokens and cost', () => {
    it('counts what the endpoint counts', async () => {
      const { model } = await modelWith(json(vendor.text('hi', { ...vendor.usage, cost: 0.0042 })))
      const answer = await model.ask(modelRequest(), anySignal())
      expect(answer.usage).toEqual({ inputTokens: 1000, cachedInputTokens: 400, outputTokens: 20 })
      expect(answer.reportedCostUsd).toBe(0.0042)
      expect(answer.model).toBe('test-model-2026')
    })

    it.each([
      null,
      { prompt_tokens: 0, completion_tokens: 0 },
      { input_tokens: 'many' },
      { input_tokens: -5 },
    ])('estimates from the bytes where usage is %j, so that limits still bind', async (usage) => {
      const { model } = await modelWith(json(vendor.text('x'.repeat(400), usage)))
      const answer = await model.ask(modelRequest({ instructions: 'y'.repeat(4000) }), anySignal())
      expect(answer.usage.inputTokens).toBeGreaterThan(1000)
      expect(answer.usage.outputTokens).toBeGreaterThan(100)
      expect(answer.reportedCostUsd).toBeUndefined()
    })
  })

  describe('the signal', () => {
    it('passes its reason through when it aborts in the middle of the body', async () => {
      const { model, endpoint } = await modelWith((response) => {
        response.writeHead(200, { 'content-type': 'application/json' })
        response.write('{')
      })
      const stop = new AbortController()
      const reason = new Error('the lease is lost')
      const asked = model.ask(modelRequest(), stop.signal)
      await endpoint.asked
      stop.abort(reason)
      await expect(asked).rejects.toBe(reason)
    })

    it('sends nothing when it is aborted already', async () => {
      const { model, endpoint } = await modelWith(json(vendor.text('hi')))
      const reason = new Error('stopping')
      await expect(model.ask(modelRequest(), AbortSignal.abort(reason))).rejects.toBe(reason)
      expect(endpoint.requests).toEqual([])
    })
  })

  it('sends the key as a bearer token, and none where none is configured', async () => {
    for (const [apiKey, header] of [
      ['sk-1', 'Bearer sk-1'],
      [undefined, undefined],
    ] as const) {
      const { model, endpoint } = await modelWith(json(vendor.text('hi')), { apiKey })
      await model.ask(modelRequest(), anySignal())
      expect(endpoint.requests[0]?.headers.authorization).toBe(header)
      expect(endpoint.requests[0]?.path).toBe(vendor.path)
    }
  })

  it('sends no tools where there are none', async () => {
    const { model, endpoint } = await modelWith(json(vendor.text('hi')))
    await model.ask(modelRequest({ tools: [] }), anySignal())
    expect(endpoint.requests[0]?.body).not.toHaveProperty('tools')
  })

  describeModelFailures(api, create)
}
