import type { LaterEvent } from '../runs/since-then.js'
import { formatDuration } from '../util/duration.js'
import { plain } from './text.js'

export {
  isDoneByOthers,
  type LaterEvent,
  laterEvents,
  type SinceThen,
  sinceThen,
  wordsAlike,
} from '../runs/since-then.js'

/** `12m later: charge.refunded by acct_1, looks the same (refund)`. */
export function sayLater({ event, alike }: LaterEvent, at: number): string {
  const after = event.recordedAt - at < 1000 ? 'at once' : `${shortSpan(event.recordedAt - at)} later`
  const by = event.actor === undefined ? '' : ` by ${plain(event.actor)}`
  const own = event.echoOf === undefined ? '' : `, caused by our own ${event.echoOf}`
  const same = alike.length === 0 || own !== '' ? '' : `, looks the same (${alike.map(plain).join(', ')})`
  return `${after}: ${plain(event.type)}${by}${own}${same}`
}

function shortSpan(ms: number): string {
  return formatDuration(Math.floor(ms / 1000) * 1000)
    .split(' ')
    .slice(0, 2)
    .join(' ')
}
