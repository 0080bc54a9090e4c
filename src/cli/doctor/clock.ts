import type { Config } from '../../config/config.js'
import { type Clock, isoTime, sleep } from '../../util/clock.js'
import { createNetwork } from '../../util/fetch.js'
import type { Invocation } from '../command.js'
import { count } from '../text.js'
import type { Finding } from './finding.js'

const watchMs = 200
const toleratedMs = 50
/** No machine that runs this rouse has an earlier date. */
const earliest = Date.parse('2026-01-01T00:00:00Z')

/** Signatures hold for some minutes, so a wrong clock refuses good deliveries. */
export async function checkClock({ io }: Invocation): Promise<Finding[]> {
  const { clock } = io
  const wall = clock.now()
  const steady = clock.monotonic()
  await sleep(watchMs)
  const drift = clock.now() - wall - (clock.monotonic() - steady)
  const zone = io.timeZone ?? Intl.DateTimeFormat().resolvedOptions().timeZone
  const text = `${isoTime(wall)}, shown in ${zone}`
  if (wall < earliest) {
    const advice =
      'set it (NTP): signed times are compared with it, and good deliveries are refused as too new'
    return [{ area: 'clock', state: 'fail', text: `the clock says ${text}, which is in the past`, advice }]
  }
  if (Math.abs(drift) > toleratedMs) {
    const advice = 'let NTP adjust it slowly; signed times are compared with it'
    return [
      {
        area: 'clock',
        state: 'warn',
        text: `the clock jumped by ${Math.round(drift)} ms while it was watched; ${text}`,
        advice,
      },
    ]
  }
  return [{ area: 'clock', state: 'ok', text }]
}

const answerTimeoutMs = 5000
const maxAnswerBytes = 1024 * 1024
/** Signed times of five minutes ago still hold; a clock that is off by one loses a part of that. */
const toleratedSkewMs = 60_000

/** Compares the clock with the `Date` of what answers at the models and at the origins of credentials. */
export async function compareClocks(config: Config, clock: Clock): Promise<Finding[]> {
  const models = [...config.models.values()].map(({ baseUrl }) => baseUrl)
  const apis = [...config.credentials.values()].flatMap(({ origins }) => origins)
  const urls = [...models, ...apis].filter((url) => url.startsWith('http'))
  const origins = [...new Set(urls.map((url) => new URL(url).origin))].slice(0, 10)
  const found = await Promise.all(origins.map((origin) => skewOf(origin, clock)))
  const skews = found.filter((skew) => skew !== undefined).sort((left, right) => left - right)
  // The middle one: a single server may have a wrong clock of its own.
  const skew = skews[Math.floor(skews.length / 2)]
  if (skew === undefined) return []
  const seconds = Math.round(Math.abs(skew) / 1000)
  const asked = `${skews.length} of ${count(origins.length, 'origin')} that ${origins.length === 1 ? 'was' : 'were'} asked`
  if (Math.abs(skew) <= toleratedSkewMs) {
    return [{ area: 'clock', state: 'ok', text: `within ${seconds} s of ${asked}` }]
  }
  const direction = skew > 0 ? 'ahead of' : 'behind'
  const advice =
    'set it (NTP): good deliveries are refused as too old or too new, because signed times are compared with it'
  return [
    { area: 'clock', state: 'fail', text: `the clock is ${seconds} s ${direction} that of ${asked}`, advice },
  ]
}

/** How far this clock is ahead of the other's, whatever that answers. Undefined where it does not say. */
async function skewOf(origin: string, clock: Clock): Promise<number | undefined> {
  const network = createNetwork()
  try {
    const { headers } = await network.request({
      method: 'HEAD',
      url: origin,
      headers: {},
      timeoutMs: answerTimeoutMs,
      maxBytes: maxAnswerBytes,
      allowPrivate: true,
    })
    const theirs = Date.parse(headers['date'] ?? '')
    return Number.isNaN(theirs) ? undefined : clock.now() - theirs
  } catch {
    return undefined
  } finally {
    await network.close()
  }
}
