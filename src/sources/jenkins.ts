import { z } from 'zod'
import { userField } from './engine/credentials.js'
import { headerField, webhookFields } from './engine/fields.js'
import { idRules } from './engine/ids.js'
import { basicProof, type Proof, tokenProof } from './engine/proof.js'
import { joined, type Reading } from './engine/reading.js'
import { secretField } from './engine/secret.js'
import { defineSender } from './engine/sender.js'
import { jsonObject } from './engine/verified.js'
import type { Sample } from './source.js'

/*
 * Jenkins, by its Notification plugin. https://plugins.jenkins.io/notification, read 2026-11-21. Jenkins itself sends
 * nothing, and none of its plugins signs: the secret stands in the URL (`?token=…`), in a header for plugins that can
 * set one, or is the password of basic credentials. It says who sends, not what.
 * Dedupe: the build's address, its phase and the time of the phase; a job that is deleted and made again counts its
 * builds from 1 again. Where one is missing, the digest of the body. Sent again only where the
 * endpoint's retries say so.
 * Other plugins' bodies are taken too; what they lack is left out.
 */
const options = z
  .strictObject({
    secret: secretField({ isToken: true }),
    header: headerField.optional().describe('The header of the token, where the plugin can set one.'),
    user: userField.optional(),
    ...webhookFields('5MB'),
  })
  .refine(({ header, user }) => header === undefined || user === undefined, {
    error: 'has header and user: the secret is sent in one way only',
  })

function proof({ secret, header, user }: z.output<typeof options>): Proof {
  if (user !== undefined) return basicProof(user, secret)
  return tokenProof(header === undefined ? { query: 'token' } : { header }, secret)
}

const number = '[1-9][0-9]{0,19}'
const rules = idRules({
  build: [number, 'build.number'],
  queue: [number, 'build.queue_id'],
  sha: ['[0-9a-f]{40}', 'build.scm.commit'],
})

/** `build.queued`, `build.started`, `build.completed`, `build.finalized`. */
function typeOf({ text }: Reading): string {
  const phase = text('build.phase')?.toLowerCase()
  return phase !== undefined && /^[a-z_]{1,40}$/.test(phase) ? `build.${phase}` : 'build'
}

const sample: Sample = {
  type: 'build.finalized',
  idPath: 'build.timestamp',
  body: {
    name: 'web',
    display_name: 'web',
    url: 'job/web/',
    build: {
      full_url: 'https://jenkins.example.com/job/web/18/',
      number: 18,
      queue_id: 204,
      phase: 'FINALIZED',
      status: 'FAILURE',
      timestamp: 1767225600000,
      duration: 240000,
      url: 'job/web/18/',
      scm: {
        url: 'https://git.example.com/acme/web.git',
        branch: 'origin/main',
        commit: 'c6d86dc654b12425e706bcf951adfe5a8627a517',
      },
      log: '',
      artifacts: {},
    },
  },
}

export const jenkins = defineSender({
  kind: 'jenkins',
  title: 'Jenkins',
  link: 'https://plugins.jenkins.io/notification',
  options,
  proof,
  body: jsonObject,
  ids: rules,
  event: {
    id: ({ text }) => joined(' ', text('build.full_url'), text('build.phase'), text('build.timestamp')),
    isIdAuthentic: true,
    type: typeOf,
    subject: ({ text }) => text('build.full_url') ?? text('name'),
    time: ({ text }) => text('build.timestamp'),
  },
  headers: () => ({ 'content-type': 'application/json;charset=UTF-8', 'user-agent': 'Java/17.0.12' }),
  samples: [sample],
})
