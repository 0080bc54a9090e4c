/** `1 event`, `3 events`. */
export function count(amount: number, one: string, many = `${one}s`): string {
  return `${amount.toLocaleString('en-US')} ${amount === 1 ? one : many}`
}

const sizes = ['B', 'KB', 'MB', 'GB', 'TB']

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
