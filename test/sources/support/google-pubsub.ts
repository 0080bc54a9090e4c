import { createSign, generateKeyPairSync } from 'node:crypto'
import type { ContractSupport } from '../../contract/source.js'
import { testContext } from '../setting.js'

/** The key with which the recorded tokens were signed; its private half was thrown away. */
const recorded = {
  kty: 'RSA',
  kid: 'google-1',
  e: 'AQAB',
  n: [
    'sKIs834NySzozynNdUsP4unl_3DPztcmVNYUD2nYGTzo_9N8u3zJI0tW7uIPb-gfhFWtIF9q8OE18zf2klFI7qtA1h',
    'sLBXpx7Mx9B6U-Lm_qoHeQ_ugMHIfj16qGZ8ZHyQEV5_IdPW53c4cBlNxSFtSk5nW0UH9maVZTzxN21nYAM5VMVhuO',
    'QlFnm27iYJMLucvUsstJngrfrPfB8Q2vxCtpRRGy9G8QFfi8lcIfKJJIHNiLjVdfB5UEnsHn8sCr2WFN_fUgJ7zYw7',
    '4M5jaDuJj5xuLE2sTWZw3VIT3SWCPMAjNRkWYRSQsCxi30OCVbs2j1cW7pr1aEZzZQCfQf1Q',
  ].join(''),
}

const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const keys = JSON.stringify({ keys: [recorded, { ...publicKey.export({ format: 'jwk' }), kid: 'test' }] })

export const publishedAt = 'https://www.googleapis.com/oauth2/v3/certs'

export const support: ContractSupport = {
  context: {
    ...testContext,
    keys: {
      load: () => Promise.resolve(),
      get: ({ url }) => (url === publishedAt ? keys : undefined),
      close: () => Promise.resolve(),
    },
  },
  sign(_request, now, { options }) {
    const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const signed = [
      encode({ alg: 'RS256', kid: 'test' }),
      encode({
        iss: 'https://accounts.google.com',
        aud: options['audience'],
        email: options['service_account'],
        email_verified: true,
        exp: now / 1000 + 3600,
      }),
    ].join('.')
    const signature = createSign('sha256').update(signed).sign(privateKey, 'base64url')
    return { headers: { authorization: `Bearer ${signed}.${signature}` } }
  },
}
