import OpenAI from 'openai'
import { describe, expect, it } from 'vitest'
import type { AppError } from '../../src/domain/errors.js'
import type { EventDraft } from '../../src/domain/event.js'
import { payloadForm } from '../../src/sources/engine/form-payload.js'
import type { KeyRequest, RemoteKeys } from '../../src/sources/engine/keys.js'
import { sourceKinds } from '../../src/sources/registry.js'
import type { WebhookSource } from '../../src/sources/source.js'
import { delivery, type Headers, openSource, readFixture, readFixtureText, testContext } from './setting.js'

const now = 1_767_225_600_000
const secret = 'k9vQ-2mXw-7bTz-4rNd'

function codeOf(act: () => unknown): string | undefined {
  try {
    act()
    return undefined
  } catch (error) {
    return (error as AppError).code
  }
}

function eventsOf(source: WebhookSource, body: Uint8Array | string, more: Headers = []): EventDraft[] {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body
  const { headers } = source.sign({ body: bytes, type: 'push', id: 'id-1' }, now)
  const all = Object.entries({ ...headers, ...Object.fromEntries(more) })
  return source.events(source.verify(delivery(all, bytes, now), now))
}

describe('gitea', () => {
  const source = openSource(sourceKinds.gitea, { secret })
  const json = '{"ref":"refs/heads/main","repository":{"id":15,"full_name":"acme/web"}}'

  it('knows the same JSON again however the form around it is written', () => {
    const { headers } = source.sign({ body: Buffer.from(json), type: 'push', id: 'id-1' }, now)
    const lowerCase = Buffer.from(payloadForm(Buffer.from(json)))
      .toString()
      .replaceAll('%2F', '%2f')
    const bodies = [json, payloadForm(Buffer.from(json)), lowerCase, `${lowerCase}&more=1`]
    const ids = bodies.map((body) => {
      const replayed = Object.entries({ ...headers, 'x-gitea-delivery': `id-${body.length}` })
      const [draft] = source.events(source.verify(delivery(replayed, body, now), now))
      return [draft?.sourceEventId, draft?.isIdAuthentic]
    })
    expect(new Set(ids.map((each) => JSON.stringify(each))).size).toBe(1)
    expect(ids[0]?.[1]).toBe(true)
  })

  it('takes a comment on a pull request for one on a pull request', () => {
    const body =
      '{"action":"created","is_pull":true,"issue":{"number":7},"comment":{"id":3},"repository":{"id":1}}'
    const [draft] = eventsOf(source, body, [['x-gitea-event', 'issue_comment']])
    expect(draft?.ids).toEqual({ pull_request: '7', comment: '3', repository: '1' })
  })

  it('refuses a name of an event that the body contradicts', () => {
    for (const name of ['issues', 'pull_request', 'pull_request_approved', 'release', 'Push', '']) {
      expect(codeOf(() => eventsOf(source, json, [['x-gitea-event', name]]))).toBe('delivery.malformed')
    }
  })
})

describe('bitbucket', () => {
  const source = openSource(sourceKinds.bitbucket, { secret })

  it('refuses a key of an event that the body contradicts', () => {
    const body = '{"pullrequest":{"id":7},"repository":{"full_name":"acme/web"}}'
    for (const key of ['issue:created', 'repo:push', 'push', 'x'.repeat(300), '']) {
      expect(codeOf(() => eventsOf(source, body, [['x-event-key', key]]))).toBe('delivery.malformed')
    }
  })

  it('tells the events apart that one request caused', () => {
    const id = [['x-request-uuid', '2b7c9a40-5d1e-4f3a-8c60-9e0d1f2a3b4c']] as const
    const [merged] = eventsOf(source, '{"pullrequest":{"id":7}}', [
      ...id,
      ['x-event-key', 'pullrequest:fulfilled'],
    ])
    const [pushed] = eventsOf(source, '{"push":{"changes":[]}}', [...id, ['x-event-key', 'repo:push']])
    expect(merged?.sourceEventId).not.toBe(pushed?.sourceEventId)
  })
})

describe('a secret that can be sent in more ways than one', () => {
  it('is sent in one: buildkite signs or shows it, jenkins has a header or a user', () => {
    const { buildkite, jenkins } = sourceKinds
    expect(buildkite.options.safeParse({ secret, token: secret }).success).toBe(false)
    expect(jenkins.options.safeParse({ secret, header: 'x-token', user: 'jenkins' }).success).toBe(false)
  })
})

