import type { FrozenRequest } from '../../domain/tool-call.js'
import { JsonError, type JsonValue, parseJson, stringifyJson } from '../../util/json.js'
import { plain, plainBlock } from '../../util/plain.js'
import { spreadText } from '../../util/spread-json.js'
import { Block, Facts, Text } from '../ui/parts.js'
import { count, formatBytes } from './amounts.js'
import { type Leaf, leavesOf } from './leaves.js'

/** The exact request that a person decides on: where it goes and what it says, then byte for byte as it would be sent. */
export function DecidedRequest({
  of: request,
  digest,
}: {
  readonly of: FrozenRequest
  /** What a decision on it binds. */
  readonly digest?: string
}) {
  const { method, url, headers, body, credential } = request
  const fields = body === undefined ? [] : fieldsOf(body, headers)
  return (
    <div class="stack">
      <p class="mono target break">
        <b>
          <Text of={method} />
        </b>{' '}
        <Text of={url} />
      </p>
      {fields !== undefined && fields.length > 0 && (
        <Facts of={fields.map(([path, value]) => [plain(path), <Value of={value} />])} />
      )}
      {body !== undefined && fields === undefined && <Block of={spreadText(body)} label="Body" />}
      <details>
        <summary>Byte for byte</summary>
        <div class="stack tight">
          <Block of={headerLines(request)} label="Method, URL and headers" />
          {body !== undefined && <Block of={body} label="Body, as it would be sent" />}
          <p class="small faint">
            {body === undefined
              ? 'No body.'
              : `Body of ${formatBytes(Buffer.byteLength(body))}${sayHidden(body)}.`}
            {credential !== undefined && (
              <>
                {' '}
                The credential “<Text of={credential} />” is added when it is sent
                {Object.keys(headers).length === 0 && ', and nothing else'}.
              </>
            )}
          </p>
          {digest !== undefined && (
            <p class="small faint break">
              Digest <code>{digest}</code>
            </p>
          )}
        </div>
      </details>
    </div>
  )
}

function headerLines({ method, url, headers }: FrozenRequest): string {
  return [`${method} ${url}`, ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`)].join(
    '\n',
  )
}

const longText = 100

/** A text of several lines is shown as it would be read, with its length. */
function Value({ of }: { readonly of: Leaf[1] }) {
  if (typeof of !== 'string') return <code>{String(of)}</code>
  if (of === '') return <span class="faint">empty</span>
  if (of.length <= longText && !of.includes('\n')) {
    return (
      <code class="break">
        <Text of={of} />
      </code>
    )
  }
  const lines = of.split('\n').length
  return (
    <div class="stack tight">
      <Block of={of} />
      <span class="small faint">
        {count([...of].length, 'character')} in {count(lines, 'line')}
        {sayHidden(of)}
      </span>
    </div>
  )
}

/** Characters that are not seen are shown as codes; that they are there is said. */
function sayHidden(text: string): string {
  if (plainBlock(text) === text.replaceAll('\r\n', '\n')) return ''
  const hidden = [...text].filter((one) => !/[\r\n]/.test(one) && plain(one) !== one).length
  return hidden === 0 ? '' : `, ${count(hidden, 'character')} of it not seen and shown as codes`
}

const mostFields = 60

/**
 * What the body says, field by field; undefined where it cannot be shown so without a doubt: it is neither a form nor
 * JSON, has too many fields, or would be written otherwise than it is.
 */
function fieldsOf(body: string, headers: FrozenRequest['headers']): readonly Leaf[] | undefined {
  const type = Object.entries(headers).find(([name]) => name.toLowerCase() === 'content-type')?.[1] ?? ''
  if (/^application\/x-www-form-urlencoded *(;|$)/i.test(type)) {
    const pairs = [...new URLSearchParams(body)]
    return pairs.length > mostFields ? undefined : pairs
  }
  const value = exactly(body)
  if (value === undefined || value === null || typeof value !== 'object') return undefined
  const { leaves, isWhole } = leavesOf(value, mostFields)
  return isWhole && leaves.length > 0 && !hasEmpty(value) ? leaves : undefined
}

function exactly(body: string): JsonValue | undefined {
  try {
    const value = parseJson(Buffer.from(body))
    return stringifyJson(value) === body ? value : undefined
  } catch (cause) {
    if (cause instanceof JsonError) return undefined
    throw cause
  }
}

/** An empty object or list has no field that would show it. */
function hasEmpty(value: JsonValue): boolean {
  if (value === null || typeof value !== 'object') return false
  const inner = Object.values(value)
  return inner.length === 0 || inner.some(hasEmpty)
}
