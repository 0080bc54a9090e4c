import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { framed } from '../../../src/admin/page-route.js'
import type { PageOptions, PageRequest } from '../../../src/admin/pages/page.js'
import { pages } from '../../../src/admin/pages/registry.js'
import type { Config } from '../../../src/config/config.js'
import { loadConfig } from '../../../src/config/load.js'
import { openSources } from '../../../src/ingest/sources.js'
import { sourceKinds } from '../../../src/sources/registry.js'
import type { Store } from '../../../src/store/store.js'
import { type FilledLedger, fillLedger } from '../../cli/filled-ledger.js'
import { now } from '../../cli/recorded.js'
import { testContext } from '../../sources/setting.js'

const kinds = Object.values(sourceKinds)

/** What nothing that is shown may hold. */
export const secret = 'whsec_k7Gq2nV9xB4tLw8sRz3mYc6pQe1u'

const configText = `
version: 1
server: { public_url: "https://hooks.example.com" }
store: sqlite:./ledger/rouse.db
models:
  default: { base_url: "scripted:", model: scripted, price: { input: 1, output: 2 } }
credentials:
  stripe: { bearer: "sk_live_9fQ2mXb71LzKw4", origins: ["https://api.stripe.com"] }
sources:
  payments: { kind: stripe, secret: ["${secret}", "whsec_oldG2nV9xB4tLw8sRz3mYc6pQe1u"] }
  crm:
    kind: poll
    every: 1m
    request: { get: "https://crm.example.com/api/deals" }
    event: { id: id, type: deal.updated }
tools:
  get_charge: { description: The charge., get: "https://api.stripe.com/v1/charges/{charge}", credential: stripe }
  refund:
    description: Refund the charge.
    post: https://api.stripe.com/v1/refunds
    credential: stripe
    effect: destructive
    args: { amount: { type: integer, min: 1 } }
    form: { charge: "\${{ ids.charge }}", amount: "\${{ args.amount }}" }
    facts: { charge: get_charge }
    idempotency: { header: Idempotency-Key, ttl: 23h }
    on_unknown: retry
agents:
  disputes:
    on: { source: payments, type: charge.dispute.created, if: data.amount < 5000 }
    instructions: disputes.md
    tools:
      - get_charge
      - refund: { gate: approve, if: args.amount <= 5000, max: 1/subject, sum: { amount: 20000/day } }
    limits: { turns: 12, cost: 0.50 USD, runs: 50/day }
  watcher:
    on: { source: payments, type: "*" }
    instructions: disputes.md
    mode: shadow
    tools: [refund: { gate: auto, max: 1/subject, sum: { amount: 20000/day } }]
`

export interface Drawn {
  readonly ledger: FilledLedger
  readonly config: Config
  readonly options: PageOptions
  /** The page, over the ledger as it is but for what `how.store` says of it. */
  draw(path: string, how?: Partial<How>): Promise<string>
  stop(): Promise<void>
}

interface How {
  readonly role: 'read' | 'approve'
  readonly store: Partial<Store>
  readonly options: Partial<PageOptions>
  readonly isPart: boolean
}

export async function startDrawing(text = configText): Promise<Drawn> {
  const ledger = await fillLedger()
  const file = join(ledger.directory, 'drawn.yaml')
  await writeFile(file, text)
  await writeFile(join(ledger.directory, 'disputes.md'), 'Refund what was charged twice.\n')
  const config = await loadConfig({ file, environment: {}, kinds })
  const opened = openSources(config.sources.values(), kinds, () => testContext)
  const options: PageOptions = {
    store: ledger.store,
    clock: { now: () => now, monotonic: () => 0 },
    config: () => config,
    sources: () => opened,
    kinds,
    unready: () => undefined,
    onDecided: () => undefined,
  }
  return {
    ledger,
    config,
    options,
    draw: (path, how = {}) => draw(path, how, options),
    stop: () => ledger.close(),
  }
}

async function draw(
  path: string,
  { role = 'approve', store = {}, options: more = {}, isPart = false }: Partial<How>,
  options: PageOptions,
): Promise<string> {
  const page = pages.find((one) => one.method === 'GET' && one.path.test(path))
  if (!page) throw new Error(`there is no page ${path}`)
  const [, ...captured] = page.path.exec(path) ?? []
  const empty = new URLSearchParams()
  const caller = { role, name: `${role} token` }
  const request: PageRequest = { captured, query: empty, form: empty, caller, isPart }
  const all = { ...options, ...more, store: { ...options.store, ...store } }
  const shown = await page.show(request, all)
  if (shown.kind === 'redirect') throw new Error('it leads elsewhere')
  return isPart ? (await shown.html).toString() : framed(page, shown, caller, all)
}
