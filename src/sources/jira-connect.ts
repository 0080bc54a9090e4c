import { z } from 'zod'
import { VerificationError } from '../domain/errors.js'
import { sha256 } from '../util/signature.js'
import { signedUrlField, webhookFields } from './engine/fields.js'
import { requiredHeader } from './engine/headers.js'
import { jiraEvent, jiraRules, jiraSamples } from './engine/jira-events.js'
import { signJwt, timeOf, verifyJwt } from './engine/jwt.js'
import { type Proof, secretAt } from './engine/proof.js'
import { secretField } from './engine/secret.js'
import { defineSender } from './engine/sender.js'
import { jsonObject } from './engine/verified.js'
import type { SourceContext } from './source.js'

/*
 * Jira and Confluence, webhooks of an Atlassian Connect app.
 * https://developer.atlassian.com/cloud/jira/platform/understanding-jwt-for-connect-apps/, read 2026-11-21.
 * Proof: `Authorization: JWT <token>`, HS256 with the shared secret of the installation; its `qsh` is a hash of method,
 * path (from the app's base URL on) and query. The body is not signed: who sees one delivery can send another body with its token until that
 * expires, some minutes later. Atlassian is ending Connect; use kind `jira` where you can.
 * Dedupe: X-Atlassian-Webhook-Identifier, not signed.
 */
const options = z.strictObject({
  secret: secretField(),
  url: signedUrlField,
  ...webhookFields('5MB'),
})

const scheme = 'JWT '
/** A token that lives longer than this is not one of Atlassian's. */
const longestLifeMs = 15 * 60_000

function proof({ secret, url }: z.output<typeof options>, context: SourceContext): Proof {
  const { pathname } = new URL(url ?? context.url)
  return {
    prove(delivery, now, trace) {
      const value = requiredHeader(delivery, 'authorization')
      const token = value.startsWith(scheme) ? value.slice(scheme.length) : ''
      trace?.found('token (authorization)', token.slice(0, 12))
      const keys = secret.map(({ key }) => ({ algorithm: 'HS256' as const, secret: key }))
      const { claims, keyIndex } = verifyJwt(token, keys, now, trace)
      const [begins, ends] = [timeOf(claims, 'iat'), timeOf(claims, 'exp')]
      if (begins === undefined || ends === undefined || !(ends - begins <= longestLifeMs)) {
        throw new VerificationError(
          'verification.malformed_timestamp',
          'the token has no iat and exp a few minutes apart',
        )
      }
      const query = delivery.url.includes('?') ? delivery.url.slice(delivery.url.indexOf('?') + 1) : ''
      if (claims['qsh'] !== queryHash(delivery.method, pathname, query)) {
        throw new VerificationError(
          'verification.signature_mismatch',
          'the token is for another method, path or query',
        )
      }
      return { secretIndex: keyIndex }
    },
    sign({ secretIndex = 0 }, now) {
      const seconds = Math.floor(now / 1000)
      const claims = { iss: 'rouse', iat: seconds, exp: seconds + 180, qsh: queryHash('POST', pathname, '') }
      const token = signJwt(claims, secretAt(secret, secretIndex).key)
      return { headers: { authorization: `${scheme}${token}` } }
    },
  }
}

/** SHA-256 of `METHOD&path&query`, the query's names and values escaped anew and sorted, without `jwt`. */
function queryHash(method: string, path: string, query: string): string {
  const fields = new Map<string, string[]>()
  for (const [name, value] of new URLSearchParams(query)) {
    if (name !== 'jwt') fields.set(escaped(name), [...(fields.get(escaped(name)) ?? []), escaped(value)])
  }
  const canonical = [...fields]
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, values]) => `${name}=${values.sort().join(',')}`)
  return sha256(`${method}&${path}&${canonical.join('&')}`).toString('hex')
}

function escaped(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
}

export const jiraConnect = defineSender({
  kind: 'jira-connect',
  title: 'Jira and Confluence, Connect apps',
  link: 'https://developer.atlassian.com/cloud/jira/platform/understanding-jwt-for-connect-apps/',
  options,
  proof,
  body: jsonObject,
  ids: jiraRules,
  event: jiraEvent,
  headers: ({ id }) => ({
    'user-agent': 'Atlassian Webhook HTTP Client',
    'x-atlassian-webhook-identifier': id,
  }),
  samples: jiraSamples,
})
