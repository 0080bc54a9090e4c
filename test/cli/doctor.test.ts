import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { compareClocks } from '../../src/cli/doctor/clock.js'
import { loadConfig } from '../../src/config/load.js'
import { sourceKinds } from '../../src/sources/registry.js'
import { doubtfulFileSystem } from '../../src/store/place.js'
import { FakeClock } from '../support/fake-clock.js'
import { writeSetting } from '../support/rouse.js'

const time = Date.parse('2026-11-21T07:00:00Z')
const server = createServer((_incoming, outgoing) => {
  outgoing.sendDate = false
  outgoing.writeHead(404, { date: new Date(time).toUTCString() }).end()
})
let origin: string

beforeEach(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterEach(() => new Promise((resolve) => server.close(resolve)))

it.each([
  [-600_000, 'fail', '600 s behind'],
  [600_000, 'fail', '600 s ahead of'],
  [2000, 'ok', 'within 2 s'],
])('finds a clock that is %i ms off by what others answer', async (offMs, state, said) => {
  const directory = await writeSetting({
    config: '',
    models: `default: { base_url: "${origin}/v1", model: m }`,
  })
  const kinds = Object.values(sourceKinds)
  const config = await loadConfig({ file: `${directory}/config.yaml`, environment: {}, kinds })
  const [finding] = await compareClocks(config, new FakeClock(time + offMs))
  expect(finding?.state).toBe(state)
  expect(finding?.text).toContain(said)
})

it('knows the file systems that a ledger should not lie on, and lets the local ones be', () => {
  expect([0x6969, 0xff534d42, 0x01021997, 0x65735546, 0x794c7630].map(doubtfulFileSystem)).toEqual([
    'NFS',
    'CIFS',
    '9p',
    'FUSE',
    'overlay',
  ])
  const local = [0xef53, 0x58465342, 0x9123683e, 0x01021994]
  expect(local.map(doubtfulFileSystem)).toEqual([undefined, undefined, undefined, undefined])
})
