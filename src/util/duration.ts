/** What a person writes for amounts with a unit. Each returns undefined when the text is not of its form. */

const durationUnits: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** `90s`, `5m`, `23h`, `1.5h`, `250ms`, `30d` in milliseconds. */
export function parseDuration(text: string): number | undefined {
  const found = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)$/.exec(text.trim())
  if (!found) return undefined
  return Math.round(Number(found[1]) * (durationUnits[found[2] ?? ''] ?? Number.NaN))
}

const sizeUnits: Record<string, number> = { b: 1, kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3 }

/** `32KB`, `1 MB`, `500B` in bytes, by 1024. */
export function parseSize(text: string): number | undefined {
  const found = /^(\d+(?:\.\d+)?)\s*(b|kb|kib|mb|mib|gb|gib)$/i.exec(text.trim())
  if (!found) return undefined
  return Math.round(
    Number(found[1]) * (sizeUnits[(found[2] ?? '').toLowerCase().replace('i', '')] ?? Number.NaN),
  )
}

/** `200k`, `1.5M`, `12000` as a number. */
export function parseCount(text: string): number | undefined {
  const found = /^(\d+(?:\.\d+)?)\s*([kKM]?)$/.exec(text.trim())
  if (!found) return undefined
  const factor = found[2] === '' ? 1 : found[2] === 'M' ? 1_000_000 : 1000
  return Math.round(Number(found[1]) * factor)
}

/** `5000/h`, `10/s`, `200/day` as a count and the milliseconds it is for. */
export function parseRate(text: string): { count: number; perMs: number } | undefined {
  const found = /^(\d+)\s*\/\s*(s|m|min|h|hour|d|day)$/.exec(text.trim())
  if (!found) return undefined
  const unit = found[2] ?? ''
  const perMs =
    unit === 's' ? 1000 : unit.startsWith('m') ? 60_000 : unit.startsWith('h') ? 3_600_000 : 86_400_000
  return { count: Number(found[1]), perMs }
}

/** `0.50 USD` in US dollars; no other currency, because vendors price models in dollars. */
export function parseUsd(text: string): number | undefined {
  const found = /^(\d+(?:\.\d+)?)\s*USD$/.exec(text.trim())
  return found ? Number(found[1]) : undefined
}

/** The shortest form a person would write: `450ms`, `12.3s`, `5m`, `2h 5m`, `3d 4h`. */
export function formatDuration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)}ms`
  if (ms < 60_000) return `${Number((ms / 1000).toFixed(1))}s`
  const units: [string, number][] = [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['m', 60_000],
    ['s', 1000],
  ]
  const parts: string[] = []
  let rest = Math.round(ms / 1000) * 1000
  for (const [name, size] of units) {
    const count = Math.floor(rest / size)
    rest -= count * size
    if (count > 0) parts.push(`${count}${name}`)
  }
  return parts.slice(0, 2).join(' ')
}

/** `2h` before now, or a time in ISO 8601 such as `2026-11-21T07:00:00Z`, in epoch milliseconds. */
export function parseMoment(text: string, now: number): number | undefined {
  const ago = parseDuration(text)
  if (ago !== undefined) return now - ago
  if (!/^\d{4}-\d{2}-\d{2}([T ][\d:.]+(Z|[+-]\d{2}:?\d{2})?)?$/.test(text)) return undefined
  const at = Date.parse(text)
  return Number.isNaN(at) ? undefined : at
}
