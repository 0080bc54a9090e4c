import { utcDay } from '../util/clock.js'
import type { Io } from './io.js'
import { toneColours } from './say.js'
import type { StoryLine } from './story-line.js'
import { indentBy, padTo, wrap } from './text.js'
import type { When } from './when.js'

const timeWidth = 12
const verbWidth = 13

/** A story in lines: time, verb, what; details below, indented. A line with the date stands where the day changes. */
export function formatStory(
  lines: readonly StoryLine[],
  when: When,
  io: Pick<Io, 'style' | 'width'>,
): string {
  const shown: string[] = []
  let day: string | undefined
  for (const line of lines) {
    if (line.at !== undefined && utcDay(line.at) !== day) {
      if (day !== undefined) shown.push(io.style('dim', `── ${when.at(line.at)} ──`))
      day = utcDay(line.at)
    }
    shown.push(formatStoryLine(line, when, io))
  }
  return shown.join('\n')
}

export function formatStoryLine(line: StoryLine, when: When, io: Pick<Io, 'style' | 'width'>): string {
  const indent = ' '.repeat(timeWidth + 2 + verbWidth + 1)
  const time = padTo(line.at === undefined ? '' : when.exact(line.at), timeWidth)
  const colour = toneColours[line.tone]
  const verb = padTo(line.verb, verbWidth)
  const text = wrap(line.text, io.width - indent.length).replaceAll('\n', `\n${indent}`)
  const first = `${io.style('dim', time)}  ${colour === undefined ? verb : io.style(colour, verb)} ${text}`
  const below: string[] = []
  if (line.detail !== undefined) below.push(wrap(line.detail, io.width - indent.length - 2))
  if (line.exact !== undefined) below.push(line.exact)
  return [first, ...below.map((part) => indentBy(part, `${indent}  `))].join('\n')
}
