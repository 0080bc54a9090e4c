import { z } from 'zod'
import type { Ids } from '../../domain/event.js'
import type { Sample, SourceKind } from '../source.js'
import { toleranceField, webhookFields } from './fields.js'
import type { IdRule } from './ids.js'
import type { Reading } from './reading.js'
import { defineSender } from './sender.js'
import { namesOf, standardProof, standardSecretField } from './standard-scheme.js'
import { jsonObject } from './verified.js'

/** A sender that follows Standard Webhooks, itself or by Svix: what is its own. */
export interface StandardSender {
  readonly kind: string
  readonly title: string
  readonly link: string
  readonly agent: string
  readonly ids: readonly IdRule[]
  refineIds?(reading: Reading): Ids
  readonly moreIdNames?: readonly string[]
  subject(reading: Reading): string | undefined
  /** The time of the attempt where it gives none. */
  time(reading: Reading): string | undefined
  readonly samples: readonly Sample[]
}

const options = z.strictObject({
  secret: standardSecretField,
  tolerance: toleranceField,
  ...webhookFields('1MB'),
})

/** Signed are id, time and body. The id in the header is the same on each retry; the type is `type` of the body. */
export function defineStandardSender({ agent, subject, time, ...sender }: StandardSender): SourceKind {
  return defineSender({
    ...sender,
    options,
    proof: ({ secret, tolerance }) => standardProof(secret, tolerance),
    body: jsonObject,
    event: {
      id: ({ delivery, header }) => header(`${namesOf(delivery)}-id`),
      isIdAuthentic: true, // it is part of what is signed
      type: ({ text }) => text('type'),
      subject,
      time: (reading) => time(reading) ?? reading.header(`${namesOf(reading.delivery)}-timestamp`),
    },
    headers: () => ({ 'user-agent': agent }),
  })
}
