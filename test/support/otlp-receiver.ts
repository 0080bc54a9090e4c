import { z } from 'zod'
import { RecordingApi } from './recording-api.js'

const value = z.union([
  z.object({ stringValue: z.string() }).transform(({ stringValue }) => stringValue),
  z.object({ intValue: z.union([z.number(), z.string()]) }).transform(({ intValue }) => Number(intValue)),
  z.object({ doubleValue: z.number() }).transform(({ doubleValue }) => doubleValue),
  z.object({ boolValue: z.boolean() }).transform(({ boolValue }) => boolValue),
  z
    .object({ arrayValue: z.object({ values: z.array(z.object({ stringValue: z.string() })) }) })
    .transform(({ arrayValue }) => arrayValue.values.map(({ stringValue }) => stringValue)),
])
const attributes = z
  .array(z.object({ key: z.string(), value }))
  .transform((list) => Object.fromEntries(list.map((entry) => [entry.key, entry.value])))
const nanoseconds = z.string().transform((text) => Number(BigInt(text) / 1_000_000n))
const spanSchema = z.object({
  traceId: z.string().regex(/^[0-9a-f]{32}$/),
  spanId: z.string().regex(/^[0-9a-f]{16}$/),
  parentSpanId: z.string().optional(),
  name: z.string(),
  kind: z.number(),
  startTimeUnixNano: nanoseconds,
  endTimeUnixNano: nanoseconds,
  attributes,
  status: z.object({ code: z.number().optional(), message: z.string().optional() }),
})
const exportSchema = z.object({
  resourceSpans: z.array(
    z.object({
      resource: z.object({ attributes }),
      scopeSpans: z.array(z.object({ spans: z.array(spanSchema) })),
    }),
  ),
})

export type ReceivedSpan = z.output<typeof spanSchema>

/** An OTLP endpoint over HTTP, which decodes the JSON form of the protocol and keeps the spans. */
export class OtlpReceiver {
  private constructor(readonly api: RecordingApi) {}

  static async start(): Promise<OtlpReceiver> {
    return new OtlpReceiver(await RecordingApi.start())
  }

  get origin(): string {
    return this.api.origin
  }

  get spans(): ReceivedSpan[] {
    return this.#exports.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans))
  }

  /** What the senders say of themselves, one for each request. */
  get resources(): Record<string, unknown>[] {
    return this.#exports.map(({ resource }) => resource.attributes)
  }

  get #exports() {
    return this.api.requests.flatMap(({ body }) => exportSchema.parse(JSON.parse(body)).resourceSpans)
  }

  close(): Promise<void> {
    return this.api.close()
  }
}
