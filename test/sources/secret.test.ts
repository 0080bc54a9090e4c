import { describe, expect, it } from 'vitest'
import { isPlaceholder, secretField } from '../../src/sources/engine/secret.js'

function messages(given: unknown, field = secretField()): string[] {
  const parsed = field.safeParse(given)
  return parsed.success ? [] : parsed.error.issues.map(({ message }) => message)
}

const good = 'k9vQ-2mXw-7bTz-4rNd'

describe('secretField', () => {
  it('takes one secret or a list, in order', () => {
    expect(
      secretField()
        .parse(good)
        .map(({ text }) => text),
    ).toEqual([good])
    expect(
      secretField()
        .parse([good, `${good}2`])
        .map(({ text }) => text),
    ).toEqual([good, `${good}2`])
  })

  it('drops empty entries of a list, but wants one secret to remain', () => {
    expect(
      secretField()
        .parse([good, ''])
        .map(({ text }) => text),
    ).toEqual([good])
    expect(
      secretField()
        .parse(['', good])
        .map(({ text }) => text),
    ).toEqual([good])
    expect(messages(['', ''])).toEqual(['all secrets of the list are empty; one must be set'])
    expect(messages('')).toEqual(['the secret is empty; set it to what the sender shows'])
    expect(messages([])).not.toEqual([])
  })

  it('takes one line break off the end, and refuses other white space around', () => {
    expect(secretField().parse(`${good}\n`)[0]?.text).toBe(good)
    expect(secretField().parse(`${good}\r\n`)[0]?.text).toBe(good)
    for (const text of [`${good}\n\n`, ` ${good}`, `${good}\t`]) {
      expect(messages(text)).toEqual(['the secret begins or ends with white space; take it off'])
    }
  })

  it('refuses placeholders in words that say what to do', () => {
    const placeholders = [
      'changeme',
      'change-me',
      '****************',
      'xxxxxxxxxxxxxxxxxxxx',
      'secret',
      'password',
      'test',
      'your-webhook-secret-here',
      'YOUR_WEBHOOK_SECRET',
      'whsec_',
      'whsec_xxxxxxxxxxxxxxxxxxxxxxxx',
      'whsec_test_secret',
      '<your webhook secret>',
      '{GITHUB_WEBHOOK_SECRET}',
      'abcabcabcabcabcabcabc',
      'secretsecretsecretsecret',
      '0000000000000000',
      '--------------------',
    ]
    for (const text of placeholders) expect([text, isPlaceholder(text)]).toEqual([text, true])
    expect(messages('your-webhook-secret-here')).toEqual([
      'the secret is a placeholder; set it to what the sender shows',
    ])
  })

  it('takes what generators make', () => {
    const real = [
      "It's a Secret to Everybody",
      '8f742231b10e8888abcd99yyyzzz85a5',
      'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
      'b3ce1e7a-9bd1-4f0c-8f3e-6a1b2c3d4e5f',
      'correct horse battery staple',
      'ключ-от-склада-и-ещё-слово',
      '8c1f0a9be2d74c356b0d9e2f417a83c5',
    ]
    for (const text of real) expect(messages(text)).toEqual([])
  })

  it('counts the bytes of the key, not of what it is written in', () => {
    expect(messages('k9vQ-2mXw-7bTz-')).toEqual(['the secret has 15 bytes; it needs 16 or more'])
    const hex = secretField({ encoding: 'hex' })
    expect(messages('0123456789abcdef', hex)).toEqual(['the secret has 8 bytes; it needs 16 or more'])
    expect(hex.parse('8C1F0A9BE2D74C356b0d9e2f417a83c5')[0]?.key).toHaveLength(16)
    const stripe = secretField({ knownPrefix: 'whsec_' })
    expect(messages('whsec_k9vQ2mXw7b', stripe)).toEqual(['the secret has 10 bytes; it needs 16 or more'])
  })

  it('refuses an encoding that is not canonical', () => {
    expect(messages('0123456789abcdefg123456789abcdef', secretField({ encoding: 'hex' }))).toEqual([
      'the secret is not hex',
    ])
    const base64 = secretField({ encoding: 'base64', stripPrefix: 'whsec_' })
    expect(messages('whsec_MfKQ9r8GKYqrTwjU!!!!PD8ILPZIo2LaLaSw', base64)).toEqual([
      'the secret is not base64 after "whsec_"',
    ])
    expect(base64.parse('MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw')[0]?.key).toHaveLength(24)
    expect(base64.parse('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw')[0]?.key).toHaveLength(24)
  })

  it('never shows the secret in a message', () => {
    for (const text of ['k9vQ-2mXw', ' k9vQ-2mXw-7bTz-4rNd', 'k9vQ-2mXw-changeme-\u0000']) {
      for (const field of [secretField(), secretField({ encoding: 'hex' }), secretField({ isToken: true })]) {
        expect(messages(text, field).join()).not.toContain('k9vQ')
      }
    }
  })

  it('refuses a token that a header cannot carry', () => {
    expect(messages('k9vQ 2mXw 7bTz 4rNd', secretField({ isToken: true }))).toEqual([
      'the secret has a character that a header cannot carry',
    ])
  })
})
