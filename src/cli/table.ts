import { cutMiddleTo, cutTo, padTo, widthOf } from './text.js'

export interface Column {
  readonly title: string
  readonly align?: 'left' | 'right'
  /** May be cut down to this many columns when the table is too wide; others never are. */
  readonly shrinkTo?: number
  /** Where a cell is cut. Default: at its end. */
  readonly cut?: 'end' | 'middle'
}

/** Colours a cell that has its final width. */
export type CellStyle = (text: string, row: number, column: number) => string

const gap = '  '

/** A table with a line of titles. Columns that may shrink give way, the widest first, until it fits `width`. */
export function formatTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width: number,
  style: CellStyle = (text) => text,
): string {
  const widths = columns.map(({ title }, at) =>
    Math.max(widthOf(title), ...rows.map((row) => widthOf(row[at] ?? ''))),
  )
  shrink(columns, widths, width)
  const line = (cells: readonly string[], row: number) =>
    columns
      .map(({ align, cut }, at) => {
        const room = widths[at] ?? 0
        const isLast = at === columns.length - 1
        const text = (cut === 'middle' ? cutMiddleTo : cutTo)(cells[at] ?? '', room)
        const padded = isLast && align !== 'right' ? text : padTo(text, room, align)
        return row < 0 ? padded : style(padded, row, at)
      })
      .join(gap)
      .trimEnd()
  return [
    line(
      columns.map(({ title }) => title),
      -1,
    ),
    ...rows.map(line),
  ].join('\n')
}

function shrink(columns: readonly Column[], widths: number[], width: number): void {
  const total = () => widths.reduce((sum, one) => sum + one, 0) + gap.length * (widths.length - 1)
  while (total() > width) {
    let widest = -1
    for (const [at, { shrinkTo }] of columns.entries()) {
      const room = (widths[at] ?? 0) - (shrinkTo ?? Number.POSITIVE_INFINITY)
      if (room > 0 && (widest < 0 || (widths[at] ?? 0) > (widths[widest] ?? 0))) widest = at
    }
    if (widest < 0) return
    widths[widest] = (widths[widest] ?? 0) - 1
  }
}

/** Names and values under each other, the values aligned. Entries without a value are left out. */
export function formatFields(
  fields: readonly (readonly [string, string | undefined])[],
  indent = '',
): string {
  const shown = fields.filter((field): field is [string, string] => field[1] !== undefined && field[1] !== '')
  const room = Math.max(0, ...shown.map(([name]) => widthOf(name)))
  const hanging = `\n${indent}${' '.repeat(room)}${gap}`
  return shown
    .map(([name, value]) => `${indent}${padTo(name, room)}${gap}${value.replaceAll('\n', hanging)}`)
    .join('\n')
}
