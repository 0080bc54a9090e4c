import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Config } from '../../src/config/config.js'
import type { EventDraft } from '../../src/domain/event.js'
import { Dispatcher } from '../../src/ingest/dispatch.js'
import type { Store } from '../../src/store/store.js'
import { compilePath } from '../../src/util/path.js'
import { compilePattern } from '../../src/util/pattern.js'
import { claim, idOf, intent, newCall, recordEvent, start, step } from '../contract/store-fixtures.js'
import { makeLedger } from '../store/ledger.js'
import { FakeClock } from '../support/fake-clock.js'
import { aTool } from '../tools/tools.js'
import { agent, keepLog, trigger } from './setting.js'

type Declared = Pick<Config, 'agents' | 'sources' | 'tools'>

let ledger: Awaited<ReturnType<typeof makeLedger>>
let asked: number

beforeEach(async () => {
  ledger = await makeLedger()
  asked = 0
})
afterEach(() => ledger.close())

const agents = new Map(
  [agent('deaf'), agent('keen', { on: [{ ...trigger('ci', ['*']), echoes: true }] })].map((each) => [
    each.name,
    each,
  ]),
)
const creates = { comment: { path: compilePath('id'), pattern: compilePattern('[0-9]+') } }
const tools = new Map([['comment', aTool({ name: 'comment', creates })]])
const sources: Config['sources'] = new Map([
  [
    'ci',
    {
      ...{ name: 'ci', kind: 'github', options: {}, idNames: [], keepMs: undefined, label: undefined },
      self: ['acme-bot'],
    },
  ],
])
const nothing: Declared = { agents, tools: new Map(), sources: new Map() }

/** Records an event, has it dispatched by this configuration, and gives what became of it. */
async function dispatched(event: Partial<EventDraft>, config: Declared) {
  const store: Store = {
    ...ledger.store,
    echoesOf: (...question) => {
      asked++
      return ledger.store.echoesOf(...question)
    },
  }
  const id = await recordEvent(ledger.store, event)
  const clock = new FakeClock()
  clock.set(start)
  const { log } = keepLog()
  const dispatcher = new Dispatcher({ store, clock, log, config: () => config, onRuns: () => undefined })
  dispatcher.lookInLedger()
  await dispatcher.settled()
  await dispatcher.stop()
  const stored = await ledger.store.event(id)
  return { stored, reasons: stored?.decisions.map(({ reason }) => reason) }
}

async function makeComment(): Promise<string> {
  const event = await recordEvent(ledger.store, { subject: 'acme/web#1' })
  await ledger.store.dispatch([{ eventId: event, decisions: [{ agent: 'deaf', reason: 'matched' }] }], start)
  const { lease } = await claim(ledger.store)
  const call = newCall({ tool: 'comment' })
  await ledger.store.appendStep(lease, step(), [call], start)
  await ledger.store.prepare(lease, call.id, intent(), start)
  await ledger.store.markSent(lease, call.id, start)
  const created = { ids: { comment: '5' }, bound: { repo: 'acme/web' } }
  await ledger.store.settle(lease, call.id, { state: 'confirmed', created }, start)
  return lease.runId
}

it('an event that names what a write made wakes only who listens to echoes, and says so', async () => {
  const runId = await makeComment()
  const { stored, reasons } = await dispatched({ ids: { comment: '5' } }, { ...nothing, tools })
  expect(reasons).toEqual(['echo', 'matched'])
  expect(stored).toMatchObject({ echoOf: runId, chain: 1, state: 'dispatched' })
  const runs = await ledger.store.runsOf(idOf(stored?.id))
  expect(runs.map((run) => run.agent)).toEqual(['keen'])
})

it('an event of one of our own actors is an echo too', async () => {
  const { stored, reasons } = await dispatched({ actor: 'acme-bot' }, { ...nothing, sources })
  expect(reasons).toEqual(['echo', 'matched'])
  expect(stored).toMatchObject({ echoOf: undefined, chain: 1 })
  expect(stored?.decisions[0]?.detail).toBe('the actor is acme-bot')
  const { reasons: others } = await dispatched({ actor: 'ada' }, { ...nothing, sources })
  expect(others).toEqual(['matched', 'matched'])
})

it('the ledger is asked nothing where nothing can be an echo', async () => {
  await makeComment()
  const own = { ids: { comment: '5' }, actor: 'acme-bot' }
  expect((await dispatched(own, nothing)).reasons).toEqual(['matched', 'matched'])
  await dispatched({ ids: { issue: '1' }, actor: 'ada' }, { ...nothing, tools, sources })
  expect(asked).toBe(0)
  await dispatched(own, { ...nothing, tools })
  expect(asked).toBe(1)
})
