import { adyen } from './adyen.js'
import { adyenPlatform } from './adyen-platform.js'
import { airtable } from './airtable.js'
import { alertmanager } from './alertmanager.js'
import { asana } from './asana.js'
import { auth0 } from './auth0.js'
import { awsSns } from './aws-sns.js'
import { azureDevops } from './azure-devops.js'
import { bitbucket } from './bitbucket.js'
import { bitbucketServer } from './bitbucket-server.js'
import { braintree } from './braintree.js'
import { buildkite } from './buildkite.js'
import { calendly } from './calendly.js'
import { chargebee } from './chargebee.js'
import { circleci } from './circleci.js'
import { clerk } from './clerk.js'
import { clickup } from './clickup.js'
import { cloudevents } from './cloudevents.js'
import { coinbaseCommerce } from './coinbase-commerce.js'
import { custom } from './custom.js'
import { datadog } from './datadog.js'
import { discord } from './discord.js'
import { docusign } from './docusign.js'
import { dropbox } from './dropbox.js'
import { freshdesk } from './freshdesk.js'
import { gitea } from './gitea.js'
import { github } from './github.js'
import { gitlab } from './gitlab.js'
import { gocardless } from './gocardless.js'
import { gogs } from './gogs.js'
import { googleChannels } from './google-channels.js'
import { googlePubsub } from './google-pubsub.js'
import { grafana } from './grafana.js'
import { hubspot } from './hubspot.js'
import { intercom } from './intercom.js'
import { jenkins } from './jenkins.js'
import { jira } from './jira.js'
import { jiraConnect } from './jira-connect.js'
import { lemonsqueezy } from './lemonsqueezy.js'
import { line } from './line.js'
import { linear } from './linear.js'
import { mailersend } from './mailersend.js'
import { mailgun } from './mailgun.js'
import { mandrill } from './mandrill.js'
import { meta } from './meta.js'
import { microsoftGraph } from './microsoft-graph.js'
import { mollie } from './mollie.js'
import { mollieClassic } from './mollie-classic.js'
import { monday } from './monday.js'
import { netlify } from './netlify.js'
import { notion } from './notion.js'
import { okta } from './okta.js'
import { openai } from './openai.js'
import { opsgenie } from './opsgenie.js'
import { paddle } from './paddle.js'
import { pagerduty } from './pagerduty.js'
import { paypal } from './paypal.js'
import { plaid } from './plaid.js'
import { poll } from './poll.js'
import { postmark } from './postmark.js'
import { razorpay } from './razorpay.js'
import { resend } from './resend.js'
import { schedule } from './schedule.js'
import { sendgrid } from './sendgrid.js'
import { sentry } from './sentry.js'
import { shopify } from './shopify.js'
import { slack } from './slack.js'
import type { SourceKind } from './source.js'
import { square } from './square.js'
import { standardWebhooks } from './standard-webhooks.js'
import { stripe } from './stripe.js'
import { telegram } from './telegram.js'
import { travisCi } from './travis-ci.js'
import { trello } from './trello.js'
import { twilio } from './twilio.js'
import { typeform } from './typeform.js'
import { vercel } from './vercel.js'
import { websub } from './websub.js'
import { woocommerce } from './woocommerce.js'
import { workos } from './workos.js'
import { zendesk } from './zendesk.js'
import { zoom } from './zoom.js'

/** Every kind of source, by the name that `kind:` has in `config.yaml`. */
export const sourceKinds = {
  adyen,
  'adyen-platform': adyenPlatform,
  airtable,
  alertmanager,
  asana,
  auth0,
  'aws-sns': awsSns,
  'azure-devops': azureDevops,
  bitbucket,
  'bitbucket-server': bitbucketServer,
  braintree,
  buildkite,
  calendly,
  chargebee,
  circleci,
  clerk,
  clickup,
  cloudevents,
  'coinbase-commerce': coinbaseCommerce,
  datadog,
  discord,
  docusign,
  dropbox,
  freshdesk,
  gitea,
  github,
  gitlab,
  gocardless,
  gogs,
  'google-channels': googleChannels,
  'google-pubsub': googlePubsub,
  grafana,
  hubspot,
  intercom,
  jenkins,
  jira,
  'jira-connect': jiraConnect,
  lemonsqueezy,
  line,
  linear,
  mailersend,
  mailgun,
  mandrill,
  meta,
  'microsoft-graph': microsoftGraph,
  mollie,
  'mollie-classic': mollieClassic,
  monday,
  netlify,
  notion,
  okta,
  openai,
  opsgenie,
  paddle,
  pagerduty,
  paypal,
  plaid,
  postmark,
  razorpay,
  resend,
  sendgrid,
  sentry,
  shopify,
  square,
  stripe,
  telegram,
  'travis-ci': travisCi,
  trello,
  twilio,
  typeform,
  vercel,
  websub,
  woocommerce,
  workos,
  zendesk,
  slack,
  'standard-webhooks': standardWebhooks,
  zoom,
  custom,
  poll,
  schedule,
} as const satisfies Readonly<Record<string, SourceKind>>
