import { z } from 'zod'
import { formatDuration, parseDuration } from '../util/duration.js'
import { duration, text } from './scalars.js'

const dayMs = 86_400_000
const times = { min: 1000, max: 365 * dayMs }

const orOff = 'or off'

/** A duration, or `off`. */
function durationOrOff() {
  const message = `expected a duration with its unit, such as 15m, ${orOff}`
  return z
    .string({ error: message })
    .regex(/^(off|\d+(\.\d+)?\s*(ms|s|m|h|d))$/, message)
    .transform((written) => (written === 'off' ? undefined : (parseDuration(written) ?? Number.NaN)))
    .superRefine((value, context) => {
      if (value === undefined || (value >= times.min && value <= times.max)) return
      const bounds = `${formatDuration(times.min)} to ${formatDuration(times.max)}`
      context.addIssue({ code: 'custom', message: `expected ${bounds}` })
    })
}

const percent = '([1-9]\\d?|100)\\s*%'

/** `80%`, or `off`. */
function shareOrOff() {
  const message = `expected a share of 1% to 100%, such as 80%, ${orOff}`
  return z
    .string({ error: message })
    .regex(new RegExp(`^(off|${percent})$`), message)
    .transform((written) => (written === 'off' ? undefined : Number.parseInt(written, 10) / 100))
}

/** `50%/1h`, or `off`. */
function shareInTimeOrOff() {
  const message = `expected a share and the time that it is of, such as 50%/1h, ${orOff}`
  return z
    .string({ error: message })
    .regex(new RegExp(`^(off|${percent}\\s*/\\s*\\d+(\\.\\d+)?\\s*(s|m|h|d))$`), message)
    .transform((written) => {
      if (written === 'off') return undefined
      const [share = '', time = ''] = written.split('/')
      return { share: Number.parseInt(share, 10) / 100, windowMs: parseDuration(time) ?? Number.NaN }
    })
    .superRefine((value, context) => {
      if (value === undefined || (value.windowMs >= 1000 && value.windowMs <= dayMs)) return
      context.addIssue({ code: 'custom', message: 'expected a time of 1s to 1d' })
    })
}

export const alertTargetSchema = z
  .strictObject({
    webhook: text('a URL such as https://ops.example.com/alerts', 2000)
      .optional()
      .describe('Each message is sent there as JSON, signed as Standard Webhooks are.'),
    secret: z
      .string({ error: 'expected a secret' })
      .max(4000)
      .optional()
      .describe('What messages to `webhook` are signed with: `whsec_` and the base64 of 16 bytes or more.'),
    slack: text('the URL of an incoming webhook', 2000)
      .optional()
      .describe(
        'The URL of an incoming webhook of Slack, or of what takes the same JSON (Mattermost, Discord’s `/slack`). It is a secret.',
      ),
    log: z
      .literal(true, { error: 'expected true' })
      .optional()
      .describe(
        'The log has every alert when it begins and when it is over; with this it has the repeats too.',
      ),
    private: z
      .boolean()
      .optional()
      .describe(
        'Whether the URL may lead to an address that is not public, and use http. Default: only where it names one such address, or localhost.',
      ),
  })
  .describe('Exactly one of `webhook` (with its `secret`), `slack`, `log`.')

export const alertRulesSchema = z
  .strictObject({
    silence: z
      .record(z.string(), duration(times))
      .prefault({})
      .describe('By source: for how long nothing may come from it, such as `payments: 6h`.'),
    refused: shareInTimeOrOff()
      .prefault('50%/1h')
      .describe(
        'Which share of a source’s deliveries in which time may be refused, where it is ten of them or more; or `off`.',
      ),
    budget: shareOrOff()
      .prefault('80%')
      .describe(
        'Which share of what an agent or a tool may use on a day may be used, where that is ten or more; or `off`.',
      ),
    waiting: durationOrOff()
      .prefault('30m')
      .describe('How long a call may wait for a person’s word before they are told; or `off`.'),
    backlog: durationOrOff()
      .prefault('15m')
      .describe('How old an event or a run may get that could go on and has not begun; or `off`.'),
  })
  .describe(
    'What is an alert beside what always is: dead runs, held writes, a model or an API away, low disk.',
  )

export const alertsSchema = z
  .strictObject({
    to: z.array(alertTargetSchema).max(20).prefault([]).describe('Who is told.'),
    repeat: duration({ min: 60_000, max: 30 * dayMs })
      .prefault('4h')
      .describe('How soon they are told again of what still stands.'),
    rules: alertRulesSchema.prefault({}),
  })
  .describe('Who is told what is wrong: once, again while it stands, and once when it is over.')
