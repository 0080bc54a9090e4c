import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { World } from './world.js'

/** Which agent an event wakes, by the action of the delivery; a polled record wakes an agent of its own. */
export const agents = {
  key: 'opened',
  probe: 'edited',
  neither: 'closed',
  approved: 'reopened',
} as const
export type Kind = keyof typeof agents | 'polled'

export interface LaneSetting {
  readonly directory: string
  readonly port: number
  readonly world: World
  /** The newest first. */
  readonly secrets: readonly string[]
  /** Grows with each change of the file. */
  readonly revision: number
}

/** Of a lane that begins; a change of its configuration is `writeSetting` alone. */
export async function writeScript(directory: string): Promise<void> {
  const turns = [{ call: 'charge', args: { amount: 5 } }, { say: 'Done.' }]
  const script = ['key', 'probe', 'neither', 'approved', 'polled'].map((agent) => ({
    agent,
    turns: turns.map((turn) => ('call' in turn ? { ...turn, call: toolOf(agent) } : turn)),
  }))
  await writeFile(join(directory, 'script.json'), JSON.stringify(script))
}

export async function writeSetting(setting: LaneSetting): Promise<void> {
  await writeFile(join(setting.directory, 'config.yaml'), configOf(setting))
  await writeFile(join(setting.directory, 'agent.md'), `Charge once. Revision ${setting.revision}.\n`)
}

function toolOf(agent: string): string {
  return agent === 'polled' ? 'charge_deal' : agent === 'approved' ? 'charge_key' : `charge_${agent}`
}

function configOf({ port, world, secrets, revision }: LaneSetting): string {
  const charge = `effect: destructive
    args: { amount: { type: integer, min: 1, max: 10 } }`
  const agent = (name: string, on: string, tool: string, gate = 'auto') => `
  ${name}:
    on: ${on}
    instructions: agent.md
    tools: [{ ${tool}: { gate: ${gate} } }]
    limits: { runs: 1000000/day, runs_per_actor: 1000000/day }`
  const github = (name: keyof typeof agents, gate?: string) =>
    agent(name, `{ source: ci, type: issues.${agents[name]} }`, toolOf(name), gate)
  return `version: 1 # revision ${revision}
server: { hooks: "127.0.0.1:${port}", admin: off }
store: "sqlite:./rouse.db"
models: { default: { base_url: "scripted:./script.json", model: scripted } }
sources:
  ci: { kind: github, secret: ${JSON.stringify(secrets)} }
  crm:
    kind: poll
    every: 1s
    request: { get: "${world.origin}/deals", private: true }
    records: data
    event: { id: id, type: deal.updated, subject: id, time: updated_at }
    ids: { deal: "id ~ ^deal_[0-9]+$" }
    cursor: { kind: none }
    first_run: all
tools:
  list_things:
    description: What was done for the issue.
    get: ${world.origin}/things
    query: { issue: "\${{ ids.issue }}" }
  charge_key:
    description: Charge.
    post: ${world.origin}/charges
    ${charge}
    form: { issue: "\${{ ids.issue }}", text: "\${{ args.amount }}" }
    idempotency: { header: Idempotency-Key, ttl: 1h }
    on_unknown: retry
  charge_deal:
    description: Charge.
    post: ${world.origin}/charges
    ${charge}
    form: { issue: "\${{ ids.deal }}", text: "\${{ args.amount }}" }
    idempotency: { header: Idempotency-Key, ttl: 1h }
    on_unknown: retry
  charge_probe:
    description: Charge.
    post: ${world.origin}/charges
    ${charge}
    form: { issue: "\${{ ids.issue }}", text: "\${{ args.amount }} \${{ marker }}" }
    on_unknown: probe
    probe: { tool: list_things, settle: 100ms }
  charge_neither:
    description: Charge.
    post: ${world.origin}/charges
    ${charge}
    form: { issue: "\${{ ids.issue }}", text: "\${{ args.amount }}" }
agents:${github('key')}${github('probe')}${github('neither')}${github('approved', 'approve')}${agent('polled', '{ source: crm }', 'charge_deal')}
`
}
