import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { addToken, tokensFile } from '../../src/admin/tokens.js'
import { startDaemon } from '../../src/daemon.js'
import { systemClock } from '../../src/util/clock.js'
import { createLogger } from '../../src/util/log.js'
import { sendRaw } from '../support/raw.js'
import { githubSecret, type Rouse, startRouse, writeSetting } from '../support/rouse.js'
import { bytesOf } from './setting.js'

const config = `sources: { ci: { kind: github, secret: "${githubSecret}" } }\n`
const silent = createLogger({ level: 'silent' })

let rouse: Rouse | undefined

afterEach(async () => {
  await rouse?.stop()
  rouse = undefined
})

describe('the daemon', () => {
  it('has both listeners, and none answers for the other (R058)', async () => {
    rouse = await startRouse({ config, admin: '127.0.0.1:0' })
    const { adminUrl = '' } = rouse.daemon
    const token = await addToken(tokensFile(join(rouse.directory, 'rouse.db')), {
      role: 'approve',
      rotate: false,
      now: systemClock.now(),
    })
    const headers = { Authorization: `Bearer ${token}` }
    const get = (url: string, path: string) =>
      sendRaw(url, bytesOf({ path, headers }, new URL(url).host)).then(({ status }) => status)
    for (const path of ['/admin', '/api', '/api/approvals', '/metrics', '/login', '/', '/readyz']) {
      expect(await get(rouse.url, path), path).toBe(404)
    }
    expect(await get(adminUrl, '/hooks/ci')).toBe(404)
    expect(await get(adminUrl, '/api/approvals')).toBe(200)
    expect(await get(adminUrl, '/readyz')).toBe(200)
  })

  it('says that server.admin is taken, and leaves the ledger to the next', async () => {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const { port } = other.address() as AddressInfo
    const directory = await writeSetting({ config, admin: `127.0.0.1:${port}` })
    const options = { configFile: join(directory, 'config.yaml'), environment: {}, log: silent }
    await expect(startDaemon(options)).rejects.toMatchObject({
      code: 'server.address_in_use',
      message: expect.stringMatching(`127.0.0.1:${port}.*server.admin`),
    })
    await new Promise((resolve) => other.close(resolve))
    const daemon = await startDaemon(options)
    expect(daemon.adminUrl).toBe(`http://127.0.0.1:${port}`)
    await daemon.stop()
  })

  it('has no admin listener where it is off', async () => {
    rouse = await startRouse({ config })
    expect(rouse.daemon.adminUrl).toBeUndefined()
  })
})
