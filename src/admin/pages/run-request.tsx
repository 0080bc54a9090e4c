import type { FrozenRequest } from '../../domain/tool-call.js'
import { spreadText } from '../../util/spread-json.js'
import { Text } from '../ui/parts.js'
import { formatBytes } from './amounts.js'
import { Excerpt } from './excerpt.js'

/** The exact request: method, URL, headers, body. The credential is named, and never in it. */
export function ExactRequest({
  of: { method, url, headers, body, credential },
  most,
  href,
}: {
  readonly of: FrozenRequest
  readonly most?: number
  readonly href?: string
}) {
  const lines = [`${method} ${url}`, ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`)]
  const shown = body === undefined ? undefined : bodyOf(body, headers)
  return (
    <div class="stack tight">
      <Excerpt of={lines.join('\n')} label="Method, URL and headers of the request" most={most ?? 4000} />
      {credential !== undefined && (
        <p class="small faint">
          The credential “<Text of={credential} />” is added when it is sent.
        </p>
      )}
      {shown === undefined ? (
        <p class="small faint">No body.</p>
      ) : (
        <>
          <Excerpt of={shown} label="Body of the request" {...boundsOf(most, href)} />
          <p class="small faint">
            Body of {formatBytes(Buffer.byteLength(body ?? ''))}
            {shown !== body && ', with line breaks for reading'}.
          </p>
        </>
      )}
    </div>
  )
}

export function boundsOf(most: number | undefined, href: string | undefined) {
  return { ...(most === undefined ? {} : { most }), ...(href === undefined ? {} : { href }) }
}

/** JSON with line breaks, a form field by field. */
function bodyOf(body: string, headers: FrozenRequest['headers']): string {
  const type = Object.entries(headers).find(([name]) => name.toLowerCase() === 'content-type')?.[1] ?? ''
  if (!/^application\/x-www-form-urlencoded/i.test(type)) return spreadText(body)
  return [...new URLSearchParams(body)].map(([name, value]) => `${name} = ${value}`).join('\n')
}