describe('azure-devops', () => {
  it('reads the number of a work item where the event has it', () => {
    const source = openSource(sourceKinds['azure-devops'], { secret })
    const idsOf = (body: object) => eventsOf(source, JSON.stringify(body))[0]?.ids
    const resource = { id: 2, workItemId: 5 }
    expect(idsOf({ eventType: 'workitem.updated', resource })).toEqual({ work_item: '5' })
    expect(idsOf({ eventType: 'workitem.updated', resource: { id: 2 } })).toEqual({})
    expect(idsOf({ eventType: 'workitem.created', resource: { id: 5 } })).toEqual({ work_item: '5' })
    expect(idsOf({ eventType: 'build.complete', resource: { id: 2 } })).toEqual({ build: '2' })
    expect(idsOf({ eventType: 'message.posted', resource: { id: 2 } })).toEqual({})
  })
})

describe('cloudevents', () => {
  const source = openSource(sourceKinds.cloudevents, { secret })
  const event = { specversion: '1.0', id: 'a-1', source: '/shop', type: 'order.delayed' }
  const sent = (headers: Headers, body: string, query = `?access_token=${secret}`) => ({
    ...delivery(headers, body, now),
    url: `/hooks/under-test${query}`,
  })
  const structured = ['content-type', 'application/cloudevents+json'] as const

  it('takes the token in the query', () => {
    const verified = source.verify(sent([structured], JSON.stringify(event)), now)
    expect(source.events(verified)[0]).toMatchObject({ sourceEventId: '/shop a-1', type: 'order.delayed' })
    expect(codeOf(() => source.verify(sent([structured], '{}', ''), now))).toBe('verification.missing_header')
  })

  it('allows no origin where none is listed', () => {
    const asked = delivery([['webhook-request-origin', 'eventgrid.azure.net']], '', now)
    expect(source.greet({ ...asked, method: 'OPTIONS' }, now)).toBeUndefined()
    expect(codeOf(() => source.verify({ ...asked, method: 'OPTIONS' }, now))).toBe(
      'verification.not_a_delivery',
    )
  })

  it('refuses an event without id, source or type, also as one of a batch', () => {
    const batched = ['content-type', 'application/cloudevents-batch+json'] as const
    for (const missing of ['id', 'source', 'type']) {
      const without = { ...event, [missing]: undefined }
      const one = source.verify(sent([structured], JSON.stringify(without)), now)
      const two = source.verify(sent([batched], JSON.stringify([event, without])), now)
      expect([codeOf(() => source.events(one)), codeOf(() => source.events(two))]).toEqual([
        'delivery.malformed',
        'delivery.malformed',
      ])
    }
  })

  it('refuses attributes that come twice or have a bad escape, other formats, and data that is no JSON', () => {
    const attributes = [
      ['ce-id', '1'],
      ['ce-source', '/s'],
      ['ce-type', 't'],
    ] as const
    const json = ['content-type', 'application/json'] as const
    const refused: readonly (readonly [Headers, string])[] = [
      [[...attributes, json, ['CE-Id', '2']], '{}'],
      [[...attributes, json, ['ce-subject', '%zz']], '{}'],
      [[...attributes, ['content-type', 'text/plain']], '{}'],
      [[...attributes, ['content-type', 'application/cloudevents+avro']], '{}'],
      [[json], '{"id":"1","source":"/s","type":"t"}'],
    ]
    for (const [headers, body] of refused) {
      const verified = source.verify(sent(headers, body), now)
      expect(codeOf(() => source.events(verified))).toBe('delivery.malformed')
    }
  })

  it('cannot have its prototype set by an attribute', () => {
    const headers = [
      ['ce-id', '1'],
      ['ce-source', '/s'],
      ['ce-type', 't'],
      ['ce-constructor', 'x'],
    ] as const
    const [draft] = source.events(source.verify(sent(headers, ''), now))
    expect(draft?.data).toEqual({ id: '1', source: '/s', type: 't', constructor: 'x' })
  })
})

describe('the senders that follow Standard Webhooks', () => {
  it('are read under both sets of header names', () => {
    for (const name of ['clerk', 'resend', 'openai'] as const) {
      const { options, deliveries } = readFixture(name)
      const source = openSource(sourceKinds[name], options)
      const [first] = deliveries
      const ids = ['webhook', 'svix'].map((names) => {
        const headers = (first?.headers ?? []).map(
          ([key, value]) => [key.replace(/^(svix|webhook)-/, `${names}-`), value] as const,
        )
        const verified = source.verify(delivery(headers, first?.body ?? '', now), now)
        return source.events(verified)[0]?.sourceEventId
      })
      expect(ids).toEqual([first?.id, first?.id])
    }
  })
})

