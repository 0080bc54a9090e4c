/** How a sender writes a time. `date` is a day in UTC. */
export type TimeFormat = 'iso' | 'epoch' | 'epoch_ms' | 'date'

/** A zone is required: a time without one would be read in the zone of the machine. */
const isoPattern = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})$/
const datePattern = /^\d{4}-\d{2}-\d{2}$/
const secondsPattern = /^[1-9]\d{8,10}(\.\d{1,9})?$/
const millisecondsPattern = /^[1-9]\d{11,13}$/

/** Epoch milliseconds, or undefined when `text` is not wholly of that form. */
export function parseTime(text: string, format: TimeFormat): number | undefined {
  switch (format) {
    case 'iso':
      return isoPattern.test(text) ? known(Date.parse(text)) : undefined
    case 'date':
      return datePattern.test(text) ? known(Date.parse(`${text}T00:00:00Z`)) : undefined
    case 'epoch':
      return secondsPattern.test(text) ? known(Math.floor(Number(text) * 1000)) : undefined
    case 'epoch_ms':
      return millisecondsPattern.test(text) ? known(Number(text)) : undefined
  }
}

/** For event times whose form the sender's file does not declare: ISO with a zone, seconds, milliseconds or a day. */
export function parseAnyTime(text: string): number | undefined {
  for (const format of ['iso', 'epoch', 'epoch_ms', 'date'] as const) {
    const at = parseTime(text, format)
    if (at !== undefined) return at
  }
  return undefined
}

/** `ms` as an API wants it in a query. */
export function formatTime(ms: number, format: TimeFormat): string {
  const iso = new Date(ms).toISOString()
  if (format === 'date') return iso.slice(0, 10)
  if (format === 'epoch') return String(Math.floor(ms / 1000))
  if (format === 'epoch_ms') return String(ms)
  return ms % 1000 === 0 ? `${iso.slice(0, 19)}Z` : iso
}

function known(ms: number): number | undefined {
  return Number.isNaN(ms) ? undefined : ms
}
