import { describe, expect, it, onTestFinished } from 'vitest'
import type { ModelApi } from '../../src/models/model.js'
import { createOpenAiModel } from '../../src/models/openai.js'
import { json, type Respond, startModelEndpoint } from '../support/model-endpoint.js'
import { anySignal, continued, dependencies, modelRequest, modelSettings } from '../support/model-fixtures.js'
import { vendorAnswers } from '../support/vendor-answers.js'

const { responses, chat } = vendorAnswers

/** An endpoint with one answer for each API. */
async function autoWith(apis: Readonly<Record<ModelApi, Respond>>) {
  const endpoint = await startModelEndpoint((response, request, socket) => {
    const respond = request.path.endsWith('/responses') ? apis.responses : apis.chat
    respond(response, request, socket)
  })
  onTestFinished(() => endpoint.close())
  const model = createOpenAiModel(modelSettings({ api: 'auto', baseUrl: endpoint.url }), dependencies)
  return { model, paths: () => endpoint.requests.map(({ path }) => path) }
}

const works = { responses: json(responses.text('new')), chat: json(chat.text('old')) }

describe('api: auto', () => {
  it('takes Responses where the endpoint has it', async () => {
    const { model, paths } = await autoWith(works)
    expect((await model.ask(modelRequest(), anySignal())).api).toBe('responses')
    await model.ask(modelRequest(), anySignal())
    expect(paths()).toEqual([responses.path, responses.path])
  })

  it.each<[string, Respond]>([
    ['404 with a page', json('404 page not found', 404)],
    ['404 with nothing', json('', 404)],
    ['404 Not Found of FastAPI', json({ detail: 'Not Found' }, 404)],
    ['404 Invalid URL', json({ error: { message: 'Invalid URL (POST /v1/responses)', param: null } }, 404)],
    ['405', json('', 405)],
    ['501', json('', 501)],
    ['400 unknown endpoint', json({ error: { message: 'Unknown endpoint: /responses' } }, 400)],
    [
      '400 not with this model',
      json({ error: { message: 'This model is not supported in the v1/responses endpoint.' } }, 400),
    ],
    ['200 Unexpected endpoint', json({ error: 'Unexpected endpoint or method. (POST /v1/responses)' })],
  ])('falls to Chat Completions on %s, and remembers', async (_name, unknown) => {
    const { model, paths } = await autoWith({ ...works, responses: unknown })
    expect((await model.ask(modelRequest(), anySignal())).text).toBe('old')
    await model.ask(modelRequest(), anySignal())
    expect(paths()).toEqual([responses.path, chat.path, chat.path])
  })

  it.each<[string, Respond]>([
    [
      'a model that does not exist',
      json({ error: { message: 'The model `x` does not exist', code: 'model_not_found' } }, 404),
    ],
    [
      'a model that is not pulled',
      json({ error: { message: 'model "x" not found, try pulling it first' } }, 404),
    ],
    [
      'a schema it does not take',
      json({ error: { message: 'Unsupported path in schema', param: 'tools[0].parameters' } }, 400),
    ],
    ['a bad key', json({ error: { message: 'Unknown key for this endpoint' } }, 401)],
    ['too many requests', json({}, 429)],
    ['a server error', json('bad gateway: endpoint not found', 502)],
    ['a page in place of an answer', json('<html>')],
  ])('stays with Responses on %s', async (_name, fault) => {
    const { model, paths } = await autoWith({ ...works, responses: fault })
    await expect(model.ask(modelRequest(), anySignal())).rejects.toMatchObject({ name: 'ModelError' })
    expect(paths()).toEqual([responses.path])
  })

  it('keeps a run on the API of its first answer, whatever it has learnt since', async () => {
    const { model, paths } = await autoWith(works)
    const conversation = continued([{ kind: 'input', text: 'x' }], {
      ...(await model.ask(modelRequest(), anySignal())),
      api: 'chat',
      items: [{ role: 'assistant', content: 'earlier' }],
    })
    expect((await model.ask(modelRequest({ conversation }), anySignal())).text).toBe('old')
    await model.ask(modelRequest(), anySignal())
    expect(paths()).toEqual([responses.path, chat.path, responses.path])
  })

  it('does not leave Responses for a 404 once it has answered', async () => {
    let asked = 0
    const { model, paths } = await autoWith({
      ...works,
      responses: (...args) => (asked++ === 0 ? works.responses : json('', 404))(...args),
    })
    await model.ask(modelRequest(), anySignal())
    await expect(model.ask(modelRequest(), anySignal())).rejects.toMatchObject({ code: 'model.rejected' })
    expect(paths()).toEqual([responses.path, responses.path])
  })

  it('remembers Chat Completions that answered with a refusal, and nothing where both are unknown', async () => {
    const limited = await autoWith({ responses: json('', 404), chat: json({}, 429) })
    const neither = await autoWith({ responses: json('', 404), chat: json('', 404) })
    for (const { model } of [limited, neither]) {
      for (const _ of [1, 2]) await model.ask(modelRequest(), anySignal()).catch(() => undefined)
    }
    expect(limited.paths()).toEqual([responses.path, chat.path, chat.path])
    expect(neither.paths()).toEqual([responses.path, chat.path, responses.path, chat.path])
  })
})
