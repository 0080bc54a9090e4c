import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { MatchReason } from '../../src/domain/event.js'
import type { RunOutcome } from '../../src/domain/run.js'
import type { ToolCallState } from '../../src/domain/tool-call.js'
import { openSqliteStore } from '../../src/store/sqlite/open.js'
import type { Store } from '../../src/store/store.js'
import { claim, idOf, intent, minute, newCall, recordEvent, step } from '../contract/store-fixtures.js'
import { rouse, type Said } from './filled-ledger.js'
import { now } from './recorded.js'

const config = `
version: 1
store: sqlite:./rouse.db
models:
  default: { base_url: "http://127.0.0.1:9/v1", model: scripted, api: chat }
sources:
  ci: { kind: github, secret: "kFq3Zp9Lr7Tw2Xy5Vb8Nc4Md6" }
agents:
  doctor: { on: { source: ci, type: build.failed }, instructions: agents/doctor.md, tools: [] }
  triage: { on: { source: ci, type: "build.*", if: "data.serial > 0" }, instructions: agents/doctor.md, tools: [] }
`

let directory: string
let ledger: { store: Store; directory: string }

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'rouse-replay-'))
  await mkdir(join(directory, 'agents'))
  await writeFile(join(directory, 'config.yaml'), config)
  await writeFile(join(directory, 'agents', 'doctor.md'), 'Look.\n')
  const store = await openSqliteStore({ file: join(directory, 'rouse.db'), exclusive: true })
  ledger = { store, directory }
})
afterEach(async () => {
  await ledger.store.close()
  await rm(directory, { recursive: true, force: true })
})

const dead: RunOutcome = { state: 'dead', error: { code: 'limit.turns', message: 'm' } }
const completed: RunOutcome = { state: 'completed', summary: 'done' }
const onPerson: RunOutcome = { state: 'parked', on: 'person' }

interface Happened {
  readonly agent?: string
  readonly at?: number
  readonly type?: string
  readonly subject?: string
  readonly outcome?: RunOutcome
  /** Tools that wrote, and how far each came. */
  readonly writes?: readonly (readonly [tool: string, state: 'confirmed' | 'rejected' | 'held'])[]
}

/** An event, ten minutes ago unless it says otherwise, with the run that it woke. */
async function happened({
  agent = 'doctor',
  at = now - 10 * minute,
  ...what
}: Happened = {}): Promise<string> {
  const { store } = ledger
  const eventId = await recordEvent(
    store,
    {
      ...(what.type === undefined ? {} : { type: what.type }),
      ...(what.subject === undefined ? {} : { subject: what.subject }),
    },
    { receivedAt: at },
  )
  await store.dispatch([{ eventId, decisions: [{ agent, reason: 'matched' }] }], at)
  await work(at, what)
  return eventId
}

/** Works on the run that is next, as far as it came. */
async function work(at: number, { outcome = completed, writes = [] }: Happened): Promise<void> {
  const { store } = ledger
  const { lease } = await claim(store, { now: at })
  await store.beginRun(lease, 'd'.repeat(64), at)
  for (const [index, [tool, state]] of writes.entries()) {
    const call = newCall({ tool, callId: `call_${index}` })
    await store.appendStep(lease, step({ turn: index + 1 }), [call], at)
    await store.prepare(lease, call.id, intent(), at)
    await store.markSent(lease, call.id, at)
    if (state === 'held') await store.settle(lease, call.id, { state: 'unknown' }, at)
    const output = { ok: true, result: null } as const
    await store.settle(lease, call.id, state === 'held' ? { state } : { state, output }, at)
  }
  await store.finish(lease, outcome, 1, at)
}

const replay = (...argv: string[]): Promise<Said> => rouse(ledger, ['replay', ...argv])

interface Document {
  planned: {
    event_id: string
    agent: string
    why: string
    last_state: string | null
    last_error: string | null
    writes: { tool: string; state: ToolCallState }[]
  }[]
  left_out: { event_id: string; agent: string | null; reason: string }[]
  runs: { event_id: string; replay: number }[]
  stopped_by: string | null
}

