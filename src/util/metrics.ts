/**
 * Numbers for Prometheus, in its text format 0.0.4 (https://prometheus.io/docs/instrumenting/exposition_formats/, read
 * 2026-11-21). Counting is an addition in a map. Labels are names of the configuration and our own codes, never text
 * from outside: each pair of values is a series for as long as somebody keeps them.
 */

export type Labels = Readonly<Record<string, string>>

export interface Sample {
  /** Behind the name of the family: `_bucket`, `_sum`, `_count`; mostly none. */
  readonly suffix?: string
  readonly labels?: Labels
  readonly value: number
}

export interface Family {
  readonly name: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly help: string
  readonly samples: readonly Sample[]
}

/** Beyond so many series of one family the rest is counted together, under the label values `other`. */
const mostSeries = 2000

/** One thing for each list of label values. */
class Series<Kept> {
  readonly #kept = new Map<string, Kept>()

  constructor(private readonly make: (values: readonly string[]) => Kept) {}

  at(values: readonly string[]): Kept {
    const key = values.join('\n')
    const known = this.#kept.get(key)
    if (known) return known
    if (this.#kept.size >= mostSeries && values.some((value) => value !== 'other'))
      return this.at(values.map(() => 'other'))
    const made = this.make(values)
    this.#kept.set(key, made)
    return made
  }

  all(): Kept[] {
    return [...this.#kept.values()]
  }
}

export class Counter<Name extends string> {
  readonly #series: Series<{ readonly labels: Labels; value: number }>

  constructor(
    readonly name: string,
    readonly help: string,
    labelNames: readonly Name[],
  ) {
    this.#series = new Series((values) => ({ labels: labelsOf(labelNames, values), value: 0 }))
  }

  /** Values in the order of the names. */
  add(values: readonly string[], by = 1): void {
    this.#series.at(values).value += by
  }

  family(): Family {
    return { name: this.name, type: 'counter', help: this.help, samples: this.#series.all() }
  }
}

interface Distribution {
  readonly labels: Labels
  /** By bucket, not added up; the last is for what is above all bounds. */
  readonly counts: number[]
  sum: number
}

export class Histogram<Name extends string> {
  readonly #series: Series<Distribution>

  constructor(
    readonly name: string,
    readonly help: string,
    labelNames: readonly Name[],
    /** Upper bounds, growing. */
    private readonly bounds: readonly number[],
  ) {
    this.#series = new Series((values) => ({
      labels: labelsOf(labelNames, values),
      counts: [...bounds, 0].map(() => 0),
      sum: 0,
    }))
  }

  observe(values: readonly string[], value: number): void {
    const found = this.#series.at(values)
    const at = this.bounds.findIndex((bound) => value <= bound)
    const bucket = at < 0 ? this.bounds.length : at
    found.counts[bucket] = (found.counts[bucket] ?? 0) + 1
    found.sum += value
  }

  family(): Family {
    const samples = this.#series.all().flatMap(({ labels, counts, sum }): Sample[] => {
      let count = 0
      const buckets = counts.map((own, at): Sample => {
        count += own
        const le = at < this.bounds.length ? String(this.bounds[at]) : '+Inf'
        return { suffix: '_bucket', labels: { ...labels, le }, value: count }
      })
      return [...buckets, { suffix: '_sum', labels, value: sum }, { suffix: '_count', labels, value: count }]
    })
    return { name: this.name, type: 'histogram', help: this.help, samples }
  }
}

function labelsOf(names: readonly string[], values: readonly string[]): Labels {
  return Object.fromEntries(names.map((name, at) => [name, values[at] ?? '']))
}

/** Families without a sample are left out: nothing says so better. */
export function expose(families: readonly Family[]): string {
  const lines: string[] = []
  for (const { name, type, help, samples } of families) {
    if (samples.length === 0) continue
    lines.push(
      `# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}`,
      `# TYPE ${name} ${type}`,
    )
    for (const { suffix = '', labels = {}, value } of samples) {
      const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text)}"`)
      const set = pairs.length === 0 ? '' : `{${pairs.join(',')}}`
      lines.push(`${name}${suffix}${set} ${shown(value)}`)
    }
  }
  return `${lines.join('\n')}\n`
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}

function shown(value: number): string {
  if (Number.isFinite(value)) return String(value)
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf'
}
