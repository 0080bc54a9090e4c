import { describe, expect, it, onTestFinished } from 'vitest'
import { createResponsesModel } from '../../src/models/openai-responses.js'
import { describeModel } from '../contract/model.js'
import { json, startModelEndpoint } from '../support/model-endpoint.js'
import { anySignal, continued, dependencies, modelRequest, modelSettings } from '../support/model-fixtures.js'
import { startReferee } from '../support/protocol-referee.js'
import { vendorAnswers } from '../support/vendor-answers.js'

describeModel('responses', createResponsesModel)

const vendor = vendorAnswers.responses

describe('Responses', () => {
  it('keeps nothing at the vendor and asks for the reasoning in encrypted form', async () => {
    const endpoint = await startModelEndpoint(json(vendor.text('hi')))
    onTestFinished(() => endpoint.close())
    const model = createResponsesModel(
      modelSettings({ baseUrl: endpoint.url, maxOutputTokens: 900 }),
      dependencies,
    )
    await model.ask(modelRequest(), anySignal())
    const body = endpoint.requests[0]?.body
    expect(body).toMatchObject({
      store: false,
      include: ['reasoning.encrypted_content'],
      max_output_tokens: 900,
      instructions: 'Be brief.',
      input: [{ role: 'user', content: 'what failed?' }],
      tools: [{ type: 'function', name: 'look_up', strict: false }],
    })
    expect(body).not.toHaveProperty('previous_response_id')
    expect(body).not.toHaveProperty('stream')
  })

  it('does without the encrypted reasoning where the model has none, and remembers', async () => {
    const endpoint = await startModelEndpoint((response, request, socket) => {
      const refusal = { message: 'Encrypted content is not supported with this model.', param: 'include' }
      const respond = 'include' in request.body ? json({ error: refusal }, 400) : json(vendor.text('hi'))
      respond(response, request, socket)
    })
    onTestFinished(() => endpoint.close())
    const model = createResponsesModel(modelSettings({ baseUrl: endpoint.url }), dependencies)
    const both = await Promise.all([
      model.ask(modelRequest(), anySignal()),
      model.ask(modelRequest(), anySignal()),
    ])
    expect(both.map((answer) => answer.text)).toEqual(['hi', 'hi'])
    await model.ask(modelRequest(), anySignal())
    expect(endpoint.requests.map(({ body }) => 'include' in body)).toEqual([true, true, false, false, false])
  })

  it('is refused when a reasoning item is left out of the replay, which shows that the referee looks', async () => {
    const endpoint = await startModelEndpoint(
      json(vendor.calls([{ id: 'call_1', name: 'look_up', arguments: '{}' }])),
    )
    const referee = await startReferee(endpoint.url.replace('/v1', ''))
    onTestFinished(async () => {
      await referee.close()
      await endpoint.close()
    })
    const model = createResponsesModel(modelSettings({ baseUrl: referee.url }), dependencies)
    const request = modelRequest()
    const answer = await model.ask(request, anySignal())
    const without = { ...answer, items: answer.items.slice(1) }
    const conversation = continued(request.conversation, without)
    await expect(model.ask({ ...request, conversation }, anySignal())).rejects.toMatchObject({
      code: 'model.rejected',
    })
    expect(referee.refusals).toEqual([expect.stringContaining("without its required 'reasoning' item")])
  })

  it.each([
    [{ status: 'failed', error: { code: 'server_error', message: 'x' } }, 'model.unavailable', 'later'],
    [
      { status: 'failed', error: { code: 'rate_limit_exceeded', message: 'x' } },
      'model.rate_limited',
      'later',
    ],
    [{ status: 'failed', error: { code: 'invalid_prompt', message: 'x' } }, 'model.rejected', 'never'],
    [{ status: 'failed', error: null }, 'model.malformed', 'later'],
    [{ status: 'queued' }, 'model.malformed', 'later'],
    [{ output: [] }, 'model.malformed', 'later'],
    [{ output: ['text'] }, 'model.malformed', 'later'],
  ])('takes %j for %s', async (over, code, retry) => {
    const endpoint = await startModelEndpoint(json({ ...vendor.text('hi'), ...over }))
    onTestFinished(() => endpoint.close())
    const model = createResponsesModel(modelSettings({ baseUrl: endpoint.url }), dependencies)
    await expect(model.ask(modelRequest(), anySignal())).rejects.toMatchObject({ code, retry })
  })
})
