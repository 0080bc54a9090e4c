import { describe, expect, it } from 'vitest'
import { headerValues, shownHeaders, shownUrl } from '../../src/domain/delivery.js'

const headers = [
  'X-Sig',
  'a',
  'Content-Type',
  'application/json',
  'x-sig',
  'b',
  'X-SIG',
  '',
  'X-Sig-Other',
  'c',
]

describe('headerValues', () => {
  it('are all values of the name, in order, whatever its case', () => {
    expect(headerValues(headers, 'x-sig')).toEqual(['a', 'b', ''])
    expect(headerValues(headers, 'X-Sig')).toEqual(['a', 'b', ''])
    expect(headerValues(headers, 'content-type')).toEqual(['application/json'])
    expect(headerValues(headers, 'x-si')).toEqual([])
    expect(headerValues([], 'x-sig')).toEqual([])
  })

  it('never takes a value for a name', () => {
    expect(headerValues(['a', 'x-sig', 'x-sig', 'v'], 'x-sig')).toEqual(['v'])
  })

  it('overlooks a name without a value', () => {
    expect(headerValues(['x-sig', 'a', 'x-sig'], 'x-sig')).toEqual(['a'])
  })
})

describe('shownHeaders', () => {
  it.each([
    'Authorization',
    'Proxy-Authorization',
    'Cookie',
    'X-Hub-Signature-256',
    'Stripe-Signature',
    'webhook-signature',
    'X-Gitlab-Token',
    'X-Webhook-Secret',
    'X-API-Key',
    'Apikey',
    'X-Shopify-Hmac-Sha256',
  ])('leave out %s, each time', (name) => {
    expect(shownHeaders([name, 'v', 'X-Other', 'w'])).toEqual([['X-Other', 'w']])
    expect(shownHeaders([name.toUpperCase(), 'v', name, 'v', 'X-Other', 'w'])).toEqual([['X-Other', 'w']])
  })

  it('are the others in order, with duplicates', () => {
    expect(shownHeaders(['X-A', '1', 'x-a', '2', 'Content-Length', '3'])).toEqual([
      ['X-A', '1'],
      ['x-a', '2'],
      ['Content-Length', '3'],
    ])
  })

  it('still leave secrets out after any number of names was seen', () => {
    for (let at = 0; at < 2000; at++) shownHeaders([`X-Name-${at}`, 'v'])
    expect(shownHeaders(['X-New-Token', 'v', 'X-Brand-New', 'w'])).toEqual([['X-Brand-New', 'w']])
  })
})

describe('shownUrl', () => {
  it('leaves out what is secret in a query, and nothing else', () => {
    expect(shownUrl('/hooks/a?token=v&x=1')).toBe('/hooks/a?token=&x=1')
    expect(shownUrl('/hooks/a?x=1&access_token=a=b&access_token=c')).toBe(
      '/hooks/a?x=1&access_token=&access_token=',
    )
    expect(shownUrl('/hooks/a?%74oken=v&Signature=v&api-key=v')).toBe('/hooks/a?%74oken=&Signature=&api-key=')
    for (const url of ['/hooks/a', '/hooks/token', '/hooks/a?', '/hooks/a?%zz=1&&y', '/hooks/a?x=token']) {
      expect(shownUrl(url)).toBe(url)
    }
  })
})
