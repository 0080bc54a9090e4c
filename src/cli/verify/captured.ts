import { failure } from '../command.js'

/** A request as it was captured. */
export interface Captured {
  readonly method: string
  /** Path and query. */
  readonly path: string
  /** Where the request line has a whole URL. */
  readonly absoluteUrl: string | undefined
  /** `[name, value, name, value, …]`, in order, with duplicates. */
  readonly rawHeaders: readonly string[]
  readonly body: Buffer
  /** Set where the body stands in another file. */
  readonly bodyFile: string | undefined
}

const requestLine = /^([A-Z]{3,10})[ \t]+(\S+)(?:[ \t]+HTTP\/[0-9.]+)?[ \t]*$/
const fieldLine = /^([A-Za-z0-9!#$%&'*+.^_|~-]+):[ \t]*(.*?)[ \t]*$/

/**
 * Reads an `.http` file: request line, headers, an empty line, and then the body, of which every byte counts. Lines
 * may end with CRLF or LF. Lines before the request line that are empty or begin with `#` or `//` are notes. A body
 * that is one line `< file` stands in that file. Throws AppError that names the line.
 */
export function readCaptured(bytes: Buffer, name: string): Captured {
  const { lines, bodyAt } = headLines(bytes)
  const first = lines.findIndex((line) => line !== '' && !/^(#|\/\/)/.test(line))
  const request = requestLine.exec(lines[first] ?? '')
  if (!request) {
    const where = `${name}:${Math.max(0, first) + 1}`
    throw failure(`${where}: expected a request line such as "POST /hooks/payments HTTP/1.1"`)
  }
  const [, method = '', target = ''] = request
  const rawHeaders = lines.slice(first + 1).flatMap((line, at) => {
    const [, header, value] = fieldLine.exec(line) ?? []
    if (header !== undefined && value !== undefined) return [header, value]
    throw failure(
      `${name}:${first + at + 2}: expected a header such as "content-type: application/json", or an empty line before the body`,
    )
  })
  const isAbsolute = /^https?:\/\//i.test(target) && URL.canParse(target)
  const body = bytes.subarray(bodyAt)
  return {
    method,
    path: isAbsolute ? target.replace(/^https?:\/\/[^/?#]*/i, '') || '/' : target,
    absoluteUrl: isAbsolute ? target : undefined,
    rawHeaders,
    body,
    bodyFile: /^<[ \t]+(\S[^\r\n]*?)[ \t]*[\r\n]*$/.exec(body.subarray(0, 1000).toString('utf8'))?.[1],
  }
}

/** The lines up to the first empty one behind the request line, and where the body begins. */
function headLines(bytes: Buffer): { lines: string[]; bodyAt: number } {
  const lines: string[] = []
  let at = bytes.subarray(0, 3).equals(Buffer.from('\ufeff')) ? 3 : 0
  let isBegun = false
  while (at < bytes.length) {
    const end = bytes.indexOf(0x0a, at)
    const line = bytes
      .subarray(at, end < 0 ? bytes.length : end)
      .toString('latin1')
      .replace(/\r$/, '')
    at = end < 0 ? bytes.length : end + 1
    if (line === '' && isBegun) break
    if (line !== '' && !/^(#|\/\/)/.test(line)) isBegun = true
    lines.push(line)
  }
  return { lines, bodyAt: at }
}
