import { alertmanager } from './alertmanager.js'
import { auth0 } from './auth0.js'
import { custom } from './custom.js'
import { datadog } from './datadog.js'
import { github } from './github.js'
import { gitlab } from './gitlab.js'
import { grafana } from './grafana.js'
import { line } from './line.js'
import { mailersend } from './mailersend.js'
import { okta } from './okta.js'
import { opsgenie } from './opsgenie.js'
import { pagerduty } from './pagerduty.js'
import { poll } from './poll.js'
import { postmark } from './postmark.js'
import { schedule } from './schedule.js'
import { sentry } from './sentry.js'
import { slack } from './slack.js'
import type { SourceKind } from './source.js'
import { standardWebhooks } from './standard-webhooks.js'
import { stripe } from './stripe.js'
import { telegram } from './telegram.js'
import { workos } from './workos.js'
import { zendesk } from './zendesk.js'
import { zoom } from './zoom.js'

/** Every kind of source, by the name that `kind:` has in `config.yaml`. */
export const sourceKinds = {
  alertmanager,
  auth0,
  datadog,
  github,
  gitlab,
  grafana,
  line,
  mailersend,
  okta,
  opsgenie,
  pagerduty,
  postmark,
  sentry,
  stripe,
  telegram,
  workos,
  zendesk,
  slack,
  'standard-webhooks': standardWebhooks,
  zoom,
  custom,
  poll,
  schedule,
} as const satisfies Readonly<Record<string, SourceKind>>
