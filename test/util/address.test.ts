import { describe, expect, it } from 'vitest'
import { isAllowedAddress, isInRange, parseAddress, parseRange } from '../../src/util/address.js'

const publicAddresses = [
  '1.1.1.1',
  '140.82.121.6',
  '172.32.0.1',
  '100.128.0.1',
  '2606:4700::1111',
  '2a00:1450:4001::1',
]
const privateAddresses = [
  '127.0.0.1',
  '10.0.0.5',
  '172.16.0.1',
  '192.168.1.1',
  '100.64.0.1',
  '::1',
  'fd00::1',
  '::ffff:127.0.0.1',
  '::ffff:7f00:1',
]
const neverAllowed = {
  unspecified: ['0.0.0.0', '0.1.2.3', '::', '::ffff:0.0.0.0'],
  'link-local and cloud metadata': [
    '169.254.169.254',
    'fe80::1',
    '::ffff:a9fe:a9fe',
    'fd00:ec2::254',
    '168.63.129.16',
  ],
  'multicast and broadcast': ['224.0.0.1', '255.255.255.255', 'ff02::1'],
  reserved: [
    '192.0.0.192',
    '192.0.2.1',
    '198.18.0.1',
    '203.0.113.9',
    '240.0.0.1',
    '2001:db8::1',
    '3fff::1',
    '100::1',
    'fec0::1',
  ],
  'IPv6 that carries IPv4': [
    '::7f00:1',
    '::8.8.8.8',
    '64:ff9b::7f00:1',
    '64:ff9b::808:808',
    '64:ff9b:1::1',
    '2002:7f00:1::',
    '2001:0:1::1',
    '::ffff:0:7f00:1',
  ],
  'space that nobody was given': ['4000::1', '8000::1', '1::1', '5f00::1'],
  'no address': ['', 'localhost', '127.0.0.1:80', '1.2.3.4/8', 'fe80::1%eth0'],
}

describe('isAllowedAddress', () => {
  it.each(publicAddresses)('lets %s through under either rule', (address) => {
    expect([isAllowedAddress(address, false), isAllowedAddress(address, true)]).toEqual([true, true])
  })

  it.each(privateAddresses)('lets %s through only where a private host is listed', (address) => {
    expect([isAllowedAddress(address, false), isAllowedAddress(address, true)]).toEqual([false, true])
  })

  it.each(Object.entries(neverAllowed))('never lets through: %s', (_name, addresses) => {
    const passed = addresses.filter(
      (address) => isAllowedAddress(address, false) || isAllowedAddress(address, true),
    )
    expect(passed).toEqual([])
  })

  it('refuses a public address that is wrapped in a mapped one', () => {
    expect(isAllowedAddress('::ffff:8.8.8.8', false)).toBe(false)
  })
})

describe('a range', () => {
  const inside = (range: string, address: string) => {
    const [parsed, found] = [parseRange(range), parseAddress(address)]
    if (!parsed || !found) throw new Error('not read')
    return isInRange(found, parsed)
  }

  it.each([
    ['192.0.2.7', '192.0.2.7', '192.0.2.8'],
    ['10.0.0.0/8', '10.255.255.255', '11.0.0.0'],
    ['10.1.2.3/8', '10.255.255.255', '11.0.0.0'],
    ['192.0.2.128/25', '192.0.2.128', '192.0.2.127'],
    ['10.0.0.0/31', '10.0.0.1', '10.0.0.2'],
    ['10.0.0.0/8', '::ffff:10.1.2.3', '::a01:203'],
    ['::ffff:10.1.2.3', '10.1.2.3', '10.1.2.4'],
    ['2001:db8::/33', '2001:db8:7fff::1', '2001:db8:8000::1'],
    ['::1', '0:0:0:0:0:0:0:1', '::2'],
    ['0.0.0.0/0', '203.0.113.9', '2001:db8::1'],
    ['::/0', '2001:db8::1', '203.0.113.9'],
  ])('%s holds %s and not %s', (range, held, other) => {
    expect([inside(range, held), inside(range, other)]).toEqual([true, false])
  })

  it.each([
    ...[
      '',
      '/',
      '/8',
      '10.0.0.0/',
      '10.0.0.0/33',
      '10.0.0.0/-1',
      '10.0.0.0/8.0',
      '10.0.0.0/ 8',
      '10.0.0.0/0x8',
    ],
    ...[
      '10.0.0',
      '10/8',
      '010.0.0.0/8',
      '0xa000000',
      '167772160',
      '10.0.0.0:80',
      '[::1]',
      '::1%lo',
      'localhost',
    ],
    ...['::/129', '::ffff:10.0.0.0/104', '::10.0.0.0', ' 10.0.0.0', '10.0.0.0 ', '10.0.0.0/8/8', '1０.0.0.0'],
  ])('is none: %j', (text) => {
    expect(parseRange(text)).toBeUndefined()
  })
})
