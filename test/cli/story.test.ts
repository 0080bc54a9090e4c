import { describe, expect, test } from 'vitest'
import { eventStory } from '../../src/cli/story.js'
import { formatStory } from '../../src/cli/story-text.js'
import { createWhen } from '../../src/cli/when.js'
import { markerOf } from '../../src/policy/idempotency.js'
import type { Journal, ToolCallRow } from '../../src/store/records.js'
import { approval, call, delivery, event, journal, now, recordedIo, redelivery, run } from './recorded.js'

const when = createWhen(now, 'UTC')

function verbs(told: Journal, deliveries = [delivery]): string[] {
  return eventStory({ event, deliveries, runs: [told] }, when).map(({ verb, text }) => `${verb} ${text}`)
}

describe('the story of an event', () => {
  test('goes from the first byte to what is waited for, in order of time', () => {
    const lines = eventStory({ event, deliveries: [delivery, redelivery], runs: [journal] }, when)
    expect(lines.map(({ verb }) => verb)).toEqual([
      'received',
      'verified',
      'recorded',
      'matched',
      'not matched',
      'not matched',
      'enqueued',
      'running',
      'model',
      'proposed',
      'parked',
      'waiting',
      'duplicate',
    ])
  })

  test('says why each other agent was not woken', () => {
    const lines = verbs(journal)
    expect(lines).toContain('not matched ci-doctor: listens to another source')
    expect(lines).toContain(
      'not matched audit: its `if` could not be decided, which is no match: no such key: foo',
    )
  })

  test('shows the exact request that waits for a person, not what the agent says of it', () => {
    const text = formatStory(
      eventStory({ event, deliveries: [delivery], runs: [journal] }, when),
      when,
      recordedIo(),
    )
    expect(text).toContain('POST https://api.stripe.com/v1/refunds')
    expect(text).toContain('charge=ch_1&amount=1200')
  })

  test('tells of all the events of a run, and of what was read before it acted', () => {
    const seen = Array.from({ length: 30 }, (_, at) => ({
      ...event,
      id: `evt_${String(at).padStart(32, '0')}`,
      type: at === 29 ? 'x\u001b[2J' : event.type,
    }))
    const refreshed = {
      tool: 'get_charge',
      at: now - 117_000,
      output: { ok: true as const, status: 200, result: { refunded: true } },
    }
    const told = { ...journal, run: { ...run, eventCount: 30, refreshed } }
    const record = { event, deliveries: [delivery], runs: [told], seen: new Map([[run.id, seen]]) }
    const lines = eventStory(record, when)
    const enqueued = lines.find(({ verb }) => verb === 'enqueued')
    expect(enqueued?.text).toContain('for 30 events')
    const shown = enqueued?.detail?.split('\n') ?? []
    expect(shown).toHaveLength(21)
    expect(shown[0]).toContain(seen[0]?.id)
    expect(shown[1]).toBe('… 10 more events; --json has all')
    expect(shown[20]).toContain(seen[29]?.id)
    expect(shown[20]).not.toContain('\u001b')
    const read = lines.find(({ verb }) => verb === 'refreshed')
    expect([read?.text, read?.detail]).toEqual([
      'get_charge, before the model was asked: answered 200',
      '{"refunded":true}',
    ])
  })

  test('says which event took the place of a run, while it is not at its end and then', () => {
    const supersededBy = 'evt_0193b6f1e4c27d0a9c3f1b2c3d4e5fff'
    expect(verbs({ ...journal, run: { ...run, supersededBy } }).at(-1)).toContain(
      `superseded by ${supersededBy}`,
    )
    const error = { code: 'run.superseded' as const, message: `${supersededBy} took its place` }
    const ended: Journal = {
      ...journal,
      run: { ...run, supersededBy, state: 'cancelled', error, finishedAt: now },
    }
    expect(verbs(ended).filter((line) => line.startsWith('superseded'))).toEqual([])
    expect(verbs(ended).at(-1)).toContain(`run.superseded, ${supersededBy} took its place`)
  })

  test('tells of a refused read as a refusal', () => {
    const error = { code: 'tool.status', message: 'the API answered 404', hint: 'h' } as const
    const refreshed = { tool: 'get_charge', at: now - 117_000, output: { ok: false as const, error } }
    expect(verbs({ ...journal, run: { ...run, refreshed } })).toContain(
      'refreshed get_charge, before the model was asked: tool.status, the API answered 404',
    )
  })

  test('says of an agent that is off that its run waits', () => {
    const off = { ...event, decisions: [{ agent: 'disputes', reason: 'off' as const }] }
    const lines = eventStory({ event: off, deliveries: [delivery], runs: [] }, when)
    expect(lines.map(({ verb, text }) => `${verb} ${text}`)).toContain(
      'matched disputes: its mode is off; its run waits until it is on again',
    )
  })

  test('lets nothing of the sender or the model steer the terminal', () => {
    const evil = '\u001b]8;;http://evil\u0007click\n\u202e'
    const steered: Journal = {
      ...journal,
      steps: journal.steps.map((step) => ({ ...step, text: evil, model: evil })),
      calls: [
        { ...call, argumentsText: evil, tool: evil, note: evil, state: 'failed', approvalId: undefined },
      ],
      approvals: [],
      run: { ...run, summary: evil, state: 'completed', finishedAt: now },
    }
    const told = { ...event, type: evil, subject: evil, ids: { [evil]: evil }, sourceEventId: evil }
    const from = { ...delivery, url: evil, remoteAddress: evil }
    const text = formatStory(
      eventStory({ event: told, deliveries: [from], runs: [steered] }, when),
      when,
      recordedIo(),
    )
    expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u)
  })

  test('tells the whole life of a write, with its approval', () => {
    const done: ToolCallRow = {
      ...call,
      state: 'confirmed',
      request: approval.request,
      idempotencyKey: 'key-1',
      sends: 2,
      firstSentAt: now - 50_000,
      settledAt: now - 49_000,
      status: 200,
      output: { ok: true, status: 200, result: { id: 're_1' } },
    }
    const lines = verbs({
      ...journal,
      calls: [done],
      approvals: [
        { ...approval, state: 'approved', decidedAt: now - 55_000, decidedBy: 'alice', reason: 'fine' },
      ],
      run: { ...run, state: 'completed', parkedOn: undefined, finishedAt: now - 40_000 },
    })
    expect(lines.slice(-7)).toEqual([
      `parked after 3s`,
      `waiting refund, for a person to decide ${approval.id}, at most 23h 55m`,
      'approved refund by alice: fine',
      'prepared refund, idempotency key key-1',
      'sent refund, 2 times, the same bytes with the same key',
      'confirmed refund, answered 200',
      'completed disputes (1 turn, 1 tool call, 1,200 tokens in, 80 out, 0.0123 USD, 2.1s)',
    ])
  })

  test('says what keeps a run from its first try', () => {
    const queued = {
      ...journal,
      run: { ...run, state: 'queued' as const, parkedOn: undefined },
      attempts: [],
    }
    expect(verbs({ ...queued, behind: 'run_1' })).toContain(
      'blocked behind run_1, the run of disputes about the same subject that is to end first',
    )
    const quiet = { ...run, state: 'parked' as const, parkedOn: 'quiet' as const, nextAt: undefined }
    expect(verbs({ ...queued, run: quiet })).toContain('parked waits for its subject to be quiet')
  })

  test('names what a held write waits for', () => {
    const held: ToolCallRow = {
      ...call,
      state: 'held',
      approvalId: undefined,
      firstSentAt: now - 9000,
      sends: 1,
    }
    expect(verbs({ ...journal, calls: [held], approvals: [] }).at(-1)).toBe(
      `held refund, a person must say: rouse approve ${call.id} --happened, --not-happened or --send-again`,
    )
    const cancelled = { ...run, state: 'cancelled' as const }
    expect(verbs({ ...journal, run: cancelled, calls: [held], approvals: [] })).toContain(
      `held refund, a person must say: rouse approve ${call.id} --happened or --not-happened`,
    )
  })

  test('says of a held write why it is, and how often it was looked for', () => {
    const held: ToolCallRow = {
      ...call,
      state: 'held',
      approvalId: undefined,
      firstSentAt: now - 9000,
      lastSentAt: now - 9000,
      sends: 1,
      looks: 1,
      lookedAt: now - 4000,
      status: 500,
      note: 'the API answered 500; its probe list does not say: the API answered 403',
    }
    const lines = verbs({ ...journal, calls: [held], approvals: [] })
    expect(lines.at(-2)).toBe('looked for refund, 1 time, and did not find it')
    expect(lines.at(-1)).toContain('held refund, the API answered 500; its probe list does not say')
    expect(lines.at(-1)).not.toContain('answered 500, ')
  })

  test('says which marker a write carries, and what decided its outcome', () => {
    const marker = markerOf('key-1')
    const found: ToolCallRow = {
      ...call,
      state: 'confirmed',
      request: { ...approval.request, body: `ref=${marker}` },
      idempotencyKey: 'key-1',
      approvalId: undefined,
      sends: 1,
      firstSentAt: now - 9000,
      settledAt: now - 1000,
      output: { ok: true, result: { seen: [] } },
      note: 'found by its probe list',
    }
    const lines = verbs({ ...journal, calls: [found], approvals: [] })
    expect(lines).toContain(`prepared refund, idempotency key key-1, marker ${marker}`)
    expect(lines).toContain('confirmed refund, found by its probe list')
    const error = { code: 'tool.unknown_outcome', message: 'it did not happen', hint: 'h' } as const
    const said: ToolCallRow = {
      ...found,
      state: 'rejected',
      output: { ok: false, error },
      note: 'ann: it did not happen',
    }
    expect(verbs({ ...journal, calls: [said], approvals: [] })).toContain(
      'rejected refund, tool.unknown_outcome: it did not happen, ann: it did not happen',
    )
  })

  test('says whether the writes of a run have new keys or keep their old ones', () => {
    const again = journal.attempts.map((attempt) => ({ ...attempt, number: 2 }))
    const keyed = { ...call, idempotencyKey: 'key-1' }
    const lines = verbs({ ...journal, run: { ...run, replay: 2 }, calls: [keyed], attempts: again })
    expect(lines.find((line) => line.startsWith('enqueued'))).toContain('replay 2: its writes have new keys')
    expect(lines.find((line) => line.startsWith('running again'))).toContain('its writes keep their keys')
    expect(verbs(journal).join()).not.toContain('keys')
  })

  test('tells a crash as one', () => {
    const crashed = {
      number: 1,
      node: 'n',
      startedAt: now - 5000,
      endedAt: undefined,
      outcome: 'crashed',
      error: undefined,
    } as const
    expect(verbs({ ...journal, attempts: [crashed] })).toContain(
      'crashed the process ended while it held the run',
    )
  })

  test('says so where nothing is decided yet, and where nobody is woken', () => {
    const story = (state: 'recorded' | 'ignored') =>
      eventStory({ event: { ...event, state, decisions: [] }, deliveries: [], runs: [] }, when).map(
        ({ verb }) => verb,
      )
    expect(story('recorded')).toEqual(['recorded', 'waiting'])
    expect(story('ignored')).toEqual(['recorded', 'ignored'])
  })
})
