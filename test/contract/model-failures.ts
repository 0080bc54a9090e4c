import { describe, expect, it, onTestFinished } from 'vitest'
import type { ModelSettings } from '../../src/domain/agent.js'
import type { ModelApi } from '../../src/models/model.js'
import { json, type Respond, startModelEndpoint } from '../support/model-endpoint.js'
import {
  type CreateModel,
  dependencies,
  modelAt,
  modelRequest,
  modelSettings,
  rejectionOf,
} from '../support/model-fixtures.js'
import { vendorAnswers } from '../support/vendor-answers.js'

/** What `Model` promises where the endpoint does not keep its side: one clear error, and nothing acted upon. */
export function describeModelFailures(api: ModelApi, create: CreateModel) {
  const vendor = vendorAnswers[api]
  const modelWith = (respond: Respond, over?: Partial<ModelSettings>) => modelAt(api, create, respond, over)
  const errorOf = async (respond: Respond, over?: Partial<ModelSettings>) =>
    rejectionOf((await modelWith(respond, over)).model, modelRequest())

  describe('when the endpoint fails', () => {
    it.each([
      [401, 'model.unauthorized', { afterMs: 300_000 }],
      [403, 'model.unauthorized', { afterMs: 300_000 }],
      [402, 'model.unauthorized', { afterMs: 900_000 }],
      [400, 'model.rejected', 'never'],
      [404, 'model.rejected', 'never'],
      [413, 'model.rejected', 'never'],
      [422, 'model.rejected', 'never'],
      [307, 'model.rejected', 'never'],
      [408, 'model.timeout', 'later'],
      [429, 'model.rate_limited', 'later'],
      [500, 'model.unavailable', 'later'],
      [502, 'model.unavailable', 'later'],
      [503, 'model.unavailable', 'later'],
      [529, 'model.unavailable', 'later'],
    ])('takes %i for %s', async (status, code, retry) => {
      const { model, endpoint } = await modelWith(
        json({ error: { message: 'the model says no', code: null } }, status, { location: '/elsewhere' }),
      )
      const error = await rejectionOf(model, modelRequest())
      expect([error.code, error.retry]).toEqual([code, retry])
      // Once: the SDK's own retries are off, and a redirect is not followed.
      expect(endpoint.requests.length).toBe(1)
    })

    it.each([
      ['100000', 3_600_000],
      ['0', 1000],
      ['Sat, 21 Nov 2126 07:00:00 GMT', 3_600_000],
    ])('keeps Retry-After: %s within a second and an hour', async (header, afterMs) => {
      const error = await errorOf(json({}, 429, { 'retry-after': header }))
      expect(error.retry).toEqual({ afterMs })
    })

    it('waits longer where the quota is used up', async () => {
      const error = await errorOf(
        json({ error: { code: 'insufficient_quota' } }, 429, { 'retry-after': '1' }),
      )
      expect([error.code, error.retry]).toEqual(['model.rate_limited', { afterMs: 900_000 }])
    })

    it('never shows the key, a page, or what could steer a terminal', async () => {
      const key = 'sk-secret-abcdefghijklmnop'
      const hostile = `bad key ${key} \u001b]0;owned\u0007 \u202Eevil`
      const bodies: [number, unknown][] = [
        [400, { error: { message: hostile, code: key } }],
        [401, { error: { message: hostile } }],
        [500, `<html>${key}</html>`],
        [200, { error: hostile }],
        [200, `<html>${key}</html>`],
      ]
      for (const [status, body] of bodies) {
        const error = await errorOf(json(body, status), { apiKey: key })
        const shown = `${error.message} ${JSON.stringify(error.details)} ${String(error.cause)}`
        expect(shown).not.toContain(key)
        expect(shown).not.toMatch(/[\p{Cc}\p{Cf}]|<html>/u)
      }
    })

    it('says that a key cannot be sent without showing it', async () => {
      const error = await errorOf(json({}), { apiKey: 'sk-line\nbreak' })
      expect(error.code).toBe('model.rejected')
      expect(error.message).toContain('api_key')
      expect(error.message).not.toContain('sk-line')
    })

    it('is unreachable when nobody listens, or there is no such host', async () => {
      const endpoint = await startModelEndpoint(json({}))
      await endpoint.close()
      for (const baseUrl of [endpoint.url, 'http://nowhere.invalid/v1']) {
        const error = await rejectionOf(create(modelSettings({ api, baseUrl }), dependencies), modelRequest())
        expect([error.code, error.retry]).toEqual(['model.unreachable', 'later'])
      }
    })

    it('rejects a base_url that is no web address, and never shows a password in one', async () => {
      const model = create(modelSettings({ api, baseUrl: 'ftp://127.0.0.1/v1' }), dependencies)
      expect(await rejectionOf(model, modelRequest())).toMatchObject({
        code: 'model.rejected',
        retry: 'never',
      })
      const baseUrl = 'http://user:hunter22@127.0.0.1/v1'
      const error = await rejectionOf(create(modelSettings({ api, baseUrl }), dependencies), modelRequest())
      expect(`${error.message} ${String(error.cause)}`).not.toContain('hunter22')
    })

    it('is unreachable when TLS does not come about', async () => {
      const endpoint = await startModelEndpoint(json({}))
      onTestFinished(() => endpoint.close())
      const model = create(
        modelSettings({ api, baseUrl: endpoint.url.replace('http:', 'https:') }),
        dependencies,
      )
      expect((await rejectionOf(model, modelRequest())).code).toBe('model.unreachable')
    })

    it('is unreachable when the connection breaks before the headers', async () => {
      const error = await errorOf((_response, _request, socket) => socket.destroy())
      expect([error.code, error.retry]).toEqual(['model.unreachable', 'later'])
    })

    it('never takes the beginning of an answer for an answer, wherever it is cut', async () => {
      const body = JSON.stringify(vendor.calls([{ id: 'call_1', name: 'look_up', arguments: '{"id":"a"}' }]))
      const head = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n'
      let cut = 0
      const framings = [
        '\r\n',
        `content-length: ${Buffer.byteLength(body)}\r\n\r\n`,
        `transfer-encoding: chunked\r\n\r\n${Buffer.byteLength(body).toString(16)}\r\n`,
      ]
      for (const framing of framings) {
        const { model } = await modelWith((_response, _request, socket) => {
          socket.end(head + framing + body.slice(0, cut++))
        })
        // The first framing ends cleanly at any place, so that every one of them counts.
        const step = framing === '\r\n' ? 1 : 9
        for (let at = 0; at < body.length; at += step) {
          cut = at
          const { code, retry } = await rejectionOf(model, modelRequest())
          expect(code).toMatch(/^model\.(malformed|unreachable)$/)
          expect(retry).toBe('later')
        }
      }
    })

    it('ends a hang before the headers at the timeout', async () => {
      const error = await errorOf(() => {}, { timeoutMs: 60 })
      expect([error.code, error.retry]).toEqual(['model.timeout', 'later'])
    })

    it('ends a drip of single bytes after the headers at the timeout', async () => {
      const error = await errorOf(
        (response) => {
          response.writeHead(200, { 'content-type': 'application/json' })
          const drip = setInterval(() => response.write(' '), 10)
          response.on('close', () => clearInterval(drip))
        },
        { timeoutMs: 120 },
      )
      expect([error.code, error.retry]).toEqual(['model.timeout', 'later'])
    })

    it('stops reading an answer without end', async () => {
      const error = await errorOf((response) => {
        response.writeHead(200, { 'content-type': 'application/json' })
        const block = Buffer.alloc(1024 * 1024, ' ')
        const pour = () => {
          while (!response.destroyed && response.write(block));
        }
        response.on('drain', pour)
        pour()
      })
      expect(error.code).toBe('model.malformed')
      expect(error.message).toMatch(/larger than/)
    })
  })
}