async function documentOf(...argv: string[]): Promise<Document> {
  return JSON.parse((await replay(...argv, '--json')).out) as Document
}

const leftOutOf = ({ left_out }: Document) => left_out.map(({ event_id, reason }) => [event_id, reason])
const plannedOf = ({ planned }: Document) => planned.map(({ event_id }) => event_id)

describe('the plan', () => {
  test('names the last run, why it is dead, and what its writes did, and then asks', async () => {
    const eventId = await happened({
      outcome: dead,
      writes: [
        ['comment', 'confirmed'],
        ['comment', 'confirmed'],
        ['label', 'rejected'],
      ],
    })
    const { out } = await replay(eventId, '--dry-run')
    expect(out).toMatch(/doctor again, after run_\w+ \(dead: limit.turns\)/)
    expect(out).toContain('comment: confirmed, 2 times; may be made again, under a new key')
    expect(out).toContain('label: rejected; did nothing, and may be tried again under a new key')
    expect(out).toContain('new idempotency keys and markers')
    expect(out).toContain('1 new run; 1 of them had confirmed writes that may be made again: 2 comment.')
    expect((await rouse(ledger, ['replay', eventId], {}, ['no'])).code).toBe(1)
    expect(await ledger.store.runsOf(eventId)).toHaveLength(1)
    const made = await rouse(ledger, ['replay', eventId], {}, ['yes'])
    expect(made).toMatchObject({ code: 0 })
    expect(made.out).toContain(`doctor, replay 1 of ${eventId}`)
    expect((await ledger.store.runsOf(eventId)).map((run) => run.replay).sort()).toEqual([0, 1])
  })

  test('adds up what many runs may do again', async () => {
    await happened({ writes: [['comment', 'confirmed']] })
    await happened({
      writes: [
        ['comment', 'confirmed'],
        ['refund', 'confirmed'],
      ],
    })
    await happened({})
    const { out } = await replay('--since', '1h', '--dry-run')
    expect(out).toContain(
      '3 new runs; 2 of them had confirmed writes that may be made again: 2 comment, 1 refund.',
    )
  })

  test('counts the writes of every earlier run, not of the last alone', async () => {
    const eventId = await happened({ writes: [['comment', 'confirmed']] })
    await ledger.store.replay(eventId, 'doctor', now - minute)
    await work(now - minute, { outcome: dead })
    const { planned } = await documentOf(eventId, '--dry-run')
    expect(planned).toMatchObject([{ last_state: 'dead', writes: [{ tool: 'comment', state: 'confirmed' }] }])
  })

  test('is in the order in which the events were recorded', async () => {
    const second = await happened({ at: now - 5 * minute })
    const first = await happened({ at: now - 9 * minute })
    expect(plannedOf(await documentOf('--since', '1h', '--dry-run'))).toEqual([first, second])
  })

  test('writes nothing with --dry-run, nor without a yes where nobody can be asked', async () => {
    const eventId = await happened()
    await replay(eventId, '--dry-run')
    expect(await replay(eventId)).toMatchObject({ code: 2 })
    expect(await replay(eventId, '--json')).toMatchObject({ code: 2 })
    expect(await ledger.store.runsOf(eventId)).toHaveLength(1)
  })
})

describe('a write that may have happened', () => {
  test('keeps its event out until a person has said what became of it', async () => {
    const eventId = await happened({ outcome: dead, writes: [['refund', 'held']] })
    const { code, out, err } = await replay(eventId, '--yes')
    expect(code).toBe(1)
    const [held] = await ledger.store.listHeld()
    expect(out).toContain(`refund: held; resolve it first: rouse approve ${held?.id} --happened`)
    expect(err).toContain('say so first, or add --even-if-held')
    expect(await ledger.store.runsOf(eventId)).toHaveLength(1)
    await rouse(ledger, ['approve', idOf(held?.id), '--not-happened', '--yes'])
    expect((await replay(eventId, '--yes')).code).toBe(0)
    expect(await ledger.store.runsOf(eventId)).toHaveLength(2)
  })

  test('is said to be possibly made twice where the replay is wanted all the same', async () => {
    const eventId = await happened({ outcome: dead, writes: [['refund', 'held']] })
    const { code, out } = await replay(eventId, '--even-if-held', '--yes')
    expect(code).toBe(0)
    expect(out).toContain('refund: held; may have happened, and may then be made a second time')
    expect(out).toContain('1 had writes that may have happened')
  })
})

