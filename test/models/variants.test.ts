import { describe, expect, it } from 'vitest'
import { createOpenAiModel } from '../../src/models/openai.js'
import type { Respond } from '../support/model-endpoint.js'
import { anySignal, modelAt, modelRequest, rejectionOf } from '../support/model-fixtures.js'
import { vendorAnswers } from '../support/vendor-answers.js'

const vendor = vendorAnswers.chat
const calls = vendor.calls([{ id: 'call_1', name: 'look_up', arguments: '{"id":"a"}' }])
const text = (body: string, type = 'application/json'): Respond => {
  return (response) => void response.writeHead(200, { 'content-type': type }).end(body)
}
const modelWith = async (respond: Respond) => (await modelAt('chat', createOpenAiModel, respond)).model

/** What servers that speak this API do otherwise than OpenAI. */
describe('a compatible server', () => {
  const { id: _id, object: _object, created: _created, usage: _usage, model: _model, ...bare } = calls
  it.each<[string, string, string?]>([
    [
      'writes its JSON over many lines that end with CRLF',
      JSON.stringify(calls, null, 2).replaceAll('\n', '\r\n'),
    ],
    ['sends blank lines ahead, to keep the connection alive', `\n\n \r\n${JSON.stringify(calls)}\n`],
    ['names another content type', JSON.stringify(calls), 'text/plain'],
    ['leaves out id, object, created, model and usage', JSON.stringify(bare)],
    ['adds fields that nobody knows', JSON.stringify({ ...calls, x_timing: { ms: 1 }, choices_v2: [] })],
  ])('that %s is understood', async (_what, body, type) => {
    const answer = await (await modelWith(text(body, type))).ask(modelRequest(), anySignal())
    expect(answer.calls).toEqual([{ callId: 'call_1', name: 'look_up', argumentsText: '{"id":"a"}' }])
  })

  const delta = {
    choices: [{ index: 0, delta: { tool_calls: [{ index: 0, function: { name: 'look_up' } }] } }],
  }
  const event = `data: ${JSON.stringify(delta)}`
  it.each<[string, string]>([
    ['as a stream', `${event}\n\ndata: [DONE]\n\n`],
    ['as a stream with comments', `: keep-alive\n\n${event}\n\n: keep-alive\n\n`],
    ['as a stream with CRLF and without its end', `${event}\r\n\r\n`],
    ['as a stream of whole answers', `data: ${JSON.stringify(calls)}\n\ndata: [DONE]\n\n`],
    ['as two JSON values', `${JSON.stringify(calls)}\n${JSON.stringify(calls)}`],
    ['with an error event in a 200', 'event: error\ndata: {"error":{"message":"overloaded"}}\n\n'],
  ])(
    'that answers %s, though none was asked for, is told apart, and nothing of it is taken',
    async (_what, body) => {
      const model = await modelWith(text(body, 'text/event-stream'))
      const { code, retry, message } = await rejectionOf(model, modelRequest())
      expect([code, retry]).toEqual(['model.malformed', 'later'])
      expect(message).toContain('not JSON (text/event-stream)')
    },
  )
})
