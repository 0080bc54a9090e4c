import { createPrivateKey, sign } from 'node:crypto'
import type { ContractSupport } from '../../contract/source.js'

/** The private keys of the fixture's public keys, made for it. */
const keys = [
  `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgcirfth+DL9RNWkMb
/s06Eo0VuyTLz58G8C+FeVo/GmKhRANCAARtBLX7AxRqsg0SWo8YknyI7JRMp8hO
vYmC4fzWFbfKbKv14z62/ZUHpYQ48q2xkj4nxBD9Xpo3HDau+41erwGO
-----END PRIVATE KEY-----`,
  `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgag2TjtY3D3CC7Nft
UpWpE0abRhIiCFXIyuvq1qs5fVShRANCAARNk92FhIssTzzV9SDagCcuGMq4odQQ
6amPhVajsnsPpDExpwhG4+dXEWUxYaiCGJ/HbxS7mRtvvbAiU1ySUhHc
-----END PRIVATE KEY-----`,
].map((pem) => createPrivateKey(pem))

export const support: ContractSupport = {
  sign({ body, secretIndex = 0 }, now) {
    const timestamp = String(Math.floor(now / 1000))
    const key = keys[secretIndex]
    if (!key) throw new Error('there is no such key')
    const signature = sign('sha256', Buffer.concat([Buffer.from(timestamp), body]), key).toString('base64')
    return {
      headers: {
        'x-twilio-email-event-webhook-signature': signature,
        'x-twilio-email-event-webhook-timestamp': timestamp,
      },
    }
  },
}
