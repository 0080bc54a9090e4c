import { describe, expect, it } from 'vitest'
import type { ToolCallState } from '../../src/domain/tool-call.js'
import { callBoundReached } from '../../src/runs/bounds.js'
import { agent } from '../ingest/setting.js'
import { call } from './journal.js'

const limits = { ...agent('doctor').limits, denials: 3, consecutiveErrors: 4, identicalCalls: 2 }
const callsIn = (...states: ToolCallState[]) => states.map((state, at) => call(String(at), { state }))

describe('the bounds on calls', () => {
  it('let a run without calls go on', () => {
    expect(callBoundReached(limits, [])).toBeUndefined()
  })

  it('end on so many denials, wherever they stand', () => {
    const denied = callsIn('denied', 'done', 'denied', 'done')
    expect(callBoundReached(limits, denied)).toBeUndefined()
    expect(callBoundReached(limits, [...denied, call('x', { state: 'denied' })])?.code).toBe('limit.denials')
  })

  it('count no denial by a person as one of the policy', () => {
    const denied = Array.from({ length: 3 }, (_, at) =>
      call(String(at), { state: 'denied', output: undefined }),
    )
    expect(callBoundReached(limits, denied)).toBeUndefined()
  })

  it.each<ToolCallState>(['expired', 'rejected', 'failed'])(
    'end on so many calls in a row that are %s',
    (state) => {
      expect(callBoundReached(limits, callsIn(state, state, state))).toBeUndefined()
      expect(callBoundReached(limits, callsIn(state, state, state, state))).toMatchObject({
        code: 'limit.consecutive_errors',
        message: 'the last 4 tool calls did not succeed',
      })
    },
  )

  it.each<ToolCallState>(['done', 'confirmed'])('begin to count errors again when a call is %s', (state) => {
    expect(callBoundReached(limits, callsIn('failed', 'failed', 'failed', state, 'failed'))).toBeUndefined()
  })

  it('end on the same call with the same arguments, and on nothing less alike', () => {
    const same = (id: string, tool = 'get', argumentsText = '{"a":1}') => call(id, { tool, argumentsText })
    const calls = [same('1'), same('2'), same('3', 'get', '{"a":2}'), same('4', 'list')]
    expect(callBoundReached(limits, calls)).toBeUndefined()
    expect(callBoundReached(limits, [...calls, same('5')])).toEqual({
      code: 'limit.identical_calls',
      message: 'get was called 3 times with the same arguments',
    })
  })
})
