import { describe, expect, test } from 'vitest'
import { eventStory } from '../../src/cli/story.js'
import { formatStory } from '../../src/cli/story-text.js'
import { createWhen } from '../../src/cli/when.js'
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

  test('names what a held write waits for', () => {
    const held: ToolCallRow = {
      ...call,
      state: 'held',
      approvalId: undefined,
      firstSentAt: now - 9000,
      sends: 1,
    }
    expect(verbs({ ...journal, calls: [held], approvals: [] }).at(-1)).toBe(
      `held refund, a person must say what became of ${call.id}`,
    )
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
