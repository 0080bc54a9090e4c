import { describe, expect, it } from 'vitest'
import type { DeclaredLabel, Label } from '../../src/domain/label.js'
import type { Tool } from '../../src/domain/tool.js'
import { type EventSight, eventReading, flowFault, isFreeText, toolReading } from '../../src/policy/label.js'
import { compilePattern } from '../../src/util/pattern.js'
import { arg, aTool, plainText } from '../tools/tools.js'

const body = arg({ type: 'text', minLength: 1, maxLength: 4000, rules: plainText })
const choice = arg({ type: 'enum', values: ['bug', 'question'] })
const unknown: EventSight = { isPublic: false, declared: undefined }
const open: EventSight = { isPublic: true, declared: undefined }
const scope = { repo: 'acme/api', issue: '12', ticket: '55', customer: 'cus_V1' }

const comment = aTool({ name: 'comment', effect: 'write', boundIds: ['repo', 'issue'], args: { body } })
const getIssue = aTool({ name: 'get_issue', boundIds: ['repo', 'issue'] })
const getCustomer = aTool({ name: 'get_customer', boundIds: ['customer'], credential: 'crm' })
const handbook = aTool({ name: 'get_handbook', credential: 'wiki' })
const post = aTool({ name: 'post', effect: 'write', credential: 'chat', args: { text: body } })
const news = aTool({ name: 'news' })

const verdict = (tool: Tool, read: readonly Tool[], sight: EventSight = unknown) => {
  const readings = [
    eventReading([{ isPublic: sight.isPublic }], sight),
    ...read.map((from) => toolReading(from, scope, sight)),
  ]
  const fault = flowFault(tool, scope, readings, sight)
  if (!fault) return 'allowed'
  return `${fault.reading.from} ${fault.isDeclared ? 'denied' : 'asked'}`
}
const declared = (tool: Tool, label: DeclaredLabel) => ({ ...tool, label })
const heardBy = (tool: Tool, audience: DeclaredLabel) => ({ ...tool, audience })

describe('without a word in the configuration', () => {
  it.each<[string, Tool, Tool[], string]>([
    ['what is read of the object may be written to it', comment, [getIssue], 'allowed'],
    ['the event itself may be written to its object', comment, [], 'allowed'],
    ['the team may hear of the event and its object', post, [getIssue, getCustomer], 'allowed'],
    ['what a credential alone reads is the team’s', post, [handbook], 'allowed'],
    ['and not for those who see the object', comment, [handbook], 'get_handbook asked'],
    ['what everybody can read may go anywhere', comment, [news], 'allowed'],
  ])('%s', (_promise, tool, read, wanted) => {
    expect(verdict(tool, read)).toBe(wanted)
  })

  it('counts the object as public where the sender says that it is', () => {
    expect(toolReading(getIssue, scope, open).label).toBe('public')
    expect(verdict(heardBy(comment, 'public'), [getIssue], open)).toBe('allowed')
    expect(verdict(heardBy(comment, 'public'), [getIssue], unknown)).toBe('the event denied')
    expect(verdict(heardBy(comment, 'public'), [getIssue], { isPublic: false, declared: 'public' })).toBe(
      'allowed',
    )
  })

  it('looks at free text only', () => {
    const label = { ...comment, args: { label: choice } }
    expect(verdict(label, [handbook])).toBe('allowed')
    expect(verdict(heardBy(label, 'public'), [handbook], open)).toBe('get_handbook denied')
  })

  it('takes an address without a credential for everybody’s, but not one of a private network', () => {
    expect(toolReading(news, scope, unknown).label).toBe('public')
    expect(toolReading({ ...news, isPrivate: true }, scope, unknown).label).toBe('internal')
    const anonymous = { ...post, credential: undefined }
    expect(verdict(anonymous, [])).toBe('the event asked')
  })
})

describe('a declared label and audience', () => {
  it('deny what does not fit instead of asking', () => {
    expect(verdict(heardBy(comment, 'public'), [handbook], open)).toBe('get_handbook denied')
    expect(verdict(heardBy(post, 'internal'), [declared(getCustomer, 'private')])).toBe('get_customer denied')
    expect(verdict(heardBy(post, 'private'), [declared(getCustomer, 'private')])).toBe('allowed')
  })

  it('let what is private go back to what it was read from', () => {
    const ticket = { boundIds: ['ticket'], label: 'private' as const }
    const getTicket = aTool({ name: 'get_ticket', ...ticket })
    const note = aTool({
      name: 'note',
      effect: 'write',
      boundIds: ['ticket'],
      audience: 'internal',
      args: { body },
    })
    expect(verdict(note, [getTicket])).toBe('allowed')
    const reply = { ...note, audience: undefined }
    expect(verdict(reply, [getTicket])).toBe('allowed')
    expect(verdict(reply, [getTicket, declared(getCustomer, 'private')])).toBe('get_customer asked')
    expect(verdict(note, [getTicket, declared(getCustomer, 'private')])).toBe('get_customer denied')
  })

  it('hold for a source: its events are as private as it says', () => {
    const sight: EventSight = { isPublic: true, declared: 'private' }
    expect(eventReading([{ isPublic: true }], sight).label).toBe<Label>('private')
    expect(verdict(post, [], sight)).toBe('the event asked')
  })

  it('hold for a search, which tells what it is asked', () => {
    const search = aTool({ name: 'search', credential: 'kb', audience: 'internal', args: { q: body } })
    expect(verdict(search, [declared(getCustomer, 'private')])).toBe('get_customer denied')
  })
})

it('of several events one that is not public makes the run’s mark', () => {
  expect(eventReading([{ isPublic: true }, { isPublic: false }], unknown).label).toBe('subject')
})

it.each<[string, number, boolean]>([
  ['.*', 200, true],
  ['.{1,20}', 20, false],
  ['[a-z0-9-]+', 200, false],
  ['[^<>]+', 500, true],
])('a pattern %s of at most %i characters is free text: %s', (source, maxLength, wanted) => {
  expect(isFreeText(arg({ type: 'pattern', pattern: compilePattern(source), maxLength }))).toBe(wanted)
})
