import { describe, expect, it } from 'vitest'
import type { SourceSettings } from '../../src/config/config.js'
import { canBeOf } from '../../src/domain/echo.js'
import { echoQuestion, echoRulesOf, takesEchoes } from '../../src/policy/echo.js'
import { compilePath } from '../../src/util/path.js'
import { compilePattern } from '../../src/util/pattern.js'
import { aTool } from '../tools/tools.js'

const creates = (...names: string[]) =>
  Object.fromEntries(names.map((name) => [name, { path: compilePath('id'), pattern: compilePattern('.+') }]))

function source(name: string, self: readonly string[]): [string, SourceSettings] {
  const settings = { kind: 'github', options: {}, idNames: [], keepMs: undefined, label: undefined }
  return [name, { ...settings, name, self }]
}

const config = {
  tools: new Map([
    ['comment', aTool({ name: 'comment', creates: creates('comment') })],
    ['reply', aTool({ name: 'reply', creates: creates('comment', 'thread') })],
    ['read', aTool({ name: 'read' })],
  ]),
  sources: new Map([source('ci', ['acme-bot']), source('crm', [])]),
}

const event = { id: 'evt_1', source: 'ci', subject: 's', ids: {}, actor: undefined, recordedAt: 7 }

describe('what can be an echo', () => {
  const rules = echoRulesOf(config)

  it('is what names an id that a tool makes, with these ids alone to be looked for', () => {
    const ids = { comment: '5', issue: '1' }
    expect(echoQuestion({ ...event, ids }, rules)).toMatchObject({
      named: { comment: '5' },
      ids,
      isOwn: false,
    })
    expect(echoQuestion({ ...event, ids: { issue: '1' } }, rules)).toBeUndefined()
    expect(rules.makers.get('comment')).toEqual(['comment', 'reply'])
  })

  it('is what one of our own actors did at this source, by the whole name', () => {
    expect(echoQuestion({ ...event, actor: 'acme-bot' }, rules)).toMatchObject({ isOwn: true, named: {} })
    for (const actor of ['acme-bo', 'Acme-bot', 'acme-bot[bot]', '', undefined])
      expect(echoQuestion({ ...event, actor }, rules)).toBeUndefined()
    expect(echoQuestion({ ...event, actor: 'acme-bot', source: 'crm' }, rules)).toBeUndefined()
  })

  it('is worked out once for a configuration', () => {
    expect(echoRulesOf(config)).toBe(rules)
  })
})

it('an event is of a write unless one of its ids is another than the write was bound to', () => {
  expect(canBeOf({}, { repo: 'a' })).toBe(true)
  expect(canBeOf({ repo: 'a' }, {})).toBe(true)
  expect(canBeOf({ repo: 'a', issue: '1' }, { repo: 'a', run: '2' })).toBe(true)
  expect(canBeOf({ repo: 'a', issue: '1' }, { repo: 'a', issue: '2' })).toBe(false)
})

it('an agent takes echoes by the triggers that say so, of their source and types', () => {
  const on = (echoes: boolean) => ({
    on: [{ source: 'ci', types: ['issue*'], condition: undefined, echoes }],
  })
  expect(takesEchoes(on(true), { source: 'ci', type: 'issues.opened' })).toBe(true)
  expect(takesEchoes(on(false), { source: 'ci', type: 'issues.opened' })).toBe(false)
  expect(takesEchoes(on(true), { source: 'ci', type: 'push' })).toBe(false)
  expect(takesEchoes(on(true), { source: 'crm', type: 'issues.opened' })).toBe(false)
})
