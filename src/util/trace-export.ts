import { createRequire } from 'node:module'
import type { Context, Span as OtelSpan, Tracer as OtelTracer } from '@opentelemetry/api'
import type { SpanExporter } from '@opentelemetry/sdk-trace-base'
import { type Clock, sleep } from './clock.js'
import { agentOptions, type NetworkOptions } from './fetch.js'
import type { Logger } from './log.js'
import type { Span, SpanAttributes, SpanStart, TraceRoot, Tracer, TracingSettings } from './trace.js'

/** What traces need beside rouse, each with the versions that it was tried with. */
export const tracingPackages: Readonly<Record<string, string>> = {
  '@opentelemetry/sdk-trace-base': '2',
  '@opentelemetry/resources': '2',
  '@opentelemetry/exporter-trace-otlp-http': '0.223',
}

/** The line that installs them; undefined where all of them are there. */
export function missingTracingPackages(
  isInstalled: (name: string) => boolean = isPackageInstalled,
): string | undefined {
  const packages = Object.entries(tracingPackages)
  if (packages.every(([name]) => isInstalled(name))) return undefined
  return `npm install ${packages.map(([name, version]) => `${name}@${version}`).join(' ')}`
}

function isPackageInstalled(name: string): boolean {
  try {
    createRequire(import.meta.url).resolve(name)
    return true
  } catch {
    return false
  }
}

export interface TracerOptions {
  readonly clock: Clock
  readonly log: Logger
  readonly version: string
  /** Name of this process, as in leases. */
  readonly node: string
  readonly network?: Pick<NetworkOptions, 'lookup'>
}

const sendEveryMs = 1000
const exportTimeoutMs = 5000
/** Spans that wait to be sent; what is beyond is not kept. */
const queueSize = 8192
const longestValue = 200

/** Spans go to an OTLP endpoint, in batches, and never hold up what they tell of. Nothing is loaded before. */
export async function openTracer(settings: TracingSettings, options: TracerOptions): Promise<Tracer> {
  const [api, sdk, { resourceFromAttributes }, { OTLPTraceExporter }] = await Promise.all([
    import('@opentelemetry/api'),
    import('@opentelemetry/sdk-trace-base'),
    import('@opentelemetry/resources'),
    import('@opentelemetry/exporter-trace-otlp-http'),
  ])
  const { clock, log, version, node, network } = options
  const exporter = new OTLPTraceExporter({
    url: settings.url,
    headers: { ...settings.headers },
    timeoutMillis: exportTimeoutMs,
    // It takes no fetch. The operator names the endpoint, which is often on this machine.
    httpAgentOptions: agentOptions(true, network),
  })
  const random = new sdk.RandomIdGenerator()
  /** Ids of the span that is begun next, where they are not random. */
  let next: TraceRoot | undefined
  const provider = new sdk.BasicTracerProvider({
    resource: resourceFromAttributes({
      'service.name': 'rouse',
      'service.version': version,
      'service.instance.id': node,
    }),
    // By the trace's id alone, so that every process decides alike.
    sampler: new sdk.TraceIdRatioBasedSampler(settings.sample),
    idGenerator: {
      generateTraceId: () => next?.traceId ?? random.generateTraceId(),
      generateSpanId: () => next?.spanId ?? random.generateSpanId(),
    },
    spanLimits: { attributeValueLengthLimit: longestValue },
    spanProcessors: [
      new sdk.BatchSpanProcessor(telling(exporter, settings.url, log), {
        scheduledDelayMillis: sendEveryMs,
        exportTimeoutMillis: exportTimeoutMs,
        maxQueueSize: queueSize,
      }),
    ],
  })
  const spans = new Spans(api, provider.getTracer('rouse', version), clock)
  log.info({ to: new URL(settings.url).origin, sample: settings.sample }, 'traces are sent')
  return {
    begin(root, start) {
      next = root
      try {
        return spans.begin(start, api.ROOT_CONTEXT)
      } finally {
        next = undefined
      }
    },
    under: (root) => {
      const traceFlags = api.TraceFlags.SAMPLED
      const context = api.trace.setSpanContext(api.ROOT_CONTEXT, { ...root, traceFlags, isRemote: true })
      return { child: (start) => spans.begin(start, context) }
    },
    async close(graceMs) {
      const ended = provider.shutdown().catch(() => undefined)
      const enough = new AbortController()
      await Promise.race([ended, sleep(graceMs, enough.signal).catch(() => undefined)])
      enough.abort()
    },
  }
}

type Api = typeof import('@opentelemetry/api')

class Spans {
  constructor(
    private readonly api: Api,
    private readonly tracer: OtelTracer,
    private readonly clock: Clock,
  ) {}

  begin({ name, kind, attributes = {}, startedAt = this.clock.now() }: SpanStart, context: Context): Span {
    const { SpanKind, SpanStatusCode, trace } = this.api
    const kinds = { server: SpanKind.SERVER, client: SpanKind.CLIENT }
    const beganAt = this.clock.monotonic() - Math.max(0, this.clock.now() - startedAt)
    const span: OtelSpan = this.tracer.startSpan(
      name,
      {
        kind: kind === undefined ? SpanKind.INTERNAL : kinds[kind],
        startTime: startedAt,
        attributes: known(attributes),
      },
      context,
    )
    const { traceId, spanId, traceFlags } = span.spanContext()
    return {
      traceparent: `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`,
      child: (start) => this.begin(start, trace.setSpan(context, span)),
      set: (more) => void span.setAttributes(known(more)),
      fail(code) {
        span.setAttribute('error.type', code)
        span.setStatus({ code: SpanStatusCode.ERROR })
      },
      end: () => span.end(startedAt + (this.clock.monotonic() - beganAt)),
    }
  }
}

function known(attributes: SpanAttributes): Record<string, string | number | boolean | string[]> {
  return Object.fromEntries(
    Object.entries(attributes).flatMap(([name, value]) => {
      if (value === undefined) return []
      return [[name, typeof value === 'object' ? [...value] : value]]
    }),
  )
}

/** Says once that spans cannot be sent, and once that they can be again. */
function telling(exporter: SpanExporter, url: string, log: Logger): SpanExporter {
  let lost = 0
  const { origin } = new URL(url)
  return {
    export: (spans, onResult) =>
      exporter.export(spans, (result) => {
        if (result.code === 0) {
          if (lost > 0) log.info({ to: origin, lost }, 'traces are sent again')
          lost = 0
        } else {
          if (lost === 0)
            log.warn({ to: origin }, 'traces cannot be sent; their spans are lost until they can')
          lost += spans.length
        }
        onResult(result)
      }),
    shutdown: () => exporter.shutdown(),
    forceFlush: () => exporter.forceFlush?.() ?? Promise.resolve(),
  }
}
