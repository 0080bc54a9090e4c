import { describe, expect, it } from 'vitest'
import { approvalTransitions } from '../../src/domain/approval.js'
import { eventTransitions } from '../../src/domain/event.js'
import { finalRunStates, isFinal, type RunState, runTransitions } from '../../src/domain/run.js'
import { settledToolCallStates, type ToolCallState, toolCallTransitions } from '../../src/domain/tool-call.js'

type Table = Readonly<Record<string, readonly string[]>>

const tables: [string, Table, string][] = [
  ['an event', eventTransitions, 'recorded'],
  ['a run', runTransitions, 'queued'],
  ['a tool call', toolCallTransitions, 'proposed'],
  ['an approval', approvalTransitions, 'waiting'],
]

/** Every state that can follow `from`, over any number of transitions. */
function reachable(table: Table, from: string, except: readonly string[] = []): Set<string> {
  const found = new Set<string>()
  const open = [from]
  for (let state = open.pop(); state !== undefined; state = open.pop()) {
    for (const next of table[state] ?? []) {
      if (found.has(next) || except.includes(next)) continue
      found.add(next)
      open.push(next)
    }
  }
  return found
}

describe.each(tables)('the states of %s', (_what, table, first) => {
  const states = Object.keys(table)

  it('lead only to states of its own', () => {
    for (const next of Object.values(table).flat()) expect(states).toContain(next)
  })

  it('are all reached from the first', () => {
    expect(new Set([first, ...reachable(table, first)])).toEqual(new Set(states))
  })

  it('name no transition twice and none to itself', () => {
    for (const [state, next] of Object.entries(table)) {
      expect(new Set(next).size).toBe(next.length)
      expect(next).not.toContain(state)
    }
  })

  it('all come to an end', () => {
    const ends = states.filter((state) => table[state]?.length === 0)
    for (const state of states) {
      const after = new Set([state, ...reachable(table, state)])
      expect(ends.some((end) => after.has(end))).toBe(true)
    }
  })
})

describe('a run', () => {
  it('is final where nothing follows, and only there', () => {
    const ends = Object.keys(runTransitions).filter((state) => runTransitions[state as RunState].length === 0)
    expect(new Set(finalRunStates)).toEqual(new Set(ends))
    for (const state of Object.keys(runTransitions) as RunState[])
      expect(isFinal(state)).toBe(ends.includes(state))
  })

  it('completes only out of running', () => {
    const before = Object.keys(runTransitions).filter((state) =>
      runTransitions[state as RunState].includes('completed'),
    )
    expect(before).toEqual(['running'])
  })
})

describe('a tool call', () => {
  const statesBefore = (state: ToolCallState) =>
    Object.keys(toolCallTransitions).filter((from) =>
      toolCallTransitions[from as ToolCallState].includes(state),
    )

  it('is settled where nothing follows, and only there', () => {
    const ends = Object.keys(toolCallTransitions).filter(
      (state) => toolCallTransitions[state as ToolCallState].length === 0,
    )
    expect(new Set(settledToolCallStates)).toEqual(new Set(ends))
  })

  it('is sent only when it was prepared, or again when its outcome is unknown', () => {
    expect(statesBefore('sent')).toEqual(['prepared', 'unknown'])
  })

  it('is confirmed or rejected only after it was sent, or may have been by the ledger that a backup was taken of', () => {
    const unsent = reachable(toolCallTransitions, 'proposed', ['sent', 'unknown'])
    for (const state of ['confirmed', 'rejected', 'held']) expect(unsent).not.toContain(state)
  })

  it('that a person was asked about goes on only through that person', () => {
    // Or is decided anew, where the person changed its arguments.
    expect(toolCallTransitions.waiting).toEqual(['approved', 'denied', 'expired', 'proposed'])
    expect(statesBefore('approved')).toEqual(['waiting'])
    expect(statesBefore('expired')).toEqual(['waiting'])
  })

  it('with an unknown outcome never counts as denied, and is not forgotten', () => {
    expect(reachable(toolCallTransitions, 'sent', ['prepared'])).not.toContain('denied')
    expect(toolCallTransitions.held).toEqual(['confirmed', 'rejected', 'prepared'])
  })
})
