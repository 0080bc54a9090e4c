import { custom } from './custom.js'
import { github } from './github.js'
import { gitlab } from './gitlab.js'
import { poll } from './poll.js'
import { schedule } from './schedule.js'
import { slack } from './slack.js'
import type { SourceKind } from './source.js'
import { standardWebhooks } from './standard-webhooks.js'
import { stripe } from './stripe.js'
import { zendesk } from './zendesk.js'

/** Every kind of source, by the name that `kind:` has in `config.yaml`. */
export const sourceKinds = {
  github,
  gitlab,
  stripe,
  zendesk,
  slack,
  'standard-webhooks': standardWebhooks,
  custom,
  poll,
  schedule,
} as const satisfies Readonly<Record<string, SourceKind>>
