import type { Config, SourceSettings } from '../config/config.js'
import type { Agent } from '../domain/agent.js'
import type { Tool } from '../domain/tool.js'
import { timeOrNull } from '../runs/documents.js'
import type { JsonObject } from '../util/json.js'
import { blastRadius, reachDocument } from './blast-radius.js'
import { hookUrl } from './configuration.js'
import { problemDocument } from './document.js'

/** When sources that come by the clock are next due, by name; polls that never ran are due at the start. */
export type NextTimes = ReadonlyMap<string, number>

/** What `rouse check --json` prints. No secret is in it. */
export function checkDocument(
  config: Config,
  next: NextTimes,
  backupTakenAt: number | undefined,
): JsonObject {
  return {
    config: { file: config.file, digest: config.digest },
    server: {
      hooks: `${config.server.hooks.host}:${config.server.hooks.port}`,
      public_url: config.server.publicUrl,
    },
    store: {
      engine: config.store.engine,
      file: config.store.file,
      backup_taken_at: timeOrNull(backupTakenAt),
    },
    sources: [...config.sources.values()].map((source) => sourceDocument(source, config, next)),
    agents: [...config.agents.values()].map((agent) => agentDocument(agent, config)),
    warnings: config.warnings.map(problemDocument),
  }
}

function sourceDocument(
  { name, kind, idNames, keepMs }: SourceSettings,
  config: Config,
  next: NextTimes,
): JsonObject {
  return {
    name,
    kind,
    url: hookUrl(config, name, kind) ?? null,
    ids: [...idNames],
    next_at: timeOrNull(next.get(name)),
    keep_ms: keepMs ?? null,
  }
}

function agentDocument(agent: Agent, config: Config): JsonObject {
  const { name, mode, on, model, limits, grants, mailbox, refresh } = agent
  return {
    name,
    mode,
    model,
    on: on.map(({ source, types, condition, echoes }) => ({
      source,
      types: [...types],
      if: condition?.source ?? null,
      echoes,
    })),
    mailbox: {
      when_busy: mailbox.whenBusy,
      quiet_ms: mailbox.whenBusy === 'coalesce' ? mailbox.quietMs : null,
      max_wait_ms: mailbox.whenBusy === 'coalesce' ? mailbox.maxWaitMs : null,
    },
    refresh: refresh ?? null,
    limits: {
      turns: limits.turns,
      calls: limits.calls,
      tokens: limits.tokens,
      cost_usd: limits.costUsd ?? null,
      time_ms: limits.timeMs,
      runs_per_day: limits.runsPerDay ?? null,
      runs_per_source_per_day: limits.runsPerSource ?? null,
      runs_per_actor_per_day: limits.runsPerActor ?? null,
      chain: limits.chain,
      attempts: limits.attempts,
    },
    tools: grants.map(({ tool, gate, condition, max, sum }) => ({
      name: tool,
      ...toolDocument(config.tools.get(tool)),
      gate,
      if: condition?.source ?? null,
      max: max.map(({ limit, per }) => ({ limit, per })),
      sum: sum.map(({ arg, limit, per }) => ({ arg, limit, per })),
    })),
    reach: reachDocument(blastRadius(agent, config)),
  }
}

function toolDocument(tool: Tool | undefined): JsonObject {
  if (!tool) return { effect: null, method: null, url: null, credential: null }
  return {
    effect: tool.effect,
    method: tool.method,
    url: requestUrl(tool),
    credential: tool.credential ?? null,
  }
}

/** `https://api.stripe.com/v1/charges/{charge}`. */
export function requestUrl({ origin, path }: Tool): string {
  return origin + path.map((part) => (typeof part === 'string' ? part : `{${part.id}}`)).join('')
}
