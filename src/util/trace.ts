/** Where spans go. Read once, at start. */
export interface TracingSettings {
  /** Of the traces of an OTLP endpoint, whole: `http://127.0.0.1:4318/v1/traces`. */
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** Which share of all traces is sent, from 0 to 1. */
  readonly sample: number
}

/** Ids, names of the configuration, codes, counts; never a text that came from outside. */
export type SpanAttributes = Readonly<
  Record<string, string | number | boolean | readonly string[] | undefined>
>

export interface SpanStart {
  readonly name: string
  /** `server` answers somebody, `client` asks somebody. */
  readonly kind?: 'server' | 'client'
  readonly attributes?: SpanAttributes
  /** Epoch milliseconds; now, when left out. */
  readonly startedAt?: number
}

/** One piece of work with a beginning and an end, as OpenTelemetry has it. */
export interface Span {
  /** W3C Trace Context, for the header of a request that belongs to it. */
  readonly traceparent: string
  child(start: SpanStart): Span
  set(attributes: SpanAttributes): void
  /** Says that it did not work, and why. */
  fail(code: string): void
  /** Nothing may be said of it afterwards. */
  end(): void
}

/** Which trace, and which span of it is the root. Both are hex, of 16 and of 8 bytes. */
export interface TraceRoot {
  readonly traceId: string
  readonly spanId: string
}

/** Where traces are off there is none: whoever may have one does nothing then. */
export interface Tracer {
  /** Begins the root span itself. */
  begin(root: TraceRoot, start: SpanStart): Span
  /** The root, for children; it is or was begun elsewhere, perhaps by another process. */
  under(root: TraceRoot): Pick<Span, 'child'>
  /** Sends what is not sent yet, as far as that works within `graceMs`. */
  close(graceMs: number): Promise<void>
}

/** Does `work` within a span of its own, which ends with it and has the code of what it throws. */
export async function within<Result>(
  parent: Pick<Span, 'child'> | undefined,
  start: SpanStart,
  work: (span: Span | undefined) => Promise<Result>,
): Promise<Result> {
  if (parent === undefined) return work(undefined)
  const span = parent.child(start)
  try {
    return await work(span)
  } catch (error) {
    span.fail(codeOf(error))
    throw error
  } finally {
    span.end()
  }
}

/** Never the message: that may tell what came from outside. */
function codeOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'string' && /^[\w.]{1,64}$/.test(code) ? code : '_OTHER'
}
