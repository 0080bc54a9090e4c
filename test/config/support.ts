import { z } from 'zod'
import type { SourceSchema } from '../../src/config/config.js'

/** Small kinds of sources, so that the loader is tested by itself. */
export const kinds: readonly SourceSchema[] = [
  {
    kind: 'github',
    options: z.object({
      secret: z.union([
        z.string().min(16, 'expected a secret of at least 16 bytes'),
        z.array(z.string()).min(1),
      ]),
      max_body: z.int().min(1).optional(),
    }),
    idNames: () => ['repo', 'run', 'issue'],
  },
  {
    kind: 'stripe',
    options: z.object({ secret: z.union([z.string(), z.array(z.string()).min(1)]) }),
    idNames: () => ['charge', 'dispute'],
  },
  {
    kind: 'schedule',
    options: z.object({
      cron: z.string().refine((text) => text.includes(' '), {
        error: ({ input }) => `"${String(input)}" is not a cron expression`,
      }),
    }),
    idNames: () => [],
  },
  {
    kind: 'custom',
    options: z.object({
      verify: z.discriminatedUnion('scheme', [
        z.strictObject({ scheme: z.literal('hmac'), secret: z.string(), hash: z.enum(['sha1', 'sha256']) }),
        z.strictObject({ scheme: z.literal('token'), secret: z.string(), header: z.string() }),
      ]),
      ids: z.record(z.string(), z.string()).optional(),
    }),
    idNames: (options) => Object.keys((options as { ids?: object }).ids ?? {}),
  },
  {
    kind: 'poll',
    options: z.object({
      every: z.string(),
      request: z.strictObject({
        get: z.string(),
        query: z.record(z.string(), z.string()).optional(),
        credential: z.string().optional(),
        private: z.boolean().optional(),
      }),
    }),
    idNames: () => ['deal'],
  },
]

/** Every secret that a fixture may use, none of which may ever be shown. */
export const environment = {
  OPENAI_API_KEY: 'sk-live-3f9a1c77e0b24d',
  GITHUB_WEBHOOK_SECRET: 'f1d2a3c4b5e6978890aa11bb',
  STRIPE_WEBHOOK_SECRET: 'whsec_9c1d3f5b7a2e4c6d',
  GITHUB_TOKEN: 'ghp_R4nd0mL00kingT0ken',
  STRIPE_API_KEY: 'sk_live_Zk29sLqPw0',
  DESK_USER: 'ops@acme.test/token',
  DESK_TOKEN: 'zd_77c0ffee77c0ffee',
  SHORT: 'abc123',
  PLACEHOLDER: 'changeme-changeme',
  EMPTY: '',
  PORT_TEXT: '9123',
  TURNS: '7',
  TRUE_TEXT: 'true',
  API_BASE: 'https://api.github.com',
  SNEAKY: `x\${{ event.data.title }}x`,
  NESTED: `\${GITHUB_TOKEN}`,
  BAD_VALUE: 'hunter2-hunter2-hunter2',
}