describe('a run that is not at an end', () => {
  test('is never replayed, and the way to end it is said', async () => {
    const eventId = await happened({ outcome: onPerson, writes: [['refund', 'held']] })
    for (const more of [[], ['--even-if-held']]) {
      const { code, out } = await replay(eventId, '--yes', ...more)
      expect(code).toBe(1)
      expect(out).toContain('not at an end')
      expect(out).toContain('parked: person')
    }
    expect(leftOutOf(await documentOf('--since', '1h', '--yes'))).toEqual([[eventId, 'unfinished']])
    expect(await ledger.store.runsOf(eventId)).toHaveLength(1)
  })

  test('and an event on which nothing was decided yet, is left to the daemon', async () => {
    const eventId = await recordEvent(ledger.store, {}, { receivedAt: now - minute })
    expect(leftOutOf(await documentOf('--since', '1h', '--yes'))).toEqual([[eventId, 'undispatched']])
    expect(leftOutOf(await documentOf('--since', '1h', '--if-no-runs', '--yes'))).toEqual([
      [eventId, 'undispatched'],
    ])
  })
})

describe('a choice of events', () => {
  test('takes what was recorded between two times, of a source, of a type, of an agent', async () => {
    const old = await happened({ at: now - 120 * minute })
    const middle = await happened({ at: now - 60 * minute, type: 'build.fixed' })
    const young = await happened({ at: now - 5 * minute, agent: 'triage' })
    const chosen = async (...argv: string[]) => plannedOf(await documentOf(...argv, '--dry-run'))
    expect(await chosen('--since', '3h')).toEqual([old, middle, young])
    expect(await chosen('--since', '90m')).toEqual([middle, young])
    expect(await chosen('--since', '3h', '--until', '30m')).toEqual([old, middle])
    expect(await chosen('--since', '3h', '--type', 'build.fixed')).toEqual([middle])
    expect(await chosen('--since', '3h', '--source', 'ci', '--agent', 'triage')).toEqual([young])
    expect(await chosen('--since', '3h', '--source', 'payments')).toEqual([])
  })

  test('--failed takes what is dead, and says that cancelled is not failed', async () => {
    await happened({ outcome: completed })
    const lost = await happened({ outcome: dead })
    const ended = await happened({
      outcome: { state: 'cancelled', error: { code: 'run.cancelled', message: '' } },
    })
    const document = await documentOf('--since', '1h', '--failed', '--dry-run')
    expect(document.planned).toMatchObject([{ event_id: lost, last_error: 'limit.turns' }])
    expect(leftOutOf(document)).toEqual([[ended, 'cancelled']])
  })

  test('makes no second replay when the command is given again, whatever became of the first', async () => {
    const eventIds = [await happened({ outcome: dead }), await happened({ outcome: dead })]
    const command = ['--since', '1h', '--failed', '--yes']
    expect((await documentOf(...command)).runs).toHaveLength(2)
    expect(await documentOf(...command)).toMatchObject({ planned: [], runs: [] })
    await work(now, { outcome: dead })
    await work(now, { outcome: completed })
    const again = await documentOf(...command)
    expect(again.runs).toEqual([])
    expect(again.left_out).toMatchObject([{ reason: 'replayed' }])
    expect(leftOutOf(await documentOf(...eventIds, '--yes')).map(([, reason]) => reason)).toEqual([
      'replayed',
      'replayed',
    ])
  })

  test('--replayed-before takes replays again, and those once', async () => {
    const eventId = await happened({ at: now - 60 * minute })
    await ledger.store.replay(eventId, 'doctor', now - 30 * minute)
    await work(now - 30 * minute, { outcome: dead })
    const command = ['--since', '2h', '--replayed-before', '20m', '--yes']
    expect((await documentOf('--since', '2h', '--replayed-before', '40m', '--yes')).runs).toEqual([])
    expect((await documentOf(...command)).runs).toMatchObject([{ event_id: eventId, replay: 2 }])
    await work(now, { outcome: dead })
    expect((await documentOf(...command)).runs).toEqual([])
  })

  test('replays one event that was named as often as it is named', async () => {
    const eventId = await happened()
    for (const number of [1, 2]) {
      expect((await documentOf(eventId, '--yes')).runs).toMatchObject([{ replay: number }])
      await work(now, {})
    }
  })
})

