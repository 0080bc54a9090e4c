import { isAbsolute, relative } from 'node:path'
import type { Io } from './io.js'

/** Paths below the working directory are shown as a person would type them. */
export function shownFrom<Problem extends { readonly file: string }>(
  problem: Problem,
  { directory }: Io,
): Problem {
  const path = relative(directory, problem.file)
  return path === '' || path.startsWith('..') || isAbsolute(path) ? problem : { ...problem, file: path }
}
