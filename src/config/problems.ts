import type { ConfigProblem } from '../domain/errors.js'
import { type ConfigDocument, type Path, placeKey } from './document.js'

/** Whether what stands at `path` is never shown. */
function isHidden(path: Path): boolean {
  if (path[0] === 'credentials' && /^(bearer|basic|header)$/.test(String(path[2]))) return true
  if (path[0] === 'alerts' && path[3] === 'slack') return true
  if (path[0] === 'tracing' && path[1] === 'headers') return true
  return path.some((key) => /^(secrets?|token|passwords?|api_key|private_key)$/i.test(String(key)))
}

/** Collects everything that is wrong with one file, each with its place. */
export class Problems {
  readonly errors: ConfigProblem[] = []
  readonly warnings: ConfigProblem[] = []
  /** Longest first, so that a value inside another does not leave a piece of it standing. */
  private readonly hidden: readonly (readonly [value: string, expression: string])[]

  constructor(
    private readonly file: string,
    private readonly document: ConfigDocument,
  ) {
    const hidden = new Map<string, string>()
    for (const { scalar } of document.places.values()) {
      for (const { value, expression } of scalar?.inserted ?? []) {
        if (value.length >= 4) hidden.set(value, expression)
      }
    }
    this.hidden = [...hidden].sort(([left], [right]) => right.length - left.length)
    for (const { offset, path, message } of document.faults) {
      const shown = message.replace(/offset:(\d+)/, (_, at: string) => {
        const { line, column } = document.position(Number(at))
        return `${line}:${column}`
      })
      this.errors.push({ file, ...document.position(offset), path: pathText(path), message: shown })
    }
  }

  add(path: Path, message: string, at: 'key' | 'value' = 'value'): void {
    // What stands at a place that could not be read is known already.
    if (this.hasAt(path) && message.startsWith('missing')) return
    this.errors.push(this.problem(path, message, at))
  }

  warn(path: Path, message: string, at: 'key' | 'value' = 'value'): void {
    this.warnings.push(this.problem(path, message, at))
  }

  /** Whether something is known to be wrong at exactly this place. */
  hasAt(path: Path): boolean {
    const text = pathText(path)
    return this.errors.some((error) => error.path === text)
  }

  /** The value as a message may show it: as written, cut, and never a secret. */
  shown(path: Path, value: unknown): string {
    if (value === undefined) return 'nothing'
    if (value === null) return 'nothing (null)'
    if (Array.isArray(value)) return 'a list'
    if (typeof value === 'object') return 'a mapping'
    const written = this.document.places.get(placeKey(path))?.scalar?.written
    if (written?.includes('${')) return JSON.stringify(cut(written))
    if (isHidden(path)) return typeof value === 'string' ? 'a text' : `a ${typeof value}`
    return typeof value === 'string' ? JSON.stringify(cut(value)) : String(value)
  }

  sorted(list: readonly ConfigProblem[]): ConfigProblem[] {
    return [...list].sort((left, right) => left.line - right.line || left.column - right.column)
  }

  private problem(path: Path, message: string, at: 'key' | 'value'): ConfigProblem {
    let clean = message
    for (const [value, expression] of this.hidden) clean = clean.replaceAll(value, expression)
    return { file: this.file, ...this.position(path, at), path: pathText(path), message: clean }
  }

  /** Of the value, its key, or the nearest thing around it that is in the file. */
  private position(path: Path, at: 'key' | 'value'): { line: number; column: number } {
    for (let length = path.length; length >= 0; length--) {
      const place = this.document.places.get(placeKey(path.slice(0, length)))
      if (place === undefined) continue
      const isExact = length === path.length
      const offset = isExact && at === 'value' ? place.valueAt : (place.keyAt ?? place.valueAt)
      return this.document.position(offset)
    }
    return { line: 1, column: 1 }
  }
}

function cut(text: string): string {
  return text.length > 80 ? `${text.slice(0, 77)}…` : text
}

export function pathText(path: Path): string {
  return path.join('.')
}

/** One line each, in the order of the file: `config.yaml:12:5  agents.x.on.type  expected …`. */
export function formatProblems(problems: readonly ConfigProblem[]): string {
  return problems
    .map(({ file, line, column, path, message }) => {
      const place = `${file}:${line}:${column}`
      return path === '' ? `${place}  ${message}` : `${place}  ${path}  ${message}`
    })
    .join('\n')
}