describe('an event that was seen together with others', () => {
  test('gets a run of its own when it is named, and none by itself', async () => {
    const { store } = ledger
    const at = now - 10 * minute
    const mailboxes = new Map([['doctor', { whenBusy: 'coalesce', quietMs: 0, maxWaitMs: 0 } as const]])
    const eventIds: string[] = []
    for (let index = 0; index < 3; index++) {
      const eventId = await recordEvent(
        store,
        { subject: 'web', time: at + index },
        { receivedAt: at + index },
      )
      eventIds.push(eventId)
      const decisions = [{ agent: 'doctor', reason: 'matched' }] as const
      await store.dispatch([{ eventId, decisions }], at + index, mailboxes)
    }
    await work(at + 3, { outcome: dead })
    const [first = '', second = '', newest = ''] = eventIds
    const document = await documentOf('--since', '1h', '--failed', '--dry-run')
    expect(plannedOf(document)).toEqual([newest])
    expect(leftOutOf(document)).toEqual([
      [first, 'coalesced'],
      [second, 'coalesced'],
    ])
    const { out } = await replay(first, '--dry-run')
    expect(out).toContain('it saw 3 events; the new run is about this one alone')
  })
})

describe('agents and events that have no run', () => {
  const decide = (eventId: string, agent: string, reason: MatchReason) =>
    ledger.store.dispatch([{ eventId, decisions: [{ agent, reason }] }], now - minute)

  test('--if-no-runs takes what the agents of today would have been woken by, and says why they were not', async () => {
    const ran = await happened()
    const ignored = await recordEvent(ledger.store, {}, { receivedAt: now - minute })
    await decide(ignored, 'doctor', 'type')
    const other = await recordEvent(ledger.store, { type: 'deploy' }, { receivedAt: now - minute })
    await decide(other, 'doctor', 'type')
    const document = await documentOf('--since', '1h', '--if-no-runs', '--dry-run')
    expect(document.planned.map(({ event_id, agent, why }) => [event_id, agent, why])).toEqual([
      [ran, 'triage', 'would_wake'],
      [ignored, 'triage', 'would_wake'],
      [ignored, 'doctor', 'would_wake'],
    ])
    const { out } = await replay(ignored, '--if-no-runs', '--dry-run')
    expect(out).toContain(
      'triage for the first time; when the event came: it was not declared, and it would be',
    )
    expect(out).toContain(
      'doctor for the first time; when the event came: listens to other types, and it would',
    )
  })

  test('--if-no-runs makes no second run', async () => {
    const eventId = await happened()
    const command = ['--since', '1h', '--agent', 'triage', '--if-no-runs', '--yes']
    expect((await documentOf(...command)).runs).toMatchObject([{ event_id: eventId, agent: 'triage' }])
    expect(await documentOf(...command)).toMatchObject({ planned: [], runs: [] })
  })

  test('--if-no-runs refuses an agent that is not declared', async () => {
    const { code, err } = await replay('--since', '1h', '--agent', 'doktor', '--if-no-runs')
    expect(code).toBe(1)
    expect(err).toContain('there are: doctor, triage')
  })

  test('a named event can wake an agent that it did not wake, and none that there never was', async () => {
    const eventId = await recordEvent(ledger.store, {}, { receivedAt: now - minute })
    await decide(eventId, 'doctor', 'if_false')
    expect(await replay(eventId, '--yes')).toMatchObject({
      code: 1,
      err: expect.stringContaining('woke no agent; name one with --agent'),
    })
    const wrong = await replay(eventId, '--agent', 'docter', '--yes')
    expect(wrong.code).toBe(1)
    expect(wrong.err).toContain('there were: doctor. For one that was added later: --if-no-runs')
    const { runs } = await documentOf(eventId, '--agent', 'doctor', '--yes')
    expect(runs).toMatchObject([{ event_id: eventId, replay: 1 }])
  })
})

