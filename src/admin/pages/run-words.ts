import { type ErrorCode, errorCodes } from '../../domain/errors.js'
import type { ToolCall } from '../../domain/tool-call.js'
import { plain } from '../../util/plain.js'
import { count, listed } from './amounts.js'

/** What a code of ours means and what to do; undefined for what is none. */
export function meaningOf(code: string): string | undefined {
  return Object.hasOwn(errorCodes, code) ? errorCodes[code as ErrorCode] : undefined
}

/** `comment confirmed, refund denied; 3 reads`: what a run did, the world's side first. */
export function sayDone(calls: readonly Pick<ToolCall, 'tool' | 'state' | 'effect'>[]): string {
  if (calls.length === 0) return 'no tool call'
  const groups = new Map<string, number>()
  let reads = 0
  for (const { tool, state, effect } of calls) {
    if (effect === 'read' && (state === 'done' || state === 'proposed')) reads++
    else {
      const name = `${plain(tool)} ${state === 'simulated' ? 'simulated, not sent' : state}`
      groups.set(name, (groups.get(name) ?? 0) + 1)
    }
  }
  const all = [...groups].map(([name, amount]) => (amount === 1 ? name : `${name} ${amount} times`))
  const shown = all.slice(0, mostNamed)
  if (all.length > shown.length) shown.push(`${count(all.length - shown.length, 'more kind')} of call`)
  const looked = reads === 0 ? '' : count(reads, 'read')
  return shown.length === 0 ? looked : [listed(shown), looked].filter((part) => part !== '').join('; ')
}

const mostNamed = 6
