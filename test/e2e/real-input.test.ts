import { createHash } from 'node:crypto'
import { createRequire } from 'node:module'
import { sign as signGithub } from '@octokit/webhooks-methods'
import { Webhook } from 'standardwebhooks'
import Stripe from 'stripe'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { githubSecret, type Rouse, startRouse } from '../support/rouse.js'

interface Definition {
  readonly name: string
  readonly examples: readonly Record<string, unknown>[]
}
const definitions = createRequire(import.meta.url)(
  '@octokit/webhooks-examples/api.github.com/index.json',
) as Definition[]
const payloads = definitions.flatMap(({ name, examples }) => examples.map((example) => ({ name, example })))

const stripeSecret = 'whsec_k7Gq2nV9xB4tLw8sRz3mYc6p'
const standardSecret = `whsec_${Buffer.from('k7Gq2nV9xB4tLw8sRz3mYc6pJd5f').toString('base64')}`

const gitlabToken = 'k7Gq2nV9xB4tLw8sRz3mYc6p'

let rouse: Rouse

beforeAll(async () => {
  rouse = await startRouse({
    config: `sources:
  ci: { kind: github, secret: "${githubSecret}" }
  payments: { kind: stripe, secret: "${stripeSecret}" }
  forge: { kind: gitlab, token: "${gitlabToken}" }
  letters: { kind: standard-webhooks, secret: "${standardSecret}" }
`,
  })
})

afterAll(() => rouse.stop())

async function send(source: string, body: string, headers: Record<string, string>) {
  const response = await fetch(`${rouse.url}/hooks/${source}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  })
  return { status: response.status, body: (await response.json()) as { status: string; events?: string[] } }
}

function flip(body: string): string {
  const at = body.length >> 1
  return body.slice(0, at) + (body[at] === 'x' ? 'y' : 'x') + body.slice(at + 1)
}

describe('over HTTP', () => {
  it('events signed by Stripe’s own library are recorded with their type and ids', async () => {
    const stripe = new Stripe('sk_test_k7Gq2nV9xB4tLw8sRz3m')
    const body = JSON.stringify({
      id: 'evt_1QabcDEfghIJkl',
      object: 'event',
      type: 'charge.dispute.created',
      created: 1795230000,
      data: { object: { id: 'dp_1Qabc', object: 'dispute', charge: 'ch_3Qxyz', amount: 5000 } },
    })
    const header = stripe.webhooks.generateTestHeaderString({ payload: body, secret: stripeSecret })
    const sent = await send('payments', body, { 'stripe-signature': header })
    expect(sent.status).toBe(202)
    const event = await rouse.ledger.event(sent.body.events?.[0] ?? '')
    expect(event).toMatchObject({
      type: 'charge.dispute.created',
      ids: { dispute: 'dp_1Qabc', charge: 'ch_3Qxyz' },
    })
    const retried = stripe.webhooks.generateTestHeaderString({
      payload: body,
      secret: stripeSecret,
      timestamp: Math.floor(Date.now() / 1000) - 60,
    })
    expect((await send('payments', body, { 'stripe-signature': retried })).status).toBe(200)
    const stale = stripe.webhooks.generateTestHeaderString({
      payload: body,
      secret: stripeSecret,
      timestamp: Math.floor(Date.now() / 1000) - 301,
    })
    expect((await send('payments', body, { 'stripe-signature': stale })).status).toBe(401)
  })

  it('a GitLab tag that is made, deleted and made again is three events, though two bodies are the same', async () => {
    const made = JSON.stringify({
      object_kind: 'tag_push',
      ref: 'refs/tags/v1',
      after: 'a'.repeat(40),
      project: { id: 1 },
    })
    const deleted = JSON.stringify({
      object_kind: 'tag_push',
      ref: 'refs/tags/v1',
      after: '0'.repeat(40),
      project: { id: 1 },
    })
    const statuses: number[] = []
    for (const [at, body] of [made, deleted, made, made].entries()) {
      const headers = { 'x-gitlab-token': gitlabToken, 'idempotency-key': `delivery-${Math.min(at, 2)}` }
      statuses.push((await send('forge', body, headers)).status)
    }
    expect(statuses).toEqual([202, 202, 202, 200])
  })

  it('messages signed by the Standard Webhooks library are recorded, under the id that they sign', async () => {
    const webhook = new Webhook(standardSecret)
    const body = JSON.stringify({
      type: 'invoice.paid',
      timestamp: '2026-11-21T07:00:00Z',
      data: { id: 'inv_1' },
    })
    const headersAt = (time: Date) => ({
      'webhook-id': 'msg_2KWPBgLlAfxdpx2AI54pPJ85f4W',
      'webhook-timestamp': String(Math.floor(time.getTime() / 1000)),
      'webhook-signature': webhook.sign('msg_2KWPBgLlAfxdpx2AI54pPJ85f4W', time, body),
    })
    const sent = await send('letters', body, headersAt(new Date()))
    expect(sent.status).toBe(202)
    expect(await rouse.ledger.event(sent.body.events?.[0] ?? '')).toMatchObject({ type: 'invoice.paid' })
    expect((await send('letters', body, headersAt(new Date(Date.now() - 5000)))).status).toBe(200)
    expect((await send('letters', flip(body), headersAt(new Date()))).status).toBe(401)
  })

  it('every published payload of GitHub is recorded once, a second sending is a duplicate, a flipped byte is refused', async () => {
    expect(payloads.length).toBeGreaterThan(250)
    const seen = new Map<string, string>()
    for (const [at, { name, example }] of payloads.entries()) {
      const body = JSON.stringify(example)
      const headers = {
        'x-github-event': name,
        'x-github-delivery': `00000000-0000-4000-8000-${String(at).padStart(12, '0')}`,
        'x-hub-signature-256': await signGithub(githubSecret, body),
      }
      // The examples hold a few bodies twice; the same bytes are one occurrence.
      const digest = createHash('sha256').update(body).digest('hex')
      const known = seen.get(digest)
      const first = await send('ci', body, headers)
      expect([name, first.status]).toEqual([name, known === undefined ? 202 : 200])
      const again = await send('ci', body, headers)
      expect(again).toMatchObject({ status: 200, body: { status: 'duplicate', events: first.body.events } })
      // From the hundred-and-twenty-first in a minute on, a peer is told to slow down.
      expect([401, 429]).toContain((await send('ci', flip(body), headers)).status)
      if (known !== undefined) {
        expect(first.body.events).toEqual([known])
        continue
      }
      const id = first.body.events?.[0] ?? ''
      seen.set(digest, id)
      const event = await rouse.ledger.event(id)
      const { action } = example
      expect(event?.type).toBe(typeof action === 'string' ? `${name}.${action}` : name)
      expect(event?.data).toEqual(example)
      const repository = example['repository'] as { full_name?: string } | undefined
      if (repository?.full_name !== undefined) expect(event?.ids['repo']).toBe(repository.full_name)
    }
    const listed = await rouse.ledger.listEvents({ source: 'ci', limit: 1000 })
    expect(listed).toHaveLength(seen.size)
  })
})
