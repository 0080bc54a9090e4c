import { z } from 'zod'
import { text } from './scalars.js'

const endpoint = 'a URL such as http://127.0.0.1:4318'

export const tracingSchema = z
  .strictObject({
    otlp: text(endpoint, 2000).describe(
      'The OTLP endpoint (HTTP, JSON) that spans are sent to; `/v1/traces` is added where it does not stand there.',
    ),
    headers: z
      .record(z.string(), z.string({ error: 'expected text' }).max(4000))
      .prefault({})
      .describe(
        'Headers of what is sent there, such as `authorization`. What a variable or a file puts in is a secret.',
      ),
    sample: z
      .number({ error: 'expected a number from 0 to 1' })
      .min(0, 'expected a number from 0 to 1')
      .max(1, 'expected a number from 0 to 1')
      .prefault(1)
      .describe(
        'Which share of all traces is sent: `0.1` is one of ten. A trace is sent whole or not at all.',
      ),
  })
  .describe('Traces, by OpenTelemetry: one for each event, from the delivery to the outcome. Read at start.')
