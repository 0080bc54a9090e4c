import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { clientAddress } from '../../src/http/forwarded.js'
import { openRaw } from '../support/raw.js'
import { githubSecret, type Rouse, startRouse } from '../support/rouse.js'
import { until } from '../support/wait.js'
import { forged, signed } from './signed.js'

const proxies = ['10.0.0.0/8', '192.0.2.7', '2001:db8:1::/48']

function client(peer: string, ...headers: readonly (readonly [string, string])[]): string | undefined {
  return clientAddress(proxies)(peer, headers.flat())
}

const xff = (value: string) => ['X-Forwarded-For', value] as const
const forwarded = (value: string) => ['Forwarded', value] as const

describe('the client’s address', () => {
  it.each([
    '192.0.2.8',
    '11.0.0.1',
    '::1',
    '127.0.0.1',
    '2001:db8:2::1',
    '::ffff:192.0.2.8',
    'fe80::1%eth0',
    '',
  ])('is the peer’s, whatever it says, where the peer is not listed: %j', (peer) => {
    expect(client(peer, xff('203.0.113.9'), forwarded('for=203.0.113.9'))).toBe(peer)
    expect(clientAddress([])(peer, [...xff('203.0.113.9')])).toBe(peer)
  })

  it('is the peer’s where a listed one says nothing', () => {
    expect(client('10.1.2.3')).toBe('10.1.2.3')
    expect(clientAddress(proxies)(undefined, [...xff('203.0.113.9')])).toBeUndefined()
  })

  it.each([
    ['a range', '10.255.255.255'],
    ['an address', '192.0.2.7'],
    ['an IPv6 range', '2001:db8:1:ffff::1'],
    ['an IPv4 address that is mapped', '::ffff:10.1.2.3'],
    ['the same in hexadecimal', '::ffff:a01:203'],
  ])('is what a listed proxy had it from: %s', (_what, peer) => {
    expect(client(peer, xff('203.0.113.9'))).toBe('203.0.113.9')
  })

  it.each([
    ['one', '203.0.113.9', '203.0.113.9'],
    ['what it says of itself is left of it', '198.51.100.1, 203.0.113.9', '203.0.113.9'],
    ['several proxies', '198.51.100.1, 203.0.113.9, 10.9.9.9, 192.0.2.7', '203.0.113.9'],
    ['a listed address in the client’s own words', '10.1.1.1, 203.0.113.9, 10.9.9.9', '203.0.113.9'],
    ['only proxies: the furthest', '10.1.1.1, 10.2.2.2', '10.1.1.1'],
    ['garbage left of it', 'x, ", \0, 203.0.113.9, 10.9.9.9', '203.0.113.9'],
    ['a port', '203.0.113.9:4711, 10.9.9.9:80', '203.0.113.9'],
    ['IPv6', '2001:db8:2::9', '2001:db8:2::9'],
    ['IPv6 in brackets', '[2001:db8:2::9]', '2001:db8:2::9'],
    ['IPv6 in brackets, with a port', '[2001:DB8:2:0::9]:4711', '2001:db8:2::9'],
    ['a mapped address', '::ffff:203.0.113.9, ::ffff:10.9.9.9', '203.0.113.9'],
    ['spaces and none', ' 203.0.113.9 ,10.9.9.9\t', '203.0.113.9'],
  ])('is the rightmost of X-Forwarded-For that is not listed: %s', (_what, value, expected) => {
    expect(client('10.1.2.3', xff(value))).toBe(expected)
  })

  it.each([
    ['one', 'for=203.0.113.9', '203.0.113.9'],
    ['more said of it', 'for=203.0.113.9;proto=https;by=10.1.1.1;host=h', '203.0.113.9'],
    ['in any case and order', 'proto=https; By=10.1.1.1; FOR="203.0.113.9:1"', '203.0.113.9'],
    ['IPv6, as it has to be quoted', 'for="[2001:db8:2::9]:4711"', '2001:db8:2::9'],
    ['several proxies', 'for=198.51.100.1, for=203.0.113.9;by=x, for=10.9.9.9', '203.0.113.9'],
    ['a quote that the client left open', 'for=198.51.100.1;x=", for=203.0.113.9', '203.0.113.9'],
  ])('is the rightmost of Forwarded that is not listed: %s', (_what, value, expected) => {
    expect(client('10.1.2.3', forwarded(value))).toBe(expected)
  })

  it('is read over all headers of one name, as one list', () => {
    expect(
      client('10.1.2.3', xff('198.51.100.1'), ['Via', '1.1 x'], xff('203.0.113.9'), xff('10.9.9.9')),
    ).toBe('203.0.113.9')
  })

  it.each([
    'unknown',
    'localhost',
    '203.0.113.9, ',
    '203.0.113.9,,10.9.9.9',
    '203.0.113.9, x, 10.9.9.9',
    '203.0.113.9 10.9.9.9',
    '203.0.113',
    '203.0.113.256',
    '203.0.113.09',
    '0xcb007109',
    '3405803785',
    '203.0.113.9:',
    '203.0.113.9:x',
    '203.0.113.9:123456',
    '[203.0.113.9]',
    '[2001:db8:2::9',
    '[2001:db8:2::9]x',
    '2001:db8:2::9%eth0',
    ':::1',
    '203.0.113.9, ::10.9.9.9',
    '203.0.113.9/32',
    '"203.0.113.9"',
    '203.0.113.9\0',
    '２０３.0.113.9',
    '',
    'x'.repeat(10_000),
  ])('is the peer’s where the place that is needed holds no address: %j', (value) => {
    expect(client('10.1.2.3', xff(value))).toBe('10.1.2.3')
  })

  it.each([
    '203.0.113.9',
    'for=unknown',
    'for=_hidden',
    'for=',
    'for',
    'proto=https',
    'for=203.0.113.9;for=198.51.100.1',
    'for="203.0.113.9',
    'for="203.0.113.9";x="a,b"',
    'for=203.0.113.9, ',
    'for=203.0.113.9;;proto=https',
    'for=2001:db8:2::9%1',
    'for = 203.0.113.9',
  ])('is the peer’s where Forwarded is malformed: %j', (value) => {
    expect(client('10.1.2.3', forwarded(value))).toBe('10.1.2.3')
  })

  it('is the peer’s where Forwarded and X-Forwarded-For disagree: the proxy may have set only one of them', () => {
    expect(client('10.1.2.3', xff('203.0.113.9'), forwarded('for=198.51.100.1'))).toBe('10.1.2.3')
    expect(client('10.1.2.3', xff('203.0.113.9'), forwarded('for=unknown'))).toBe('10.1.2.3')
    expect(client('10.1.2.3', xff('203.0.113.9'), forwarded('for="203.0.113.9:1"'))).toBe('203.0.113.9')
  })

  it('is found in a chain of a thousand proxies without looking at more than the last', () => {
    expect(client('10.1.2.3', xff(`203.0.113.9${', 10.1.1.1'.repeat(1000)}`))).toBe('10.1.1.1')
  })
})

