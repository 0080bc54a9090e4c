import { generateKeyPairSync, sign } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { type AppError, VerificationError } from '../../src/domain/errors.js'
import type { EventDraft } from '../../src/domain/event.js'
import { signWith } from '../../src/sources/engine/signature-scheme.js'
import { standardScheme } from '../../src/sources/engine/standard-scheme.js'
import { github, githubForm } from '../../src/sources/github.js'
import { gitlab } from '../../src/sources/gitlab.js'
import { sourceKinds } from '../../src/sources/registry.js'
import { slack } from '../../src/sources/slack.js'
import type { SourceKind, WebhookSource } from '../../src/sources/source.js'
import { standardWebhooks } from '../../src/sources/standard-webhooks.js'
import { stripe } from '../../src/sources/stripe.js'
import { zendesk } from '../../src/sources/zendesk.js'
import { delivery, type Headers, openSource } from './setting.js'

const now = 1_767_225_600_000
const secret = 'k9vQ-2mXw-7bTz-4rNd'
const signing = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'

function eventsOf(
  source: WebhookSource,
  body: string | Uint8Array,
  type: string,
  more: Headers = [],
): EventDraft[] {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body
  const signed = {
    ...source.sign({ body: bytes, type, id: 'id-1' }, now).headers,
    ...Object.fromEntries(more),
  }
  return source.events(source.verify(delivery(Object.entries(signed), bytes, now), now))
}

function codeOf(act: () => unknown): string | undefined {
  try {
    act()
    return undefined
  } catch (error) {
    return (error as AppError).code
  }
}

describe('every kind that receives deliveries', () => {
  const kinds: readonly SourceKind[] = Object.values(sourceKinds).filter((kind: SourceKind) => kind.open)

  it('does not load without a secret', () => {
    for (const kind of kinds) {
      expect(kind.options.safeParse({}).success).toBe(false)
      expect(kind.options.safeParse({ secret: '' }).success).toBe(false)
      expect(kind.options.safeParse({ secret: ['', ''] }).success).toBe(false)
    }
  })

  it('refuses keys that it does not know', () => {
    for (const kind of kinds) {
      const issues = kind.options.safeParse({ secret: signing, skip_verification: true }).error?.issues
      expect(issues?.some(({ code }) => code === 'unrecognized_keys')).toBe(true)
    }
  })

  it('has a cap on the body that the file can set', () => {
    expect(openSource(github, { secret }).maxBodyBytes).toBe(25 * 1024 ** 2)
    expect(openSource(stripe, { secret }).maxBodyBytes).toBe(1024 ** 2)
    expect(openSource(stripe, { secret, max_body: '64KB' }).maxBodyBytes).toBe(65_536)
    expect(stripe.options.safeParse({ secret, max_body: '1TB' }).success).toBe(false)
  })

  it('can be told of further ids', () => {
    const source = openSource(stripe, { secret, ids: { order: 'data.object.metadata.order ~ ord_[0-9]+' } })
    const body =
      '{"id":"evt_1","type":"charge.refunded","data":{"object":{"id":"ch_1","metadata":{"order":"ord_7"}}}}'
    expect(eventsOf(source, body, 'charge.refunded')[0]?.ids).toEqual({
      event: 'evt_1',
      charge: 'ch_1',
      order: 'ord_7',
    })
  })
})

describe('github', () => {
  const source = openSource(github, { secret })

  it('reads the form content type, signed over the form', () => {
    const json = Buffer.from('{"action":"opened","issue":{"number":3},"repository":{"full_name":"acme/web"}}')
    const [draft] = eventsOf(source, githubForm(json), 'issues.opened')
    expect(draft).toMatchObject({
      type: 'issues.opened',
      subject: 'acme/web#3',
      data: JSON.parse(json.toString()),
    })
  })

  it('refuses a form with two payloads, a bad escape or broken UTF-8', () => {
    for (const form of [
      'payload={}&payload={}',
      'payload=%7',
      'payload=%zz',
      'payload=%22%FF%22',
      'payload=',
    ]) {
      expect(codeOf(() => eventsOf(source, form, 'push'))).toBe('delivery.malformed')
    }
  })

  it('refuses an event name that the signed body contradicts, or that is none', () => {
    const body = '{"action":"opened","issue":{"number":3},"repository":{"full_name":"acme/web"}}'
    for (const name of ['pull_request', 'workflow_run', 'Issues', '', 'a b']) {
      expect(codeOf(() => eventsOf(source, body, 'x', [['x-github-event', name]]))).toBe('delivery.malformed')
    }
  })

  it('takes no branch, login or title for an id', () => {
    const [draft] = eventsOf(source, JSON.stringify(source.samples[0]?.body), 'workflow_run.completed')
    const values = Object.values(draft?.ids ?? {})
    for (const word of ['changes', 'main', 'CI', 'Codertocat']) expect(values).not.toContain(word)
  })

  it('takes no repository name that would lead a path elsewhere', () => {
    for (const name of ['acme/..', '../web', 'acme/.', 'acme/web/x', 'acme/a b', 'acme/%2e', 'acme']) {
      const body = JSON.stringify({ repository: { full_name: name } })
      expect(eventsOf(source, body, 'public')[0]?.ids['repo']).toBeUndefined()
    }
    for (const name of ['acme/.github', 'acme/web.js', 'a-b_c/...x']) {
      const body = JSON.stringify({ repository: { full_name: name } })
      expect(eventsOf(source, body, 'public')[0]?.ids['repo']).toBe(name === 'a-b_c/...x' ? undefined : name)
    }
  })

  it('has no commit for a deleted branch', () => {
    const body = JSON.stringify({
      ref: 'refs/heads/x',
      after: '0'.repeat(40),
      repository: { full_name: 'acme/web' },
    })
    expect(eventsOf(source, body, 'push')[0]?.ids).toEqual({ repo: 'acme/web' })
  })
})