describe('making the runs', () => {
  test('stops between two runs when it is told to, says how many were made, and the rest are made by the same command', async () => {
    for (let index = 0; index < 4; index++) await happened({ outcome: dead })
    let stop: ((signal: string) => void) | undefined
    const onStop = (given: (signal: string) => void) => {
      stop = given
      return () => undefined
    }
    const written: string[] = []
    const out = (text: string) => {
      written.push(text)
      if (text.includes('replay 1 of')) stop?.('SIGINT')
    }
    // One a day: it ends only because it is stopped.
    const command = ['replay', '--since', '1h', '--failed', '--yes']
    const stopped = await rouse(ledger, [...command, '--rate', '1/d'], { onStop, out })
    expect(stopped.code).toBe(1)
    expect(stopped.err).toContain('stopped by SIGINT: 1 of 4 runs were made. The same command makes the rest')
    expect(written.filter((text) => text.includes('replay 1 of'))).toHaveLength(1)
    const rest = await documentOf('--since', '1h', '--failed', '--yes', '--rate', '1000/s')
    expect(rest.runs).toHaveLength(3)
    expect(rest.left_out).toEqual([])
  })

  test('has a pace by itself when there are many', async () => {
    for (let index = 0; index < 21; index++) await happened({})
    const { err } = await rouse(ledger, ['replay', '--since', '1h'], {}, ['no'])
    expect(err).toContain('nothing was replayed')
    const asked: string[] = []
    const ask = async (question: string) => {
      asked.push(question)
      return 'no'
    }
    await rouse(ledger, ['replay', '--since', '1h'], { ask, canAsk: true })
    expect(asked.join()).toContain('Make 21 new runs, 10 in 1s, which takes 2s; Ctrl-C stops it?')
  })

  test('leaves out what somebody else replayed while the question stood', async () => {
    const eventIds = [await happened(), await happened()]
    const ask = async () => {
      await ledger.store.replay(idOf(eventIds[0]), 'doctor', now)
      return 'yes'
    }
    const { code, out } = await rouse(ledger, ['replay', '--since', '1h'], { ask, canAsk: true })
    expect(code).toBe(0)
    expect(out).toContain('things have changed since the plan was made')
    expect((await ledger.store.runsOf(idOf(eventIds[0]))).map((run) => run.replay).sort()).toEqual([0, 1])
    expect(await ledger.store.runsOf(idOf(eventIds[1]))).toHaveLength(2)
  })
})

describe('runs --state dead', () => {
  test('names the cause of each, and the replay that would run them again', async () => {
    const eventId = await happened({ outcome: dead })
    const { out, err } = await rouse(ledger, ['runs', '--state', 'dead'])
    expect(out).toContain('CAUSE')
    expect(out).toContain('limit.turns')
    expect(err).toBe('to run them again: rouse replay --failed --since 2h --dry-run')
    const [, , ...argv] = (/rouse (.+)$/.exec(err)?.[1] ?? '').split(' ')
    expect(plannedOf(await documentOf('--failed', ...argv))).toEqual([eventId])
  })

  test('suggests nothing where none is', async () => {
    await happened()
    expect((await rouse(ledger, ['runs', '--state', 'dead'])).err).toBe('')
  })
})

test.each([
  [[]],
  [['evt_0193b6f1e4c27d0a9c3f1b2c3d4e5f60', '--since', '1h']],
  [['evt_0193b6f1e4c27d0a9c3f1b2c3d4e5f60', '--type', 'x']],
  [['--failed']],
  [['--since', '1h', '--failed', '--if-no-runs']],
  [['--since', '1h', '--rate', 'fast']],
  [['--since', '1h', '--rate', '0/s']],
  [['--since', '1h', '--until', 'noon']],
])('what cannot be meant is refused: %j', async (argv) => {
  expect(await replay(...argv)).toMatchObject({ code: 2 })
})
