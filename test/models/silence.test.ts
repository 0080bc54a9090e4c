import { describe, expect, it } from 'vitest'
import type { ModelSettings } from '../../src/domain/agent.js'
import type { ModelApi } from '../../src/models/model.js'
import { createOpenAiModel } from '../../src/models/openai.js'
import type { Respond } from '../support/model-endpoint.js'
import { modelAt, modelRequest, rejectionOf } from '../support/model-fixtures.js'
import { vendorAnswers } from '../support/vendor-answers.js'

const short: Partial<ModelSettings> = { timeoutMs: 80 }

describe.each<ModelApi>(['responses', 'chat'])('an endpoint that falls silent: %s', (api) => {
  const answer = JSON.stringify(vendorAnswers[api].calls([{ id: 'a', name: 'look_up', arguments: '{}' }]))
  const head = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n'
  const length = `content-length: ${Buffer.byteLength(answer)}\r\n\r\n`

  it.each<[string, string]>([
    ['before its first byte', ''],
    ['after one byte', 'H'],
    ['within the headers', 'HTTP/1.1 200 OK\r\ncontent-ty'],
    ['after the headers', head + length],
    ['within the body', head + length + answer.slice(0, answer.length / 2)],
    ['before the last byte', head + length + answer.slice(0, -1)],
    [
      'before the last chunk',
      `${head}transfer-encoding: chunked\r\n\r\n${answer.length.toString(16)}\r\n${answer}\r\n`,
    ],
  ])('%s is given up at the timeout, and asked again later', async (_where, bytes) => {
    const fallSilent: Respond = (_response, _request, socket) => void socket.write(bytes)
    const { model } = await modelAt(api, createOpenAiModel, fallSilent, short)
    const { code, retry } = await rejectionOf(model, modelRequest())
    expect([code, retry]).toEqual(['model.timeout', 'later'])
  })

  it('and sends a byte now and then is given up at the timeout all the same', async () => {
    const { model } = await modelAt(
      api,
      createOpenAiModel,
      (_response, _request, socket) => {
        socket.write(head + length)
        let at = 0
        const drip = setInterval(() => socket.writable && socket.write(answer.charAt(at++)), 20)
        socket.on('close', () => clearInterval(drip))
        socket.on('error', () => undefined)
      },
      short,
    )
    expect((await rejectionOf(model, modelRequest())).code).toBe('model.timeout')
  })
})
