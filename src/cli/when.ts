import { formatDuration } from '../util/duration.js'

/** How times are shown: on the reader's own clock, and relative to now. */
export interface When {
  /** `07:00:03` today, else `2026-11-20 07:00:03`. */
  at(ms: number): string
  /** `07:00:03.120`. */
  exact(ms: number): string
  /** `2m ago`, `in 5m`, `now`. */
  ago(ms: number): string
  /** `07:00:03 (2m ago)`. */
  both(ms: number): string
}

export function createWhen(now: number, timeZone?: string): When {
  const format = new Intl.DateTimeFormat('sv-SE', {
    ...(timeZone === undefined ? {} : { timeZone }),
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  })
  const today = format.format(now).slice(0, 10)
  const at = (ms: number) => {
    const text = format.format(ms)
    return text.startsWith(today) ? text.slice(11) : text
  }
  return {
    at,
    exact: (ms) => `${format.format(ms).slice(11)}.${String(Math.floor(ms) % 1000).padStart(3, '0')}`,
    ago: (ms) => relative(ms, now),
    both: (ms) => `${at(ms)} (${relative(ms, now)})`,
  }
}

function relative(ms: number, now: number): string {
  const distance = Math.abs(now - ms)
  if (distance < 1000) return 'now'
  // One unit is enough to judge by; the exact time stands beside it.
  const rounded = formatDuration(Math.floor(distance / 1000) * 1000).split(' ')[0] ?? ''
  return ms < now ? `${rounded} ago` : `in ${rounded}`
}
