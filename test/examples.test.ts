import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { createdDispute, createdTicket, failedWorkflowRun, type Letter } from '../src/cli/demo/letters.js'
import { script } from '../src/cli/demo/script.js'
import type { Config } from '../src/config/config.js'
import { loadConfig } from '../src/config/load.js'
import type { Grant } from '../src/domain/agent.js'
import type { Event } from '../src/domain/event.js'
import { match } from '../src/ingest/match.js'
import { parseScript } from '../src/models/script.js'
import { sourceKinds } from '../src/sources/registry.js'
import type { JsonObject } from '../src/util/json.js'
import { testContext } from './sources/setting.js'

const root = fileURLToPath(new URL('..', import.meta.url))
const read = (path: string) => readFile(`${root}${path}`, 'utf8')
const now = Date.UTC(2026, 10, 21, 7)

const variables = (text: string) =>
  new Set([...text.matchAll(/\$\{([A-Z][A-Z0-9_]*)/g)].map(([, name]) => name))
const documented = (text: string) =>
  new Set([...text.matchAll(/^#?([A-Z][A-Z0-9_]*)=/gm)].map(([, name]) => name))

/** What `.env.example` asks for, filled in; addresses only where a test needs other ones. */
async function loadExample(addresses: Readonly<Record<string, string>> = {}): Promise<Config> {
  const required = [...(await read('.env.example')).matchAll(/^([A-Z][A-Z0-9_]*)=(.*)$/gm)]
  const environment = Object.fromEntries(
    required.map(([, name = '', value = '']) => [name, value || `${name.toLowerCase()}-5f2c81d09a7e4b36`]),
  )
  const kinds = Object.values(sourceKinds)
  return loadConfig({ file: `${root}config.yaml`, environment: { ...environment, ...addresses }, kinds })
}

function grantOf({ agents }: Config, agent: string, tool: string): Grant {
  const grant = agents.get(agent)?.grants.find((candidate) => candidate.tool === tool)
  if (!grant) throw new Error(`${agent} has no ${tool}`)
  return grant
}

/** The event that the configured source makes of a delivery. */
function eventOf(config: Config, letter: Letter): Event {
  const settings = config.sources.get(letter.source)
  const source = Object.values(sourceKinds)
    .find(({ kind }) => kind === settings?.kind)
    ?.open?.(settings?.options, testContext)
  if (!source) throw new Error(`${letter.source} takes no deliveries`)
  const headers = Object.entries(
    source.sign({ body: letter.body, type: letter.type, id: letter.id }, now).headers,
  ).flat()
  const delivery = {
    id: 'dlv_1',
    source: letter.source,
    receivedAt: now,
    method: 'POST',
    url: '/',
    rawHeaders: headers,
    body: letter.body,
  }
  const verified = source.verify(delivery, now)
  const [draft] = source.events(verified)
  if (!draft) throw new Error('no event')
  const { type, subject, time, ids, data = verified.json() } = draft
  return {
    id: 'evt_1',
    source: letter.source,
    type,
    subject,
    time,
    recordedAt: now,
    via: 'webhook',
    ids,
    actor: undefined,
    isPublic: false,
    echoOf: undefined,
    chain: 0,
    data,
  }
}

const woken = (event: Event, { agents }: Config) =>
  match(event, agents.values())
    .filter(({ reason }) => reason === 'matched')
    .map(({ agent }) => agent)

const changed = (letter: Letter, from: string, to: string): Letter => {
  const text = Buffer.from(letter.body).toString()
  expect(text).toContain(from)
  return { ...letter, body: Buffer.from(text.replace(from, to)) }
}

describe('config.yaml and agents/', () => {
  it('load with what .env.example asks for, without a warning', async () => {
    const config = await loadExample()
    expect(config.warnings).toEqual([])
    expect([...config.agents.keys()]).toEqual(['ci-doctor', 'disputes', 'ticket-triage'])
    expect([...config.sources.values()].map(({ kind }) => kind)).toEqual([
      'github',
      'stripe',
      'zendesk',
      'poll',
    ])
  })

  it('load with other addresses of the APIs, local ones too', async () => {
    const local = 'http://127.0.0.1:4010'
    const config = await loadExample({
      GITHUB_API_URL: local,
      STRIPE_API_URL: local,
      ZENDESK_URL: local,
      CRM_URL: local,
    })
    expect([...new Set([...config.tools.values()].map(({ origin }) => origin))]).toEqual([local])
  })

  it('name the same variables as .env.example', async () => {
    expect(variables(await read('config.yaml'))).toEqual(documented(await read('.env.example')))
  })

  it('bind only ids that a source of the agent or an earlier answer gives', async () => {
    const { agents, sources, tools } = await loadExample()
    for (const { on, grants } of agents.values()) {
      const given = new Set(on.flatMap(({ source }) => sources.get(source)?.idNames ?? []))
      const granted = grants.flatMap(({ tool }) => tools.get(tool) ?? [])
      for (const { yields } of granted) for (const name of Object.keys(yields)) given.add(name)
      for (const { boundIds } of granted) expect([...given]).toEqual(expect.arrayContaining([...boundIds]))
    }
  })

  it('let a write through without a person only where it can be undone or is made once', async () => {
    const { agents, tools } = await loadExample()
    for (const { grants } of agents.values()) {
      for (const { tool, gate, max } of grants) {
        const effect = tools.get(tool)?.effect
        if (effect === 'destructive') expect([tool, gate]).toEqual([tool, 'approve'])
        if (effect === 'write') expect(max.length, tool).toBeGreaterThan(0)
      }
    }
  })

  it('have instructions that name only tools which their agent has', async () => {
    const { agents, tools } = await loadExample()
    for (const { name, instructions, grants } of agents.values()) {
      const granted = grants.map(({ tool }) => tool)
      const named = [...instructions.matchAll(/`([a-z_]+)`/g)].map(([, word = '']) => word)
      const foreign = named.filter((word) => tools.has(word) && !granted.includes(word))
      expect([name, foreign]).toEqual([name, []])
      expect(instructions.split('\n').length, name).toBeLessThanOrEqual(80)
    }
  })

  it('explain each tag and priority that the triage may set', async () => {
    const { agents, tools } = await loadExample()
    const args = tools.get('set_priority_and_tags')?.args ?? {}
    const values = Object.values(args).flatMap((arg) => ('values' in arg ? arg.values : []))
    expect(values.length).toBeGreaterThan(5)
    for (const value of values) expect(agents.get('ticket-triage')?.instructions).toContain(`\`${value}\``)
  })
})

describe('the agents of config.yaml', () => {
  it('are woken by the event that they are for, and by no other', async () => {
    const config = await loadExample()
    const build = failedWorkflowRun(now)
    const ticket = createdTicket(now)
    expect(woken(eventOf(config, build), config)).toEqual(['ci-doctor'])
    expect(woken(eventOf(config, changed(build, '"failure"', '"success"')), config)).toEqual([])
    expect(woken(eventOf(config, createdDispute(now)), config)).toEqual(['disputes'])
    expect(woken(eventOf(config, ticket), config)).toEqual(['ticket-triage'])
    expect(woken(eventOf(config, changed(ticket, '"web_form"]', '"onboarding"]')), config)).toEqual([])
  })

  it('rerun a build only on its first attempt', async () => {
    const config = await loadExample()
    const { condition } = grantOf(config, 'ci-doctor', 'rerun_failed_jobs')
    const allows = (letter: Letter) => {
      const { ids } = eventOf(config, letter)
      return condition?.evaluate({ args: {}, facts: {}, event: {}, ids: { ...ids } })
    }
    expect(allows(failedWorkflowRun(now))).toBe(true)
    expect(allows(changed(failedWorkflowRun(now), '"run_attempt":1', '"run_attempt":2'))).toBe(false)
  })

  it('refund at most what is left, at most 50.00 USD, and never after a chargeback', async () => {
    const { condition, gate } = grantOf(await loadExample(), 'disputes', 'refund')
    const allows = (
      amount: number,
      facts: { refunded?: number; charge?: number; open?: boolean; currency?: string },
    ) => {
      const charge: JsonObject = {
        amount: facts.charge ?? 9000,
        amount_refunded: facts.refunded ?? 0,
        currency: facts.currency ?? 'usd',
      }
      const dispute: JsonObject = { is_charge_refundable: facts.open ?? true }
      return condition?.evaluate({ args: { amount }, facts: { charge, dispute }, ids: {}, event: {} })
    }
    expect(gate).toBe('approve')
    expect(allows(5000, {})).toBe(true)
    expect(allows(5001, {})).toBe(false)
    expect(allows(4200, { charge: 4200 })).toBe(true)
    expect(allows(4200, { charge: 4200, refunded: 1 })).toBe(false)
    expect(allows(4200, { open: false })).toBe(false)
    expect(allows(4200, { currency: 'jpy' })).toBe(false)
  })
})

describe('the script of the demo', () => {
  it('is one that the scripted model takes, with an end for each agent', async () => {
    const { agents } = await loadExample()
    const { entries } = parseScript(JSON.stringify(script))
    expect(new Set(entries.map(({ agent }) => agent))).toEqual(
      new Set(['ci-doctor', 'disputes', 'ticket-triage']),
    )
    for (const { agent, turns } of entries) {
      const atTheLimit = turns.length > (agents.get(agent)?.limits.turns ?? 0)
      if (!atTheLimit) expect(turns.at(-1)?.calls).toEqual([])
    }
  })
})
