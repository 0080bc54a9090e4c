import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { AppError } from '../../src/domain/errors.js'
import { asana } from '../../src/sources/asana.js'
import { notion } from '../../src/sources/notion.js'
import { delivery, type Headers, openSource, testContext } from './setting.js'

const registration = 'q7Xw-3vBn-registration'
const handed = 'b537207f20cbfa02357cf448134da559e8bd39d61597dcd5631b8012eae53e81'
const options = { secret_file: './secrets/tasks', registration }
const url = `/hooks/under-test?registration=${registration}`

/** A source whose secrets are kept in memory. */
function open(kind: typeof asana) {
  const kept: string[] = []
  const context = {
    ...testContext,
    secretFile: () => ({ read: () => kept, add: (secret: string) => void kept.push(secret) }),
  }
  return { source: openSource(kind, options, context), kept }
}

const sent = (headers: Headers, body: string, at = url) => ({ ...delivery(headers, body), url: at })
const signedBy = (secret: string, body: string, header: string, prefix = ''): Headers => [
  [header, prefix + createHmac('sha256', secret).update(body).digest('hex')],
]

function codeOf(act: () => unknown): string | undefined {
  try {
    act()
    return undefined
  } catch (error) {
    return (error as AppError).code
  }
}

const firsts = [
  ['asana', asana, (secret: string) => sent([['x-hook-secret', secret]], '{}'), ['x-hook-signature', '']],
  [
    'notion',
    notion,
    (secret: string) => sent([], `{"verification_token":"${secret}"}`),
    ['x-notion-signature', 'sha256='],
  ],
] as const

describe.each(firsts)('a secret that %s hands over', (name, kind, first, [header, prefix]) => {
  it('is kept and used from then on, and nothing verifies before', () => {
    const { source, kept } = open(kind)
    const body = '{"id":"1","events":[{}]}'
    const event = sent(signedBy(handed, body, header, prefix), body)
    expect(codeOf(() => source.verify(event, 0))).toBe('verification.signature_mismatch')
    const reply = source.greet(first(handed), 0)
    expect(reply?.status).toBe(200)
    expect(reply?.headers?.['x-hook-secret']).toBe(name === 'asana' ? handed : undefined)
    expect(reply?.body).toBe('')
    expect(kept).toEqual([handed])
    expect(source.verify(event, 0).secretIndex).toBe(0)
  })

  it('is not taken without the token of the registered URL, whatever is known already', () => {
    const { source, kept } = open(kind)
    for (const at of [
      '/hooks/under-test',
      '/hooks/under-test?registration=',
      `/hooks/under-test?registration=${registration}x`,
      `${url}&registration=${registration}`,
    ]) {
      expect(codeOf(() => source.greet({ ...first(handed), url: at }, 0))).toBe(
        'verification.bad_credentials',
      )
    }
    expect(kept).toEqual([])
  })

  it('is not taken where it is no secret', () => {
    const { source, kept } = open(kind)
    for (const odd of [
      '',
      'short',
      'a'.repeat(257),
      'with spaces in the middle of it',
      '../../../etc/passwd-or-so',
    ]) {
      expect(codeOf(() => source.greet(first(odd), 0))).toBe('verification.bad_credentials')
    }
    expect(kept).toEqual([])
  })

  it('needs the place to keep it and the token, or a secret that is known', () => {
    expect(kind.options.safeParse({}).success).toBe(false)
    expect(kind.options.safeParse({ secret_file: 'x' }).success).toBe(false)
    expect(kind.options.safeParse({ registration }).success).toBe(false)
    expect(kind.options.safeParse({ secret: handed }).success).toBe(true)
  })
})

it('a Notion body that has a token later is a body like any other', () => {
  const { source, kept } = open(notion)
  kept.push(handed)
  const body = '{"verification_token":"secret_of_an_attacker_1234","id":"1","type":"page.created"}'
  expect(source.greet(sent([], body, '/hooks/under-test'), 0)).toBeUndefined()
  expect(codeOf(() => source.verify(sent([], body), 0))).toBe('verification.missing_header')
  const signed = sent(signedBy(handed, body, 'x-notion-signature', 'sha256='), body)
  expect(source.events(source.verify(signed, 0))[0]?.type).toBe('page.created')
  expect(kept).toEqual([handed])
})
