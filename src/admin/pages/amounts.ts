import { formatDuration } from '../../util/duration.js'

export { count, formatBytes } from '../../util/amounts.js'

/** `a`, `a and b`, `a, b and c`. */
export function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`
}

/** `it was sent` as `It was sent.` */
export function sentence(clause: string): string {
  return `${clause.charAt(0).toUpperCase()}${clause.slice(1)}.`
}

/** `3 h 20 min`, to the second. */
export function spanOf(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : spaced(formatDuration(Math.floor(ms / 1000) * 1000))
}

function spaced(duration: string): string {
  return duration.replace(/(\d)m\b/g, '$1 min').replace(/(\d)([a-z])/g, '$1 $2')
}
