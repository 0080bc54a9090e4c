import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { Delivery } from '../../src/domain/delivery.js'
import { VerificationError } from '../../src/domain/errors.js'
import { twilio } from '../../src/sources/twilio.js'
import { delivery, openSource } from './setting.js'

const token = 'k9vQ-2mXw-7bTz-4rNd'

/** As Twilio signs `text`, without our code. */
function sent(text: string, request: Partial<Delivery> = {}): Delivery {
  const signature = createHmac('sha1', token).update(text).digest('base64')
  return { ...delivery([['x-twilio-signature', signature]], ''), ...request }
}

function opened(url?: string) {
  return openSource(twilio, { secret: token, ...(url === undefined ? {} : { url }) })
}

const own = 'https://hooks.example.com/hooks/under-test'

describe('twilio', () => {
  it('takes a GET, whose fields stand in the URL, and each is an event of its own', () => {
    const source = opened()
    const made = ['ringing', 'completed'].map((state) => {
      const query = `CallStatus=${state}&CallSid=CA0123456789abcdef0123456789abcdef&a=b+c%26`
      const request = sent(`${own}?${query}`, { method: 'GET', url: `/hooks/under-test?${query}` })
      return source.events(source.verify(request, 0))[0]
    })
    expect(made.map((event) => event?.type)).toEqual(['call.ringing', 'call.completed'])
    expect(made[0]?.data).toEqual({
      CallStatus: 'ringing',
      CallSid: 'CA0123456789abcdef0123456789abcdef',
      a: 'b c&',
    })
    // Their bodies are equally empty, so no digest of a body may make them one.
    expect(made.map((event) => event?.isIdAuthentic)).toEqual([true, true])
    expect(new Set(made.map((event) => event?.sourceEventId)).size).toBe(2)
  })

  it('gives fields that are cut elsewhere under the same signature the id of the first', () => {
    const source = opened()
    const ids = ['CallSid=CA1&Digits=12', 'CallSid=CA1&Digit=s12', 'CallSidCA1Digits=12'].map((form) => {
      const request = sent(`${own}CallSidCA1Digits12`, { body: Buffer.from(form) })
      return source.events(source.verify(request, 0))[0]?.sourceEventId
    })
    expect(new Set(ids).size).toBe(1)
  })

  it('takes a URL as each of Twilio’s services writes it, and no other', () => {
    const query = "Body=It's+amazing&a=%20"
    const request = (text: string) => sent(text, { method: 'GET', url: `/elsewhere?${query}` })
    const source = opened('https://user:pass@mail.example.com/sms?ignored=1')
    const escaped = "Body=It's%20amazing&a=%20"
    for (const url of [
      `https://user:pass@mail.example.com/sms?${query}`,
      `https://user:pass@mail.example.com:443/sms?${query}`,
      `https://user:pass@mail.example.com/sms?${query.replace("'", '%27')}`,
      `https://user:pass@mail.example.com:443/sms?${escaped}`,
    ]) {
      expect(source.verify(request(url), 0).secretIndex).toBe(0)
    }
    for (const url of [
      `https://mail.example.com/sms?${query}`,
      `http://user:pass@mail.example.com/sms?${query}`,
      `https://user:pass@mail.example.com:8443/sms?${query}`,
      `https://user:pass@mail.example.com/elsewhere?${query}`,
      'https://user:pass@mail.example.com/sms',
    ]) {
      expect(() => source.verify(request(url), 0)).toThrow(VerificationError)
    }
  })

  it('tries a port that is registered, and none', () => {
    const source = opened('https://mail.example.com:8443/sms')
    for (const url of ['https://mail.example.com:8443/sms', 'https://mail.example.com/sms'])
      expect(source.verify(sent(`${url}ab`, { body: Buffer.from('a=b') }), 0).secretIndex).toBe(0)
  })

  it('answers TwiML that does nothing, and JSON as it answers all', () => {
    const source = opened()
    const form = source.verify(sent(`${own}ab`, { body: Buffer.from('a=b') }), 0)
    expect(source.reply('recorded', form)).toMatchObject({
      status: 200,
      headers: { 'content-type': 'text/xml' },
    })
    const body = Buffer.from('{"event":"x"}')
    const { headers, query } = source.sign({ body, type: 'x', id: 'x' }, 0)
    const json = { ...delivery(Object.entries(headers), body), url: `/hooks/under-test?${query}` }
    expect(source.reply('recorded', source.verify(json, 0))).toBeUndefined()
  })

  it('makes nothing of a signed request without fields', () => {
    const source = opened()
    expect(() => source.events(source.verify(sent(own), 0))).toThrow('no fields')
  })
})
