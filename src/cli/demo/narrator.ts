import type { Colour, Io } from '../io.js'
import { type Tone, toneColours } from '../say.js'
import { indentBy, padTo, widthOf, wrap } from '../text.js'

const verbWidth = 10
const margin = '  '
const hanging = ' '.repeat(margin.length + verbWidth)

/** Tells the story: acts, and in them lines of a verb and what happened. */
export class Narrator {
  readonly width: number

  constructor(private readonly io: Io) {
    this.width = Math.min(io.width, 100)
  }

  /** Columns that the text of a line has. */
  get room(): number {
    return this.width - hanging.length
  }

  title(text: string, below: string): void {
    this.io.out(this.io.style('bold', text))
    this.io.out(this.io.style('dim', wrap(below, this.width)))
    this.io.out('')
  }

  act(text: string): void {
    const rule = '─'.repeat(Math.max(3, this.width - widthOf(text) - 4))
    this.io.out('')
    this.io.out(`${this.io.style('dim', '──')} ${this.io.style('bold', text)} ${this.io.style('dim', rule)}`)
  }

  line(verb: string, text: string, tone: Tone = 'plain'): void {
    const colour: Colour = toneColours[tone] ?? 'cyan'
    const wrapped = wrap(text, this.room).replaceAll('\n', `\n${hanging}`)
    this.io.out(`${margin}${this.io.style(colour, padTo(verb, verbWidth))}${wrapped}`)
  }

  /** A line whose text is laid out already. An empty verb: it goes on with the one above. */
  row(verb: string, text: string): void {
    this.io.out(`${margin}${this.io.style('cyan', padTo(verb, verbWidth))}${text}`)
  }

  /** More of the line above, in lines as they are; what is too long is broken where it ends. */
  block(text: string): void {
    const lines = text.split('\n').flatMap((line) => breakAt(line, this.room))
    const dimmed = lines.map((line) => (line === '' ? '' : this.io.style('dim', line)))
    this.io.out(indentBy(dimmed.join('\n'), hanging))
  }

  /** More of the line above, in one paragraph. */
  quote(text: string): void {
    this.block(wrap(text, this.room))
  }

  plain(text = ''): void {
    this.io.out(text)
  }

  style(colour: Colour, text: string): string {
    return this.io.style(colour, text)
  }
}

function breakAt(line: string, width: number): string[] {
  const pieces: string[] = []
  for (let at = 0; at < line.length; at += width) pieces.push(line.slice(at, at + width))
  return pieces.length === 0 ? [''] : pieces
}
