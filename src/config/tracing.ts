import { isIP } from 'node:net'
import { isAllowedAddress } from '../util/address.js'
import type { TracingSettings } from '../util/trace.js'
import { missingTracingPackages } from '../util/trace-export.js'
import { attempt, keysAt, type LoadContext, parseEntry, scalarAt } from './context.js'
import type { Path } from './document.js'
import { headerName, headerSecrets, mayCarrySecret, reservedHeaders } from './headers.js'
import { tracingSchema } from './schema-tracing.js'
import { isLocalName, parseBaseUrl } from './urls.js'

/** `missing`: gives the line that installs what it needs and is not there. */
export function loadTracing(
  context: LoadContext,
  missing: () => string | undefined = missingTracingPackages,
): TracingSettings | undefined {
  const path = ['tracing']
  const { problems } = context
  const entry = parseEntry(tracingSchema.nullish(), path, context, ['headers.*', 'sample'])
  if (entry === undefined || entry === null) return undefined
  const install = missing()
  if (install !== undefined) {
    const message = `the packages of OpenTelemetry are not installed; where rouse is installed: ${install}`
    problems.add(path, message, 'key')
  }
  for (const name of Object.keys(entry.headers)) checkHeader([...path, 'headers', name], name, context)
  const url = attempt([...path, 'otlp'], problems, () => parseBaseUrl(entry.otlp))
  if (url === undefined) return undefined
  if (url.protocol === 'http:' && !isLocalName(url.hostname)) {
    problems.add([...path, 'otlp'], 'expected https: http is for this machine and private networks')
  }
  const host = url.hostname.replace(/^\[|\]$/g, '')
  if (isIP(host) !== 0 && !isAllowedAddress(host, true)) {
    problems.add([...path, 'otlp'], `${host} is not an address that may be connected to`)
  }
  const base = url.href.replace(/\/+$/, '')
  const { headers, sample } = entry
  return { url: base.endsWith('/v1/traces') ? base : `${base}/v1/traces`, headers, sample }
}

function checkHeader(path: Path, name: string, { document, problems }: LoadContext): void {
  const isReserved = reservedHeaders.has(name.toLowerCase()) && name.toLowerCase() !== 'authorization'
  if (!headerName.test(name) || isReserved) {
    problems.add(path, `expected the name of a header, found ${JSON.stringify(name)}`, 'key')
  }
  if (mayCarrySecret(name) && !scalarAt(document, path)?.inserted.length) {
    problems.warn(path, `a secret stands in the file itself; better: \${VAR} or \${file:/path}`)
  }
}

/** What of the headers may not be shown: all that were not written whole, and those that carry secrets by their name. */
export function tracingSecrets(tracing: TracingSettings | undefined, { document }: LoadContext): string[] {
  return keysAt(document, ['tracing', 'headers']).flatMap((name) => {
    const value = tracing?.headers[name]
    const inserted = scalarAt(document, ['tracing', 'headers', name])?.inserted ?? []
    if (value === undefined || (inserted.length === 0 && !mayCarrySecret(name))) return []
    return headerSecrets(
      value,
      inserted.map((part) => part.value),
    )
  })
}
