import { isoTime, sleep } from '../../util/clock.js'
import type { Invocation } from '../command.js'
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
