import { StoreError } from '../../domain/errors.js'
import type { ToolOutput } from '../../domain/tool-call.js'
import type { HeldResolution } from '../records.js'
import type { Store } from '../store.js'
import type { Endings } from './endings.js'
import { reservations } from './reservations.js'
import { writePlain } from './stored-json.js'
import { toolCallChecks } from './tool-call-checks.js'
import type { Writer } from './writer.js'

const resolutions: Readonly<Record<HeldResolution['state'], string>> = {
  confirmed: 'it happened',
  rejected: 'it did not happen',
  send_again: 'send it again',
}

/** What a person says of a write with an unknown outcome. */
export function heldCalls(writer: Writer, endings: Endings): Pick<Store, 'resolveHeld'> {
  const resolve = writer.db.prepare<unknown[], { run_id: string }>(`
    UPDATE tool_calls SET state = ?, output = ?, note = ?, settled_at = ?
    WHERE id = ? AND state = 'held' RETURNING run_id`)
  const ended = writer.db.prepare<[string], { state: string }>(`
    SELECT state FROM runs WHERE finished_at IS NOT NULL
      AND id = (SELECT run_id FROM tool_calls WHERE id = ?)`)
  const budget = reservations(writer.db)
  const checks = toolCallChecks(writer.db)
  return {
    resolveHeld: (toolCallId, resolution, now) => {
      const { state, by } = resolution
      // To be sent again is to be prepared again: the frozen bytes and the key are still there.
      const next = state === 'send_again' ? 'prepared' : state
      const output = outputOf(resolution)
      const text = output === undefined ? null : writePlain(output)
      const note = `${by}: ${resolutions[state]}`
      return writer.write(() => {
        const run = next === 'prepared' ? ended.get(toolCallId) : undefined
        if (run) {
          throw new StoreError(
            'store.conflict',
            `the run of ${toolCallId} is ${run.state} and sends nothing more; say whether it happened, then replay the event if it did not`,
          )
        }
        const call = resolve.get(next, text, note, next === 'prepared' ? null : now, toolCallId)
        if (!call) throw checks.notHeld(toolCallId)
        if (next === 'rejected') budget.release(toolCallId, now)
        endings.wake(call.run_id)
      })
    },
  }
}

/** The model has an answer to every call, also where the person gave none. */
function outputOf({ state, output }: HeldResolution): ToolOutput | undefined {
  if (state === 'send_again') return undefined
  if (output) return output
  if (state === 'confirmed')
    return { ok: true, result: 'The answer was lost; a person confirmed that it happened.' }
  return {
    ok: false,
    error: {
      code: 'tool.unknown_outcome',
      message: 'The answer was lost; a person found that it did not happen.',
      hint: 'Make the call again only if it is still right.',
    },
  }
}