describe('gitlab', () => {
  const body = '{"object_kind":"push","project":{"id":1}}'
  const both = openSource(gitlab, { secret: signing, token: secret })

  it('wants the signature when a signing secret is configured, and the token too when both are', () => {
    const signed = both.sign({ body: Buffer.from(body), type: 'push', id: 'id-1' }, now).headers
    expect(both.verify(delivery(Object.entries(signed), body), now).secretIndex).toBe(0)
    for (const header of ['webhook-signature', 'webhook-id', 'webhook-timestamp', 'x-gitlab-token']) {
      const without = Object.entries(signed).filter(([name]) => name !== header)
      expect(codeOf(() => both.verify(delivery(without, body), now))).toBe('verification.missing_header')
    }
  })

  it('takes the signature under GitLab’s own header names only, so the id is the signed one', () => {
    const source = openSource(gitlab, { secret: signing })
    const signed = source.sign({ body: Buffer.from(body), type: 'push', id: 'id-1' }, now).headers
    const renamed = Object.entries(signed).map(
      ([name, value]) => [name.replace(/^webhook-/, 'svix-'), value] as const,
    )
    const replayed = [...renamed, ['webhook-id', 'id-2'] as const]
    expect(codeOf(() => source.verify(delivery(replayed, body), now))).toBe('verification.missing_header')
  })

  it('says that it needs a secret or a token', () => {
    expect(gitlab.options.safeParse({}).error?.issues[0]?.message).toContain('needs secret')
  })

  it('takes no merge request of another project', () => {
    const source = openSource(gitlab, { token: secret })
    const note = (target: number) =>
      JSON.stringify({
        object_kind: 'note',
        project: { id: 15 },
        object_attributes: { id: 9, action: 'create' },
        merge_request: { iid: 7, target_project_id: target },
      })
    expect(eventsOf(source, note(15), 'note')[0]?.ids).toEqual({
      project: '15',
      note: '9',
      merge_request: '7',
    })
    expect(eventsOf(source, note(16), 'note')[0]?.ids).toEqual({ project: '15', note: '9' })
  })
})

describe('standard-webhooks', () => {
  it('reads the id that was signed, where both sets of names came', () => {
    const source = openSource(standardWebhooks, { secret: signing })
    const [draft] = eventsOf(source, '{"type":"a"}', 'a', [['svix-id', 'forged']])
    expect(draft?.sourceEventId).toBe('id-1')
  })

  it('cannot have id and time cut elsewhere: an id with a dot is refused though it is rightly signed', () => {
    const source = openSource(standardWebhooks, { secret: signing })
    const key = { text: signing, key: Buffer.from(signing.slice('whsec_'.length), 'base64') }
    const id = 'id-1.1767225600'
    const signed = signWith(standardScheme('webhook', 300_000), key, { body: Buffer.from('{}'), id }, now)
    expect(() => source.verify(delivery(Object.entries(signed), '{}'), now)).toThrow(VerificationError)
  })

  it('takes a public key of v1a and refuses a private one with a sentence', () => {
    const faultOf = (secret: string) =>
      standardWebhooks.options.safeParse({ secret }).error?.issues[0]?.message
    expect(faultOf('whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=')).toBeUndefined()
    expect(
      faultOf(
        'whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==',
      ),
    ).toContain('take the whpk_ key')
    for (const text of [
      'whpk_',
      'whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir',
      `whpk_${'A'.repeat(43)}=`,
    ])
      expect(faultOf(text)).toContain('is not whpk_ and a public key')
  })

  it('believes a shared secret and a public key beside each other, each by its own version only', () => {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519')
    const raw = publicKey.export({ type: 'spki', format: 'der' }).subarray(-32).toString('base64')
    const source = openSource(standardWebhooks, { secret: [`whpk_${raw}`, signing] })
    const body = '{"type":"a"}'
    const v1 = source.sign({ body: Buffer.from(body), type: 'a', id: 'id-1' }, now).headers
    const shared = v1['webhook-signature'] ?? ''
    const made = sign(null, Buffer.from(`id-1.${now / 1000}.${body}`), privateKey).toString('base64')
    const send = (signature: string, at = now) =>
      source.verify(delivery(Object.entries({ ...v1, 'webhook-signature': signature }), body, at), at)
    expect(send(shared).secretIndex).toBe(1)
    expect(send(`v1a,${made}`).secretIndex).toBe(0)
    expect(send(`v1,AAAA ${shared} v1a,AAAA`).secretIndex).toBe(1)
    expect(send(`v1,AAAA v1a,${made}`).secretIndex).toBe(0)
    for (const other of [`v1,${made}`, shared.replace('v1,', 'v1a,'), `v2,${made}`, made, 'v1a,', ''])
      expect(() => send(other)).toThrow(VerificationError)
    expect(codeOf(() => send(`v1a,${made}`, now + 301_000))).toBe('verification.stale_timestamp')
  })
})

