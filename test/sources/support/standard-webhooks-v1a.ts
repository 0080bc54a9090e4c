import { createPrivateKey, sign } from 'node:crypto'
import type { ContractSupport } from '../../contract/source.js'

/** The private keys of the fixture's public keys, made for it. */
const keys = [
  `-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEICpXp0d/vwPcDphluw0ytWI+oCiz4DpHi6ezGC5AOM7U
-----END PRIVATE KEY-----`,
  `-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIKZKG+mk+j5nwgrUDfzQxuOb/NT2Er1VXh6MosaOEB3S
-----END PRIVATE KEY-----`,
].map((pem) => createPrivateKey(pem))

export const support: ContractSupport = {
  sign({ body, id, secretIndex = 0 }, now) {
    const key = keys[secretIndex]
    if (!key) throw new Error('there is no such key')
    const timestamp = String(Math.floor(now / 1000))
    const signed = Buffer.concat([Buffer.from(`${id}.${timestamp}.`), body])
    return {
      headers: {
        'webhook-id': id,
        'webhook-timestamp': timestamp,
        'webhook-signature': `v1a,${sign(null, signed, key).toString('base64')}`,
      },
    }
  },
}
