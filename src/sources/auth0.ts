import { z } from 'zod'
import type { JsonValue } from '../util/json.js'
import { credentialFields, credentialProof } from './engine/credentials.js'
import { webhookFields } from './engine/fields.js'
import { idRules } from './engine/ids.js'
import { defineSender } from './engine/sender.js'
import { isObject, malformed } from './engine/verified.js'

/*
 * Auth0, log streams to a custom webhook. https://auth0.com/docs/customize/log-streams/custom-log-streams, read
 * 2026-11-21. Nothing is signed: the stream's authorization token, the whole value of `Authorization`, alone speaks.
 * The stream's content format is JSON array, object or lines; each entry is an event.
 * Dedupe: `log_id`.
 */
const options = z.strictObject({ ...credentialFields(''), ...webhookFields('5MB') })

const rules = idRules({
  log: ['[0-9A-Za-z_-]{20,120}', 'log_id', 'data.log_id'],
  client: ['[A-Za-z0-9_-]{32}', 'data.client_id'],
  // Of other connections the second half is what another directory says, which may be an e-mail address.
  user: ['auth0\\|[0-9a-f]{24}|[a-z0-9-]{1,40}\\|[0-9]{1,30}', 'data.user_id'],
})

const newline = 0x0a
const comma = 0x2c

/** Lines of objects as a JSON array; anything else as it is. */
export function linesAsArray(body: Uint8Array): Uint8Array {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  const lines = linesOf(bytes)
  const isLines = lines.length > 1 && lines.every((line) => line.at(0) === 0x7b && line.at(-1) === 0x7d)
  if (!isLines) return body
  const parts = lines.flatMap((line, at) => (at === 0 ? [line] : [Buffer.from([comma]), line]))
  return Buffer.concat([Buffer.from('['), ...parts, Buffer.from(']')])
}

function linesOf(bytes: Buffer): Buffer[] {
  const lines: Buffer[] = []
  let start = 0
  while (start < bytes.length) {
    const found = bytes.indexOf(newline, start)
    const end = found < 0 ? bytes.length : found
    const isReturn = end > start && bytes[end - 1] === 0x0d
    const line = bytes.subarray(start, isReturn ? end - 1 : end)
    if (line.length > 0) lines.push(line)
    start = end + 1
  }
  return lines
}

function entriesOf(body: JsonValue): readonly JsonValue[] | undefined {
  if (Array.isArray(body)) return body
  if (isObject(body)) return undefined
  throw malformed('the body is neither a log entry nor a list of them')
}

const descriptions = {
  fp: 'Wrong email or password.',
  limit_wc: 'User blocked after too many failed logins.',
  s: null,
}

export const auth0 = defineSender({
  kind: 'auth0',
  title: 'Auth0',
  link: 'https://auth0.com/docs/customize/log-streams/custom-log-streams',
  options,
  proof: credentialProof,
  content: linesAsArray,
  items: entriesOf,
  ids: rules,
  event: {
    id: ({ text }) => text('log_id') ?? text('data.log_id'),
    isIdAuthentic: true,
    type: ({ text }) => text('data.type'),
    subject: ({ text }) => text('data.user_id') ?? text('data.client_id'),
    time: ({ text }) => text('data.date'),
  },
  headers: () => ({ 'user-agent': 'auth0-log-streams' }),
  samples: Object.entries(descriptions).map(([type, description]) => ({
    type,
    idPath: '[0].log_id',
    body: [
      {
        log_id: '90020260101000000000000000000000000001223372036854775807',
        data: {
          date: '2026-01-01T00:00:00.000Z',
          type,
          description,
          connection: 'Username-Password-Authentication',
          client_id: 'iHoHTFG1Zg2yVpNKhLK6GlnFp2ZkAvxz',
          client_name: 'Shop',
          ip: '203.0.113.7',
          user_id: 'auth0|6594c2a1f0d3b5e7a9c1d2e3',
          user_name: 'kim@example.com',
        },
      },
    ],
  })),
})