describe('slack', () => {
  const source = openSource(slack, { secret })
  const handshakeOf = (body: string) => {
    const signed = source.sign({ body: Buffer.from(body), type: 'x', id: 'x' }, now).headers
    return source.handshake(source.verify(delivery(Object.entries(signed), body, now), now))
  }

  it('gives a challenge back as text, and nothing that could be markup', () => {
    expect(handshakeOf('{"type":"url_verification","challenge":"3eZbrw1aB10"}')).toMatchObject({
      status: 200,
      headers: { 'content-type': 'text/plain', 'x-content-type-options': 'nosniff' },
      body: '3eZbrw1aB10',
    })
    for (const challenge of ['"<script>"', '""', '7', 'null', `"${'a'.repeat(257)}"`]) {
      expect(handshakeOf(`{"type":"url_verification","challenge":${challenge}}`)).toBeUndefined()
    }
    expect(handshakeOf('{"type":"event_callback","challenge":"abc"}')).toBeUndefined()
    expect(handshakeOf('not json')).toBeUndefined()
  })

  it('keeps no proof of the sender in the data of a slash command', () => {
    const form =
      'token=abc&command=%2Fdeploy&text=now+%26+here&channel_id=C123ABC&response_url=https%3A%2F%2Fx&trigger_id=1.2'
    const [draft] = eventsOf(source, form, 'slash_command')
    expect(draft?.data).toEqual({
      command: '/deploy',
      text: 'now & here',
      channel_id: 'C123ABC',
      trigger_id: '1.2',
    })
    expect(draft).toMatchObject({ type: 'slash_command', sourceEventId: '1.2', subject: 'C123ABC' })
  })

  it('cannot have its prototype set by a field of a form', () => {
    const [draft] = eventsOf(source, 'command=%2Fx&__proto__=y', 'slash_command')
    expect(Object.keys(draft?.data ?? {})).toEqual(['command', '__proto__'])
    expect(({} as Record<string, unknown>)['y']).toBeUndefined()
  })

  it('answers 200 with nothing', () => {
    expect(source.reply('recorded')).toEqual({ status: 200, body: '' })
    expect(source.reply('duplicate')).toEqual({ status: 200, body: '' })
  })
})

describe('zendesk', () => {
  const source = openSource(zendesk, { secret })

  it('has no ticket where two places of the body name different ones', () => {
    const idsOf = (body: object) => eventsOf(source, JSON.stringify(body), 'trigger')[0]?.ids
    expect(idsOf({ ticket_id: '7', ticket: { id: 7 } })).toEqual({ ticket: '7' })
    expect(idsOf({ ticket_id: '7', ticket: { id: 99 } })).toEqual({})
    expect(idsOf({ ticket_id: '7', type: 'zen:event-type:ticket.created', detail: { id: '99' } })).toEqual({})
    expect(idsOf({ ticket_id: '7; drop' })).toEqual({})
  })

  it('refuses the same key twice, as a ticket’s words could make in a template', () => {
    const body = '{"ticket_id":"7","title":"x","ticket_id":"99"}'
    expect(codeOf(() => eventsOf(source, body, 'trigger'))).toBe('delivery.malformed')
  })
})

describe('stripe', () => {
  const source = openSource(stripe, { secret })

  it('refuses an event without an id, and one that is no object', () => {
    for (const body of ['{}', '{"id":""}', '{"id":7}', '[]', '"evt"', 'null']) {
      expect(codeOf(() => eventsOf(source, body, 'x'))).toBe('delivery.malformed')
    }
  })

  it('takes an id only where its prefix says what it is', () => {
    const body =
      '{"id":"evt_1","type":"x","data":{"object":{"id":"ch_1","customer":"acct_2","payment_intent":"../x"}}}'
    expect(eventsOf(source, body, 'x')[0]?.ids).toEqual({ event: 'evt_1', charge: 'ch_1' })
  })
})
