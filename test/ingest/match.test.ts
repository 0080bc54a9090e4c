import { describe, expect, it } from 'vitest'
import type { Agent } from '../../src/domain/agent.js'
import type { Event } from '../../src/domain/event.js'
import { eventValues, match } from '../../src/ingest/match.js'
import { agent, event, trigger } from './setting.js'

function decide(on: Agent['on'], overrides: Partial<Event> = {}, mode: Agent['mode'] = 'live') {
  const [decision] = match(event(overrides), [agent('doctor', { on, mode })])
  return decision
}

describe('match', () => {
  it('makes one decision for each agent, in order', () => {
    const agents = [
      agent('a'),
      agent('b', { on: [trigger('other', ['*'])] }),
      agent('c', { on: [trigger('ci', ['build.passed'])] }),
      agent('d', { mode: 'off' }),
      agent('e', { on: [trigger('ci', ['build.*'], "data.branch == 'next'")] }),
    ]
    expect(match(event(), agents)).toEqual([
      { agent: 'a', reason: 'matched' },
      { agent: 'b', reason: 'source' },
      { agent: 'c', reason: 'type' },
      { agent: 'd', reason: 'off' },
      { agent: 'e', reason: 'if_false', detail: "data.branch == 'next'" },
    ])
    expect(match(event(), [])).toEqual([])
  })

  it.each<[string, Agent['on'], string]>([
    ['the type before the source', [trigger('ci', ['x']), trigger('other', ['*'])], 'type'],
    [
      'the condition before the type',
      [trigger('ci', ['x']), trigger('ci', ['*'], 'data.n == 2')],
      'if_false',
    ],
    [
      'the error before the condition',
      [trigger('ci', ['*'], 'data.x == 2'), trigger('ci', ['*'], 'data.n == 2')],
      'if_error',
    ],
    [
      'the match before all',
      [trigger('ci', ['*'], 'data.x == 2'), trigger('ci', ['*']), trigger('other', ['*'])],
      'matched',
    ],
    ['the match, wherever it stands', [trigger('ci', ['*']), trigger('ci', ['*'], 'data.x == 2')], 'matched'],
    ['the source where there is no trigger', [], 'source'],
  ])('tells the nearest reason: %s', (_what, on, reason) => {
    expect(decide(on)?.reason).toBe(reason)
  })

  it('tells of an agent that is off only where it would have been woken', () => {
    expect(decide([trigger('ci', ['*'])], {}, 'off')).toEqual({ agent: 'doctor', reason: 'off' })
    expect(decide([trigger('ci', ['*'], 'data.n == 2')], {}, 'off')?.reason).toBe('if_false')
    expect(decide([trigger('other', ['*'])], {}, 'off')?.reason).toBe('source')
  })

  describe('of an echo', () => {
    const echo = { echoOf: 'run_1', chain: 1, actor: 'acme-bot' }
    const listening = { ...trigger('ci', ['*']), echoes: true }

    it('wakes only agents that listen to such, and says of which run it is', () => {
      expect(decide([trigger('ci', ['*'])], echo)).toEqual({
        agent: 'doctor',
        reason: 'echo',
        detail: 'run_1',
      })
      expect(decide([listening], echo)?.reason).toBe('matched')
      expect(decide([listening], { ...echo, type: 'x' })?.reason).toBe('matched')
      expect(decide([trigger('ci', ['*'])], { ...echo, chain: 0 })?.reason).toBe('matched')
    })

    it('says whose it is where no run is known', () => {
      const decision = decide([trigger('ci', ['*'])], { ...echo, echoOf: undefined })
      expect(decision).toEqual({ agent: 'doctor', reason: 'echo', detail: 'the actor is acme-bot' })
    })

    it('tells so only where it would have woken the agent, and asks each trigger by itself', () => {
      expect(decide([trigger('ci', ['*'], 'data.n == 2')], echo)?.reason).toBe('if_false')
      expect(decide([trigger('ci', ['*'], 'data.x == 2'), trigger('ci', ['*'])], echo)?.reason).toBe('echo')
      expect(decide([trigger('ci', ['*']), listening], echo)?.reason).toBe('matched')
      expect(decide([trigger('ci', ['*']), { ...listening, types: ['x'] }], echo)?.reason).toBe('echo')
      expect(decide([trigger('ci', ['*'])], echo, 'off')?.reason).toBe('echo')
    })
  })

  it.each<[string, string, string]>([
    ['a missing value', 'data.missing == 1', 'missing'],
    ['a value that only an object’s prototype has', 'data.constructor != null', 'constructor'],
    ['types that do not fit', 'data.branch > 1', 'overload'],
    ['a number', 'data.n', 'gave number'],
    ['a text', 'data.branch', 'gave string'],
    ['null', 'subject', 'gave object'],
    ['a list', '[true]', 'gave object'],
    ['a pattern that is none', "re('a', data.branch + '(')", 'missing closing'],
  ])('is no match and an error for %s, on one line', (_what, condition, detail) => {
    const decision = decide([trigger('ci', ['*'], condition)])
    expect(decision?.reason).toBe('if_error')
    expect(decision?.detail).toContain(detail)
    expect(decision?.detail).not.toContain('\n')
  })

  it('reads every name that an event has', () => {
    const all =
      "id.startsWith('evt_') && source == 'ci' && type == 'build.failed' && subject == null && " +
      "time == '2026-11-21T07:00:00.000Z' && data.branch == 'main' && ids.run == '7'"
    expect(decide([trigger('ci', ['*'], all)])?.reason).toBe('matched')
    expect(decide([trigger('ci', ['*'], "subject == 'acme/web#1'")], { subject: 'acme/web#1' })?.reason).toBe(
      'matched',
    )
  })

  it('takes any of the types, with their stars, and no part of one', () => {
    const on = [trigger('ci', ['deploy.*', 'build.f*d'])]
    expect(decide(on)?.reason).toBe('matched')
    expect(decide(on, { type: 'xdeploy.done' })?.reason).toBe('type')
    expect(decide(on, { type: 'constructor' })?.reason).toBe('type')
  })

  it('leaves the event as it is', () => {
    const frozen = Object.freeze(event({ data: Object.freeze({ branch: 'main' }) as { branch: string } }))
    expect(match(frozen, [agent('a', { on: [trigger('ci', ['*'], "data.branch == 'main'")] })])).toHaveLength(
      1,
    )
    expect(eventValues(frozen)['ids']).not.toBe(frozen.ids)
  })
})
