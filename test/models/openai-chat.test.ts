import { describe, expect, it, onTestFinished } from 'vitest'
import { createChatModel } from '../../src/models/openai-chat.js'
import { describeModel } from '../contract/model.js'
import { type EndpointRequest, json, type Respond, startModelEndpoint } from '../support/model-endpoint.js'
import { anySignal, continued, dependencies, modelRequest, modelSettings } from '../support/model-fixtures.js'
import { vendorAnswers } from '../support/vendor-answers.js'

describeModel('chat', createChatModel)

const vendor = vendorAnswers.chat

async function chatWith(respond: Respond, maxOutputTokens?: number) {
  const endpoint = await startModelEndpoint(respond)
  onTestFinished(() => endpoint.close())
  const settings = modelSettings({ api: 'chat', baseUrl: endpoint.url, maxOutputTokens })
  return { endpoint, model: createChatModel(settings, dependencies) }
}

function withMessage(message: object, finish_reason: string | null = 'stop') {
  return json({ ...vendor.text('x'), choices: [{ index: 0, message, finish_reason }] })
}

function messagesOf(request: EndpointRequest | undefined): unknown[] {
  return (request?.body['messages'] ?? []) as unknown[]
}

describe('Chat Completions', () => {
  it('sends instructions, input and tools in the form that most servers know', async () => {
    const { model, endpoint } = await chatWith(json(vendor.text('hi')), 900)
    await model.ask(modelRequest(), anySignal())
    const body = endpoint.requests[0]?.body
    expect(body).toMatchObject({
      max_completion_tokens: 900,
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'what failed?' },
      ],
      tools: [{ type: 'function', function: { name: 'look_up' } }],
    })
    for (const field of ['stream', 'store', 'tool_choice', 'parallel_tool_calls', 'strict']) {
      expect(body).not.toHaveProperty(field)
    }
  })

  it.each([
    { error: { message: "Unsupported parameter: 'max_completion_tokens'", param: 'max_completion_tokens' } },
    {
      object: 'error',
      message: "[{'type': 'extra_forbidden', 'loc': ('body', 'max_completion_tokens')}]",
      code: 400,
    },
    { detail: [{ type: 'extra_forbidden', loc: ['body', 'max_completion_tokens'] }] },
  ])('falls back to the older name of the token limit and remembers: %j', async (refusal) => {
    const { model, endpoint } = await chatWith((response, request, socket) => {
      const isNew = 'max_completion_tokens' in request.body
      const respond = isNew ? json(refusal, 422) : json(vendor.text('hi'))
      respond(response, request, socket)
    }, 900)
    await model.ask(modelRequest(), anySignal())
    await model.ask(modelRequest(), anySignal())
    expect(endpoint.requests.map(({ body }) => [body['max_completion_tokens'], body['max_tokens']])).toEqual([
      [900, undefined],
      [undefined, 900],
      [undefined, 900],
    ])
  })

  it('takes calls for calls when the server says "stop", or nothing', async () => {
    const tool_calls = [{ id: 'call_1', type: 'function', function: { name: 'look_up', arguments: '{}' } }]
    for (const reason of ['stop', null]) {
      const { model } = await chatWith(withMessage({ role: 'assistant', content: null, tool_calls }, reason))
      expect((await model.ask(modelRequest(), anySignal())).finish).toBe('calls')
    }
  })

  it('turns the older function_call into a tool call that can be answered', async () => {
    const { model, endpoint } = await chatWith(
      withMessage(
        { content: null, function_call: { name: 'look_up', arguments: '{"id":"a"}' } },
        'function_call',
      ),
    )
    const request = modelRequest()
    const answer = await model.ask(request, anySignal())
    expect(answer.calls).toEqual([{ callId: 'call_0_0', name: 'look_up', argumentsText: '{"id":"a"}' }])
    await model.ask({ ...request, conversation: continued(request.conversation, answer) }, anySignal())
    expect(messagesOf(endpoint.requests[1]).slice(2)).toEqual([
      {
        role: 'assistant',
        content: null,
        tool_calls: [
          { type: 'function', id: 'call_0_0', function: { name: 'look_up', arguments: '{"id":"a"}' } },
        ],
      },
      { role: 'tool', tool_call_id: 'call_0_0', content: '{"ok":true}' },
    ])
  })

  it('reads content that is a list of parts', async () => {
    const content = [
      { type: 'thinking', thinking: [] },
      { type: 'text', text: 'one ' },
      { type: 'text', text: 'two' },
    ]
    const { model } = await chatWith(withMessage({ role: 'assistant', content }))
    expect((await model.ask(modelRequest(), anySignal())).text).toBe('one two')
  })

  it.each([
    ['length', 'truncated'],
    ['MAX_TOKENS', 'truncated'],
    ['model_length', 'truncated'],
    ['SAFETY', 'filtered'],
    ['eos', 'stop'],
  ])('takes finish_reason %s for %s', async (reason, finish) => {
    const { model } = await chatWith(withMessage({ role: 'assistant', content: 'x' }, reason))
    expect((await model.ask(modelRequest(), anySignal())).finish).toBe(finish)
  })

  it.each([
    ['an error beside the message', { error: { code: 502, message: 'upstream' } }, 'model.unavailable'],
    ['finish_reason "error"', { finish_reason: 'error', message: { content: '' } }, 'model.malformed'],
    ['no message', { finish_reason: 'stop' }, 'model.malformed'],
    ['tool_calls that are no list', { message: { tool_calls: {} } }, 'model.malformed'],
    ['a tool call that is text', { message: { tool_calls: ['x'] } }, 'model.malformed'],
  ])('rejects a choice with %s', async (_name, choice, code) => {
    const { model } = await chatWith(json({ ...vendor.text('x'), choices: [choice] }))
    await expect(model.ask(modelRequest(), anySignal())).rejects.toMatchObject({ code, retry: 'later' })
  })
})
