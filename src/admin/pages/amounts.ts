import { formatDuration } from '../../util/duration.js'

/** `1 event`, `3 events`. */
export function count(amount: number, one: string, many = `${one}s`): string {
  return `${amount.toLocaleString('en')} ${amount === 1 ? one : many}`
}

const sizes = ['B', 'KB', 'MB', 'GB']

/** `512 B`, `1.2 MB`, by 1024. */
export function formatBytes(bytes: number): string {
  let amount = bytes
  let at = 0
  while (amount >= 1024 && at < sizes.length - 1) {
    amount /= 1024
    at++
  }
  return `${at === 0 ? amount : amount.toFixed(amount < 10 ? 1 : 0)} ${sizes[at]}`
}

/** `a`, `a and b`, `a, b and c`. */
export function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`
}

/** `3 h 20 min`, to the second. */
export function spanOf(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : spaced(formatDuration(Math.floor(ms / 1000) * 1000))
}

function spaced(duration: string): string {
  return duration.replace(/(\d)m\b/g, '$1 min').replace(/(\d)([a-z])/g, '$1 $2')
}
