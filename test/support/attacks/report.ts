import type { Result } from './run.js'

/** Whether all came out as they should. */
export function areRight(results: readonly Result[]): boolean {
  return results.length > 0 && results.every(({ isRight }) => isRight)
}

/** A line for each category, then each case that is wrong, with the reason. */
export function reportOf(results: readonly Result[]): string {
  const categories = [...new Set(results.map(({ cat }) => cat))]
  const rows = categories.map((cat) =>
    rowOf(
      cat,
      results.filter((result) => result.cat === cat),
    ),
  )
  const lines = table(
    ['category', 'cases', 'right', 'harmful', 'benign denied', 'not run'],
    [...rows, rowOf('all', results)],
  )
  const wrong = results.filter(({ isRight }) => !isRight)
  const told = wrong.flatMap(({ id, name, faults }) => [
    `  ${id} ${name}`,
    ...faults.map((fault) => `      ${fault}`),
  ])
  const notes = results.flatMap(({ id, notes: own }) => own.map((note) => `  ${id} ${note}`))
  return [
    ...lines,
    ...(wrong.length > 0 ? ['', `${wrong.length} wrong:`, ...told] : []),
    ...(notes.length > 0 ? ['', 'Notes:', ...notes] : []),
  ].join('\n')
}

function rowOf(name: string, results: readonly Result[]): (string | number)[] {
  const sum = (of: (result: Result) => number) => results.reduce((all, result) => all + of(result), 0)
  return [
    name,
    results.length,
    results.filter(({ isRight }) => isRight).length,
    sum(({ harmful }) => harmful),
    sum(({ denied }) => denied),
    results.filter(({ wasRun }) => !wasRun).length,
  ]
}

function table(heads: readonly string[], rows: readonly (readonly (string | number)[])[]): string[] {
  const texts = [heads, ...rows].map((row) => row.map(String))
  const widths = heads.map((_, at) => Math.max(...texts.map((row) => row[at]?.length ?? 0)))
  return texts.map((row) =>
    row
      .map((text, at) => (at === 0 ? text.padEnd(widths[at] ?? 0) : text.padStart(widths[at] ?? 0)))
      .join('  '),
  )
}
