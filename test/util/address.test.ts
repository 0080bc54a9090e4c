import { describe, expect, it } from 'vitest'
import { isAllowedAddress } from '../../src/util/address.js'

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
