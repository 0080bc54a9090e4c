import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join, resolve } from 'node:path'
import {
  type Mutation,
  mutatedDist,
  withNormalSync,
  withoutDedupe,
  withoutFsync,
} from '../test/support/mutated-dist.js'
import { type Served, serve } from './processes.js'

const root = resolve(import.meta.dirname, '..')
const tsx = [process.execPath, '--import', 'tsx']

export interface GuaranteeSetting {
  readonly directory: string
  readonly secret: string
  /** Sends `count` signed deliveries and gives how many were acknowledged a second. */
  readonly load: (port: number, count: number) => Promise<{ acked: number; seconds: number }>
  readonly count: number
}

export interface GuaranteeCost {
  readonly name: string
  readonly perSecond: number
  /** Against the first row. */
  readonly ofCeiling: number
}

const variants: readonly { name: string; mutations: readonly Mutation[] }[] = [
  { name: 'rouse', mutations: [] },
  { name: 'rouse, fsync left to chance', mutations: [withNormalSync] },
  { name: 'rouse, no fsync at all', mutations: [withoutFsync] },
  { name: 'rouse, no dedupe', mutations: [withoutDedupe] },
  { name: 'rouse, neither', mutations: [withoutFsync, withoutDedupe] },
]

/** Acknowledged deliveries a second, each guarantee taken out in turn, beside a server that gives one of them. */
export async function deliveryCosts(setting: GuaranteeSetting): Promise<GuaranteeCost[]> {
  const { directory, secret } = setting
  const ceiling = await serve({
    command: [...tsx, join(root, 'bench/ceiling.ts'), join(directory, 'guarantees-ceiling.db'), secret],
    stream: 'stdout',
  })
  const rates = [{ name: 'bare server, fsync, unique id', perSecond: await warmRate(ceiling, setting) }]
  await ceiling.stop()
  for (const { name, mutations } of variants) {
    const config = `sources: { ci: { kind: github, secret: "${secret}" } }\n`
    const perSecond = await withVariant(setting, mutations, config, (served) => warmRate(served, setting))
    rates.push({ name, perSecond })
  }
  return against(rates)
}

/** Events a second from the first delivery to the last effect at the API, one write for each. */
export async function effectCosts(setting: GuaranteeSetting): Promise<GuaranteeCost[]> {
  const { secret } = setting
  const api = await startApi()
  const bare = await serve({
    command: [...tsx, join(root, 'bench/bare-loop.ts'), `http://127.0.0.1:${api.port}`, secret],
    stream: 'stdout',
  })
  const rates = [{ name: 'bare loop, nothing promised', perSecond: await effectRate(bare, api, setting) }]
  await bare.stop()
  for (const { name, mutations } of variants.slice(0, 3)) {
    const config = agentConfig(`http://127.0.0.1:${api.port}`, secret)
    const perSecond = await withVariant(setting, mutations, config, (served) =>
      effectRate(served, api, setting),
    )
    rates.push({ name, perSecond })
  }
  api.close()
  return against(rates)
}

function against(rates: readonly { name: string; perSecond: number }[]): GuaranteeCost[] {
  const ceiling = rates[0]?.perSecond ?? Number.NaN
  return rates.map(({ name, perSecond }) => ({ name, perSecond, ofCeiling: perSecond / ceiling }))
}

async function warmRate(served: Served, { load, count }: GuaranteeSetting): Promise<number> {
  await load(served.port, Math.ceil(count / 2))
  const { acked, seconds } = await load(served.port, count)
  return acked / seconds
}

async function effectRate(served: Served, api: Api, { load, count }: GuaranteeSetting): Promise<number> {
  const warm = Math.ceil(count / 8)
  await Promise.all([api.received(warm), load(served.port, warm)])
  const events = Math.ceil(count / 4)
  const startedAt = performance.now()
  await Promise.all([api.received(events), load(served.port, events)])
  return events / ((performance.now() - startedAt) / 1000)
}

let variant = 0
async function withVariant<Value>(
  { directory }: GuaranteeSetting,
  mutations: readonly Mutation[],
  config: string,
  measure: (served: Served) => Promise<Value>,
): Promise<Value> {
  const build = mutatedDist(mutations)
  const home = join(directory, `guarantees-${variant++}`)
  mkdirSync(home)
  const file = join(home, 'config.yaml')
  const head = `version: 1\nserver: { hooks: "127.0.0.1:0", admin: off }\nstore: "sqlite:./rouse.db"\n`
  const model = `models: { default: { base_url: "scripted:./script.json", model: scripted } }\n`
  const turns = [{ call: 'charge', args: { amount: 5 } }, { say: 'Done.' }]
  writeFileSync(join(home, 'script.json'), JSON.stringify([{ agent: 'charger', turns }]))
  writeFileSync(join(home, 'charger.md'), 'Charge once.\n')
  writeFileSync(file, head + model + config)
  const served = await serve({
    command: [process.execPath, build.main, 'start', '-c', file],
    stream: 'stderr',
  })
  try {
    return await measure(served)
  } finally {
    await served.stop()
    build.remove()
  }
}

interface Api {
  readonly port: number
  /** Resolves when it was asked to do `count` more writes. */
  received(count: number): Promise<void>
  close(): void
}

async function startApi(): Promise<Api> {
  let seen = 0
  let wanted = Number.POSITIVE_INFINITY
  let onWanted = () => {}
  const server = createServer((incoming, outgoing) => {
    incoming.resume().on('end', () => {
      outgoing.writeHead(200, { 'content-type': 'application/json', 'content-length': 2 }).end('{}')
      if (++seen >= wanted) onWanted()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    received: (count) =>
      new Promise((resolve) => {
        wanted = seen + count
        onWanted = resolve
      }),
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

function agentConfig(api: string, secret: string): string {
  return `sources: { ci: { kind: github, secret: "${secret}" } }
tools:
  charge:
    description: Charge.
    post: ${api}/charges
    effect: destructive
    args: { amount: { type: integer, min: 1, max: 10 } }
    form: { amount: "\${{ args.amount }}", issue: "\${{ ids.issue }}" }
    idempotency: { header: Idempotency-Key, ttl: 1h }
    on_unknown: retry
agents:
  charger:
    on: { source: ci, type: issues.opened }
    instructions: charger.md
    tools: [{ charge: { gate: auto } }]
    limits: { runs: 1000000/day, runs_per_actor: 1000000/day }
`
}
