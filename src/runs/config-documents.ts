import type { Config, SourceSettings } from '../config/config.js'
import type { Agent } from '../domain/agent.js'
import type { Tool } from '../domain/tool.js'
import type { JsonObject } from '../util/json.js'
import { timeOrNull } from './documents.js'

/** What a configuration declares, as JSON. No secret is in it. */

export function sourceDocument(
  { name, kind, idNames, keepMs }: SourceSettings,
  { url, nextAt }: { readonly url: string | undefined; readonly nextAt: number | undefined },
): JsonObject {
  return {
    name,
    kind,
    url: url ?? null,
    ids: [...idNames],
    next_at: timeOrNull(nextAt),
    keep_ms: keepMs ?? null,
  }
}

export function agentDocument(agent: Agent, config: Pick<Config, 'tools'>): JsonObject {
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
