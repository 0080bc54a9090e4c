import { describe, expect, it } from 'vitest'
import { createRemoteKeys, type RemoteKeys } from '../../src/sources/engine/keys.js'
import type { Network } from '../../src/util/fetch.js'
import { FakeClock } from '../support/fake-clock.js'

const clock = new FakeClock()
const host = 'https://keys.example.com'
const requestOf = (path: string) => ({ url: `${host}${path}`, hosts: ['keys.example.com'] })

/** Publishes what stands under /known, and nothing else. */
function keysOf(requested: string[] = []): RemoteKeys {
  const network: Network = {
    request({ url }) {
      requested.push(url)
      const status = url.startsWith(`${host}/known`) ? 200 : 404
      return Promise.resolve({ status, headers: {}, body: Buffer.from(url) })
    },
    close: () => Promise.resolve(),
  }
  return createRemoteKeys({ network, clock })
}

describe('keys that senders publish', () => {
  it('are asked for thirty times a minute at most, each host for itself', async () => {
    const requested: string[] = []
    const keys = keysOf(requested)
    for (let at = 0; at < 40; at++) await keys.load(requestOf(`/known/${at}`)).catch(() => undefined)
    expect(requested).toHaveLength(30)
    const other = { url: 'https://other.example.com/known', hosts: ['other.example.com'] }
    await keys.load(other).catch(() => undefined)
    expect(requested).toHaveLength(31)
    clock.advance(60_001)
    await keys.load(requestOf('/known/39'))
    expect(keys.get(requestOf('/known/39'))).toBe(`${host}/known/39`)
  })

  it('are fetched once, and again when they are too old to be believed', async () => {
    const requested: string[] = []
    const keys = keysOf(requested)
    await keys.load(requestOf('/known'))
    await keys.load(requestOf('/known'))
    expect(requested).toHaveLength(1)
    clock.advance(3_600_000)
    expect(keys.get(requestOf('/known'))).toBeUndefined()
    await keys.load(requestOf('/known'))
    expect(requested).toHaveLength(2)
  })

  it('are not pushed out by many that cannot be had', async () => {
    const keys = keysOf()
    await keys.load(requestOf('/known'))
    for (let at = 0; at < 200; at++) {
      await expect(keys.load(requestOf(`/missing/${at}`))).rejects.toThrow()
      clock.advance(2001)
    }
    expect(keys.get(requestOf('/known'))).toBe(`${host}/known`)
  })

  it('are pushed out by newer ones, the oldest first', async () => {
    const keys = keysOf()
    for (let at = 0; at < 65; at++) {
      await keys.load(requestOf(`/known/${at}`))
      clock.advance(2001)
    }
    expect(keys.get(requestOf('/known/0'))).toBeUndefined()
    expect(keys.get(requestOf('/known/1'))).toBe(`${host}/known/1`)
  })
})

it('are fetched from nowhere but the sender’s own hosts, over plain https', async () => {
  const odd = [
    'http://keys.example.com/known',
    'https://keys.example.com:8443/known',
    'https://keys.example.com@evil.example/known',
    'https://user:pass@keys.example.com/known',
    'https://keys.example.com.evil.example/known',
    'https://evil.example/keys.example.com',
    'https:\\\\keys.example.com\\known',
    'https://keys.example.com\\@evil.example/known',
    'ftp://keys.example.com/known',
    '//keys.example.com/known',
    '',
  ]
  for (const hosts of [['keys.example.com'], /^keys\.example\.com$/]) {
    const requested: string[] = []
    const keys = keysOf(requested)
    for (const url of odd) {
      await expect(keys.load({ url, hosts })).rejects.toMatchObject({ code: 'verification.untrusted_key' })
    }
    expect(requested).toEqual([])
    await keys.load({ url: `${host}/known`, hosts })
    expect(requested).toEqual([`${host}/known`])
  }
})
