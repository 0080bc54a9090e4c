import { stringifyJson } from '../../util/json.js'
import type { Store } from '../store.js'
import { leaseLost, whereLeased } from './leases.js'
import type { Writer } from './writer.js'

/** A model's answer and what it asks for. */
export function steps(writer: Writer): Pick<Store, 'appendStep'> {
  const { db } = writer
  // Adding an unknown price to a sum gives NULL, and NULL stays: the sum is not known.
  const addUsage = db.prepare(`
    UPDATE runs SET crashes = 0, turns = turns + 1, calls = calls + ?, input_tokens = input_tokens + ?,
      output_tokens = output_tokens + ?, cost_usd = cost_usd + ?
    WHERE ${whereLeased}`)
  const insertStep = db.prepare(`
    INSERT INTO steps (id, run_id, turn, api, model, items, is_usable, text, input_tokens, output_tokens, cost_usd,
      duration_ms, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`)
  const insertCall = db.prepare(`
    INSERT INTO tool_calls (id, run_id, step_id, answer_position, call_id, tool, arguments_text, effect, state,
      proposed_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'proposed', ?)`)

  return {
    appendStep: (lease, step, calls, now) => {
      const { runId, node, fence } = lease
      const {
        id,
        turn,
        api,
        model,
        isUsable,
        text,
        inputTokens,
        outputTokens,
        costUsd = null,
        durationMs,
      } = step
      const answer = [turn, api, model, stringifyJson([...step.items]), isUsable ? 1 : 0, text]
      const spent = [inputTokens, outputTokens, costUsd]
      return writer.write(() => {
        if (addUsage.run(calls.length, ...spent, runId, node, fence).changes === 0) throw leaseLost(lease)
        insertStep.run(id, runId, ...answer, ...spent, Math.round(durationMs), now)
        for (const [position, call] of calls.entries()) {
          const { callId, tool, argumentsText, effect = null } = call
          insertCall.run(call.id, runId, id, position, callId, tool, argumentsText, effect, now)
        }
      })
    },
  }
}
