import type { Agent } from '../../src/domain/agent.js'
import type { Event } from '../../src/domain/event.js'
import { compileExpression } from '../../src/util/cel.js'
import { createLogger, type Logger } from '../../src/util/log.js'

export const eventNames = ['id', 'source', 'type', 'subject', 'time', 'data', 'ids']

export function agent(name: string, overrides: Partial<Agent> = {}): Agent {
  return {
    name,
    on: [{ source: 'ci', types: ['*'], condition: undefined, echoes: false }],
    instructions: 'Look.',
    grants: [],
    model: 'default',
    limits: {
      turns: 10,
      calls: 20,
      tokens: 1000,
      costUsd: undefined,
      timeMs: 60_000,
      runsPerDay: undefined,
      runsPerSource: undefined,
      runsPerActor: undefined,
      chain: 3,
      identicalCalls: 3,
      consecutiveErrors: 5,
      denials: 5,
      attempts: 5,
    },
    mailbox: { whenBusy: 'queue' },
    refresh: undefined,
    mode: 'live',
    ...overrides,
  }
}

export function trigger(source: string, types: readonly string[], condition?: string): Agent['on'][number] {
  return {
    source,
    types,
    condition: condition === undefined ? undefined : compileExpression(condition, eventNames),
    echoes: false,
  }
}

export function event(overrides: Partial<Event> = {}): Event {
  return {
    id: 'evt_00000000000070008000000000000001',
    source: 'ci',
    type: 'build.failed',
    subject: undefined,
    time: Date.parse('2026-11-21T07:00:00Z'),
    recordedAt: Date.parse('2026-11-21T07:00:01Z'),
    via: 'webhook',
    ids: { run: '7' },
    actor: undefined,
    isPublic: false,
    echoOf: undefined,
    chain: 0,
    data: { branch: 'main', n: 1 },
    ...overrides,
  }
}

export function keepLog(): { readonly log: Logger; readonly lines: string[] } {
  const lines: string[] = []
  return { lines, log: createLogger({ level: 'debug', destination: { write: (line) => lines.push(line) } }) }
}
