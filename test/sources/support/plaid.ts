import { createHash, createPrivateKey, generateKeyPairSync, sign } from 'node:crypto'
import { checkKeyUrl, type KeyRequest } from '../../../src/sources/engine/keys.js'
import type { SourceContext } from '../../../src/sources/source.js'
import type { ContractSupport } from '../../contract/source.js'
import { testContext } from '../setting.js'

/** A key of this test alone; Plaid's own is nowhere but there. */
const privateKey = createPrivateKey(`-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgWKH0SzaW+bNNJlDj
w4AI0/JMeiTacgK/IHOQegzmgIqhRANCAATaEqUHR67Z2U8PktcWGbeERW/ovqz+
LzRUHy1JtN9CMNO6IL6vtlG5nbDevy4MhWp25HJcNsUJ5dEBTiPIjE22
-----END PRIVATE KEY-----
`)
const used = 'bfbd5111-8e33-4643-8ced-b2e642a72f3c'
const ended = '6c5516e1-92dc-479e-a8ff-5a51992e0001'
const jwk = {
  kty: 'EC',
  crv: 'P-256',
  x: '2hKlB0eu2dlPD5LXFhm3hEVv6L6s_i80VB8tSbTfQjA',
  y: '07ogvq-2UbmdsN6_LgyFanbkclw2xQnl0QFOI8iMTbY',
}
const another = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' })

/** What Plaid answers: its sandbox has other keys. */
function answerTo({ url, ask }: KeyRequest): string {
  const { key_id: kid } = JSON.parse(ask?.body ?? '{}') as { key_id?: string }
  const key = url.includes('production') ? jwk : another
  const expired_at = kid === ended ? 1_767_000_000 : null
  return JSON.stringify({
    key: { ...key, kid, alg: 'ES256', use: 'sig', created_at: 1_700_000_000, expired_at },
  })
}

/** A context in which what is asked for is kept in `asked`. */
export function plaidContext(asked: KeyRequest[] = []): SourceContext {
  return {
    ...testContext,
    keys: {
      async load(request) {
        checkKeyUrl(request)
        asked.push(request)
      },
      get: answerTo,
      close: () => Promise.resolve(),
    },
  }
}

function base64url(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

export const support: ContractSupport = {
  context: plaidContext(),
  sign({ body }, now) {
    const claims = {
      iat: Math.floor(now / 1000),
      request_body_sha256: createHash('sha256').update(body).digest('hex'),
    }
    const signed = `${base64url({ alg: 'ES256', kid: used, typ: 'JWT' })}.${base64url(claims)}`
    const signature = sign('sha256', Buffer.from(signed), { key: privateKey, dsaEncoding: 'ieee-p1363' })
    return { headers: { 'plaid-verification': `${signed}.${signature.toString('base64url')}` } }
  },
}
