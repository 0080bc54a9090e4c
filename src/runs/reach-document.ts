import type { Most, Reach } from '../policy/reach.js'
import type { JsonObject, JsonValue } from '../util/json.js'

/** How far an agent reaches, as JSON; null is "no bound". */
export function reachDocument(reach: Reach): JsonObject {
  const { runs, runsPerActor, usd, tokens, tools, origins, readables, bitsPerDay } = reach
  return {
    runs_per_day: orNull(runs.perDay),
    runs_per_source_per_day: orNull(runs.perSource),
    runs_per_actor_per_day: orNull(runsPerActor),
    model_usd_per_run: orNull(usd?.perRun),
    model_usd_per_day: orNull(usd?.perDay),
    model_tokens_per_run: tokens.perRun,
    model_tokens_per_day: orNull(tokens.perDay),
    tools: tools.map((reached) => ({
      name: reached.tool.name,
      effect: reached.tool.effect,
      decided_by: reached.gate,
      ...mostDocument(reached.calls),
      sums: reached.sums.map((sum) => ({ arg: sum.arg, ...mostDocument(sum) })),
      shared_with: [...reached.sharedWith],
      objects: reached.objects.map(({ id, yieldedBy }) => ({ id, yielded_by: yieldedBy ?? null })),
      audience: reached.audience ?? null,
      text_per_call: reached.textPerCall,
      bits_per_call: Math.round(reached.bitsPerCall * 100) / 100,
      flow: reached.fault
        ? {
            from: reached.fault.reading.from,
            label: reached.fault.reading.label,
            outcome: reached.fault.isDeclared ? 'denied' : 'asked',
          }
        : null,
    })),
    origins: origins.map(({ origin, credentials }) => ({ origin, credentials: [...credentials] })),
    reads: readables.map(({ from, label }) => ({ from, label })),
    unasked_bits_per_day: bitsPerDay === undefined ? null : Math.ceil(bitsPerDay),
  }
}

function mostDocument({ perRun, perSubject, perDay }: Most): JsonObject {
  return { per_run: orNull(perRun), per_subject: orNull(perSubject), per_day: orNull(perDay) }
}

function orNull(amount: number | undefined): JsonValue {
  return amount ?? null
}
