import type { ServerResponse } from 'node:http'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createResponsesModel } from '../../src/models/openai-responses.js'
import { systemClock } from '../../src/util/clock.js'
import { json, type Respond, startModelEndpoint } from '../support/model-endpoint.js'
import { modelRequest, modelSettings, rejectionOf } from '../support/model-fixtures.js'

/** The platform's fetch resolves at the headers; what must hold then does not rest on ours buffering. */
async function errorOf(respond: Respond, timeoutMs = 20_000) {
  const endpoint = await startModelEndpoint(respond)
  onTestFinished(() => endpoint.close())
  const model = createResponsesModel(modelSettings({ baseUrl: endpoint.url, timeoutMs }), {
    fetch: globalThis.fetch,
    clock: systemClock,
  })
  return rejectionOf(model, modelRequest())
}

function begin(response: ServerResponse) {
  response.writeHead(200, { 'content-type': 'application/json' })
}

describe('exchange with a fetch that resolves at the headers', () => {
  it('ends a drip of single bytes at the timeout', async () => {
    const error = await errorOf((response) => {
      begin(response)
      const drip = setInterval(() => response.write(' '), 10)
      response.on('close', () => clearInterval(drip))
    }, 120)
    expect([error.code, error.retry]).toEqual(['model.timeout', 'later'])
  })

  it('finds a body malformed that breaks off', async () => {
    const error = await errorOf((response, _request, socket) => {
      begin(response)
      response.write('{"output":[', () => socket.destroy())
    })
    expect([error.code, error.retry]).toEqual(['model.malformed', 'later'])
  })

  it('stops reading an answer without end', async () => {
    const error = await errorOf((response) => {
      begin(response)
      const block = Buffer.alloc(1024 * 1024, ' ')
      const pour = () => {
        while (!response.destroyed && response.write(block));
      }
      response.on('drain', pour)
      pour()
    })
    expect(error.code).toBe('model.malformed')
    expect(error.message).toContain('more than')
  })

  it('does not follow a redirect, which would carry the key along', async () => {
    const other = await startModelEndpoint(json({}))
    onTestFinished(() => other.close())
    const error = await errorOf(json({}, 307, { location: `${other.url}/responses` }))
    expect([error.code, error.retry]).toEqual(['model.rejected', 'never'])
    expect(other.requests).toEqual([])
  })
})
