/** The candidate that was probably meant, for "did you mean": close in letters, or the same but for case and separators. */
export function closest(found: string, candidates: Iterable<string>): string | undefined {
  const wanted = plain(found)
  let best: string | undefined
  let bestDistance = Math.max(1, Math.floor(found.length / 3)) + 1
  for (const candidate of candidates) {
    const distance = plain(candidate) === wanted ? 0 : editDistance(found, candidate)
    if (distance < bestDistance) {
      best = candidate
      bestDistance = distance
    }
  }
  return best
}

function plain(text: string): string {
  return text.toLowerCase().replaceAll(/[-_ ]/g, '')
}

/** Insertions, deletions, replacements and swaps of neighbours; texts over 64 characters are never close. */
function editDistance(left: string, right: string): number {
  if (left.length > 64 || right.length > 64) return Number.POSITIVE_INFINITY
  const rows: number[][] = [Array.from({ length: right.length + 1 }, (_, index) => index)]
  const cell = (row: number, column: number) => rows[row]?.[column] ?? Number.POSITIVE_INFINITY
  for (let row = 1; row <= left.length; row++) {
    const current = [row]
    rows.push(current)
    for (let column = 1; column <= right.length; column++) {
      const cost = left[row - 1] === right[column - 1] ? 0 : 1
      const isSwap = left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1]
      current.push(
        Math.min(
          cell(row - 1, column) + 1,
          cell(row, column - 1) + 1,
          cell(row - 1, column - 1) + cost,
          isSwap ? cell(row - 2, column - 2) + 1 : Number.POSITIVE_INFINITY,
        ),
      )
    }
  }
  return cell(left.length, right.length)
}

/** ` Did you mean "x"?`, or nothing. */
export function didYouMean(found: string, candidates: Iterable<string>): string {
  const best = closest(found, candidates)
  return best === undefined ? '' : ` Did you mean "${best}"?`
}

/** `message` and, as a sentence of its own, what `didYouMean` gave. */
export function sentences(message: string, guess: string): string {
  return guess === '' ? message : `${message}.${guess}`
}