describe('OpenAI’s own library', () => {
  it('verifies what we sign, and refuses it when a byte is changed', async () => {
    const { options } = readFixture('openai')
    const [webhookSecret] = options['secret'] as string[]
    const { webhooks } = new OpenAI({ apiKey: 'not-used', webhookSecret: webhookSecret ?? '' })
    const source = openSource(sourceKinds.openai, options)
    for (const { type, body } of source.samples) {
      const text = JSON.stringify(body)
      const { headers } = source.sign({ body: Buffer.from(text), type, id: 'wh_1' }, Date.now())
      expect(await webhooks.unwrap(text, headers)).toMatchObject({ type })
      await expect(webhooks.unwrap(`${text} `, headers)).rejects.toThrow()
    }
  })
})

describe('travis-ci', () => {
  const { options, deliveries } = readFixture('travis-ci')
  const { repositories, public_key } = options
  const [first] = deliveries
  const sent = delivery(first?.headers ?? [], first?.body ?? '', now)

  /** What api.travis-ci.com would publish. */
  function publishing(text: string, asked: KeyRequest[] = []): RemoteKeys {
    let known: string | undefined
    return {
      load: (request) => {
        asked.push(request)
        known = text
        return Promise.resolve()
      },
      get: () => known,
      close: () => Promise.resolve(),
    }
  }
  const open = (keys: RemoteKeys) =>
    openSource(sourceKinds['travis-ci'], { repositories }, { ...testContext, keys })
  const published = (key: unknown) =>
    JSON.stringify({ config: { notifications: { webhook: { public_key: key } } } })

  it('fetches the public key from Travis CI and from nowhere else', async () => {
    const asked: KeyRequest[] = []
    const source = open(publishing(published(public_key), asked))
    await source.prepare?.(sent, now)
    expect(source.verify(sent, now).secretIndex).toBe(0)
    expect(asked).toMatchObject([{ url: 'https://api.travis-ci.com/config', hosts: ['api.travis-ci.com'] }])
  })

  it('fetches nothing where the key is configured', () => {
    expect(openSource(sourceKinds['travis-ci'], options).prepare).toBeUndefined()
  })

  it('asks the sender to come back while what is published has no key', async () => {
    for (const text of ['', 'not json', '{}', '{"config":null}', published('no key'), published(7)]) {
      const source = open(publishing(text))
      await source.prepare?.(sent, now)
      expect([text, codeOf(() => source.verify(sent, now))]).toEqual([text, 'verification.key_unavailable'])
    }
    expect(codeOf(() => open(publishing('{}')).verify(sent, now))).toBe('verification.key_unavailable')
  })

  it('does not load without the repositories whose builds are meant', () => {
    const loads = (given: object) => sourceKinds['travis-ci'].options.safeParse(given).success
    for (const repositories of [[], ['acme'], ['acme/*'], ['*']]) {
      expect(loads({ repositories, public_key })).toBe(false)
    }
    // Only a key of one's own says whose builds they are.
    expect([loads({}), loads({ public_key })]).toEqual([false, true])
  })

  it('knows a rightly signed build of nobody that is listed from a wrongly signed one', () => {
    const { vectors } = JSON.parse(readFixtureText('vectors.json')) as {
      vectors: { id: string; secrets: string[]; request: { headers: Headers; body_b64: string } }[]
    }
    const codes = ['travis/rsa-sha1', 'travis/neg-payload'].map((id) => {
      const vector = vectors.find((each) => each.id === id)
      const source = openSource(sourceKinds['travis-ci'], { repositories, public_key: vector?.secrets })
      const body = Buffer.from(vector?.request.body_b64 ?? '', 'base64')
      return codeOf(() => source.verify(delivery(vector?.request.headers ?? [], body, now), now))
    })
    expect(codes).toEqual(['verification.not_a_delivery', 'verification.signature_mismatch'])
  })

  it('knows the same build again however the form around its JSON is written', () => {
    const source = openSource(sourceKinds['travis-ci'], options)
    const again = delivery(first?.headers ?? [], `${first?.body}&more=1`, now)
    const ids = [sent, again].map((each) => source.events(source.verify(each, now))[0]?.sourceEventId)
    expect(ids[0]).toBe(ids[1])
  })
})
