import { parseForm } from '../../sources/engine/form.js'
import { type JsonValue, parseJson, stringifyJson } from '../../util/json.js'

/** Another form of the same request, in which it may have been signed. */
export interface Changed<Value> {
  /** Behind "It would verify": `without the line break at the end of the body`. */
  readonly says: string
  readonly value: Value
}

const onTheWay = 'something on the way re-wrote it; forward the bytes as they came'
const lineBreak = 'whatever captured or forwarded it changed that'

/** What becomes of bodies between the sender and here. */
export function bodyVariations(body: Buffer, announced: number | undefined): Changed<Buffer>[] {
  const text = body.toString('latin1')
  const plain: [string, Buffer][] = [
    [`without the line break at the end of the body: ${lineBreak}`, latin1(text.replace(/\r?\n$/, ''))],
    [`without white space around the body: ${lineBreak}`, latin1(text.trim())],
    [`with a line break (LF) at the end of the body: ${lineBreak}`, latin1(`${text}\n`)],
    [`with a line break (CRLF) at the end of the body: ${lineBreak}`, latin1(`${text}\r\n`)],
    [`with LF for each CRLF in the body: ${lineBreak}`, latin1(text.replaceAll('\r\n', '\n'))],
    [`with CRLF for each LF in the body: ${lineBreak}`, latin1(text.replace(/\r?\n/g, '\r\n'))],
    ['without the byte order mark before the body', latin1(text.replace(/^\xef\xbb\xbf/, ''))],
    ['with an empty body: what was signed had none', Buffer.alloc(0)],
    [
      'with the body’s UTF-8 read as Latin-1 and written as UTF-8 again undone',
      Buffer.from(body.toString('utf8'), 'latin1'),
    ],
    ['with the body read as Latin-1 and written as UTF-8', Buffer.from(text, 'utf8')],
  ]
  if (announced !== undefined && announced < body.length) {
    plain.push([
      `with the body cut to the ${announced} bytes that content-length announces: what is behind them was added`,
      body.subarray(0, announced),
    ])
  }
  const seen = new Set([text])
  return [...plain, ...formVariations(body), ...jsonVariations(body)].flatMap(([says, value]) => {
    const key = value.toString('latin1')
    if (seen.has(key)) return []
    seen.add(key)
    return [{ says, value }]
  })
}

function latin1(text: string): Buffer {
  return Buffer.from(text, 'latin1')
}

function formVariations(body: Buffer): [string, Buffer][] {
  try {
    const payload = parseForm(body).get('payload')
    return payload ? [['over the form field payload alone, and not over the form', payload]] : []
  } catch {
    return []
  }
}

function jsonVariations(body: Buffer): [string, Buffer][] {
  let value: JsonValue
  try {
    value = parseJson(body)
  } catch {
    return []
  }
  const minified = stringifyJson(value)
  const spaced = withSpaces(minified)
  const forms: [string, string][] = [
    ['minified', minified],
    ['indented by 2', stringifyJson(value, 2)],
    ['indented by 4', stringifyJson(value, 4)],
    ['with a space behind each comma and colon (Python)', spaced],
  ]
  return forms.flatMap(([form, text]) => {
    const escaped = escapedNonAscii(text)
    const slashes = text.replaceAll('/', '\\/')
    const says = (more: string) => `with the body’s JSON ${form}${more}: ${onTheWay}`
    const written: [string, string][] = [
      [says(''), text],
      [says(' and a line break behind it'), `${text}\n`],
      [says(' and \\u escapes'), escaped],
      [says(' and escaped slashes (PHP)'), slashes],
      [says(', \\u escapes and escaped slashes (PHP)'), escapedNonAscii(slashes)],
    ]
    return written.map(([said, each]): [string, Buffer] => [said, Buffer.from(each)])
  })
}

/** `{"a":1,"b":2}` as `{"a": 1, "b": 2}`; what stands in strings is left. */
function withSpaces(minified: string): string {
  return minified.replace(/"(?:[^"\\]|\\.)*"|[,:]/g, (found) => (found.length === 1 ? `${found} ` : found))
}

function escapedNonAscii(text: string): string {
  return text.replace(
    /[\u0080-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
