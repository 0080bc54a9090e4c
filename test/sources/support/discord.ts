import { createPrivateKey, sign } from 'node:crypto'
import type { ContractSupport } from '../../contract/source.js'

/** The private keys of the fixture's public keys, made for it. */
const keys = [
  `-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIHt+hWEiTAErq9v8hF4apIIBxkqmDBBeFXDnPs5UgIX5
-----END PRIVATE KEY-----`,
  `-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIBWHNr2P7B2OqPCIHN1On7vjJ0p9JeyQ/kLUzXNixo/X
-----END PRIVATE KEY-----`,
].map((pem) => createPrivateKey(pem))

export const support: ContractSupport = {
  sign({ body, secretIndex = 0 }, now) {
    const timestamp = String(Math.floor(now / 1000))
    const key = keys[secretIndex]
    if (!key) throw new Error('there is no such key')
    const signature = sign(null, Buffer.concat([Buffer.from(timestamp), body]), key).toString('hex')
    return { headers: { 'x-signature-ed25519': signature, 'x-signature-timestamp': timestamp } }
  },
}
