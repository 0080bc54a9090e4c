import { createSign } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { checkKeyUrl, type KeyRequest } from '../../../src/sources/engine/keys.js'
import type { SourceContext } from '../../../src/sources/source.js'
import type { ContractSupport } from '../../contract/source.js'
import { readFixtureText, testContext } from '../setting.js'

/** Certificates of this test alone, made with OpenSSL; PayPal's own key is nowhere but there. */
const { leaf, issuer, elsewhere, old, unrelated, key } = JSON.parse(
  readFixtureText('paypal-certificates.json'),
) as Record<'leaf' | 'issuer' | 'elsewhere' | 'old' | 'unrelated' | 'key', string>

const url = 'https://api.paypal.com/v1/notifications/certs/CERT-360caa42-fca2a594'

const missing = '<html>Not found</html>'
const published: Readonly<Record<string, string>> = {
  'CERT-360caa42-fca2a594': leaf + issuer,
  'CERT-alone': leaf,
  'CERT-elsewhere': elsewhere + issuer,
  'CERT-old': old + issuer,
  'CERT-unlinked': leaf + unrelated,
  'CERT-issuer': issuer,
}

/** A context in which every certificate that is asked for is kept in `loaded`. */
export function paypalContext(loaded: KeyRequest[] = []): SourceContext {
  return {
    ...testContext,
    keys: {
      async load(request) {
        checkKeyUrl(request)
        loaded.push(request)
      },
      get: (request) => published[request.url.split('/').at(-1) ?? ''] ?? missing,
      close: () => Promise.resolve(),
    },
  }
}

export const transmission = 'dfb3be50-fd74-11e4-8bf3-77339302725b'

export const support: ContractSupport = {
  context: paypalContext(),
  sign({ body }, now, { options }) {
    const time = `${new Date(now).toISOString().slice(0, 19)}Z`
    const message = `${transmission}|${time}|${options['webhook_id']}|${crc32(body)}`
    return {
      headers: {
        'paypal-transmission-id': transmission,
        'paypal-transmission-time': time,
        'paypal-transmission-sig': createSign('sha256').update(message).sign(key, 'base64'),
        'paypal-auth-algo': 'SHA256withRSA',
        'paypal-cert-url': url,
      },
    }
  },
}