describe('a delivery behind a proxy', () => {
  let rouse: Rouse

  beforeAll(async () => {
    rouse = await startRouse({
      config: `sources: { ci: { kind: github, secret: "${githubSecret}" } }\n`,
      proxies: ['127.0.0.1', '127.0.0.9'],
    })
  })
  afterAll(() => rouse.stop())

  async function answered(bytes: Buffer, localAddress = '127.0.0.1') {
    const stream = openRaw(rouse.url, bytes, { localAddress })
    await until('the answer', () => stream.statuses().length > 0)
    stream.socket.destroy()
    return { status: stream.statuses()[0], text: stream.text() }
  }

  async function remoteAddress(
    headers: readonly string[],
    localAddress?: string,
  ): Promise<string | undefined> {
    const { text } = await answered(signed({ headers }), localAddress)
    const [, id = ''] = /"(evt_[^"]+)"/.exec(text) ?? []
    const event = await rouse.ledger.event(id)
    const [delivery] = await rouse.ledger.deliveriesOf(event?.id ?? '')
    return delivery?.remoteAddress
  }

  it('stands in the ledger with its sender’s address, and with the peer’s where that is not listed', async () => {
    expect(await remoteAddress(['X-Forwarded-For: 198.51.100.1, 203.0.113.9, 127.0.0.9'])).toBe('203.0.113.9')
    expect(await remoteAddress(['Forwarded: for="[2001:db8::7]:1"'])).toBe('2001:db8::7')
    expect(await remoteAddress(['X-Forwarded-For: 203.0.113.9'], '127.0.0.2')).toBe('127.0.0.2')
  })

  it('that is refused counts for its sender, and not for others behind the same proxy', async () => {
    const from = (address: string) => forged({ headers: [`X-Forwarded-For: ${address}`] })
    for (let at = 0; at < 120; at++) await answered(from('203.0.113.50'))
    expect((await answered(from('203.0.113.50'))).status).toBe(429)
    expect((await answered(from('203.0.113.51'))).status).toBe(401)
    expect((await answered(signed({ headers: ['X-Forwarded-For: 203.0.113.50'] }))).status).toBe(202)
  })
})
