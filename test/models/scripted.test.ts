import { describe, expect, it } from 'vitest'
import type { ConversationItem, ToolSchema } from '../../src/models/model.js'
import { parseScript } from '../../src/models/script.js'
import { createScriptedModel } from '../../src/models/scripted.js'
import { anySignal, continued, modelRequest, rejectionOf } from '../support/model-fixtures.js'

const script = parseScript(`
- agent: ci-doctor
  when: acme/web
  turns:
    - call: list_failed_jobs
    - calls:
        - { call: comment, args: { body: Flaky., count: 2 } }
        - { call: rerun_failed_jobs, args: '{"broken' }
    - say: Done.
- agent: ci-doctor
  turns: [{ say: Nothing to do. }]
- agent: slow
  turns: [{ say: Later., delay: 1h }]
`)
const model = createScriptedModel(script)
const input: ConversationItem[] = [{ kind: 'input', text: 'workflow_run of acme/web' }]
const ciDoctor = (conversation: readonly ConversationItem[]) =>
  modelRequest({ agent: 'ci-doctor', conversation })

describe('the scripted model', () => {
  it('gives one turn after the other, by the answers that the conversation has', async () => {
    const first = await model.ask(ciDoctor(input), anySignal())
    expect(first).toMatchObject({
      api: 'responses',
      finish: 'calls',
      calls: [{ callId: 'call_0_0', name: 'list_failed_jobs', argumentsText: '{}' }],
    })
    const afterFirst = continued(input, first)
    const second = await model.ask(ciDoctor(afterFirst), anySignal())
    expect(second.calls).toEqual([
      { callId: 'call_1_0', name: 'comment', argumentsText: '{"body":"Flaky.","count":2}' },
      { callId: 'call_1_1', name: 'rerun_failed_jobs', argumentsText: '{"broken' },
    ])
    const third = await model.ask(ciDoctor(continued(afterFirst, second)), anySignal())
    expect(third).toMatchObject({ finish: 'stop', text: 'Done.', calls: [], reportedCostUsd: 0 })
    expect(third.usage.inputTokens).toBeGreaterThan(first.usage.inputTokens)
  })

  it('gives the same answer to the same question, also in another process', async () => {
    const first = await model.ask(ciDoctor(input), anySignal())
    const another = createScriptedModel(script)
    expect(await another.ask(ciDoctor(input), anySignal())).toEqual(first)
  })

  it('takes the first entry whose agent and text fit', async () => {
    const other = await model.ask(ciDoctor([{ kind: 'input', text: 'acme/api' }]), anySignal())
    expect(other.text).toBe('Nothing to do.')
  })

  it('rejects what the script does not have: the agent, or the turn', async () => {
    const ended = [...input, { kind: 'answer', api: 'responses', items: [] } as const]
    const requests = [modelRequest({ agent: 'unknown' }), ciDoctor([...ended, ...ended, ...ended])]
    for (const request of requests) {
      const error = await rejectionOf(model, request)
      expect([error.code, error.retry]).toEqual(['model.script', 'never'])
    }
  })

  it('waits as long as a turn says, unless the signal aborts', async () => {
    const stop = new AbortController()
    const asked = model.ask(modelRequest({ agent: 'slow' }), stop.signal)
    const reason = new Error('stopping')
    stop.abort(reason)
    await expect(asked).rejects.toBe(reason)
  })
})

describe('the scripted model without a script', () => {
  const tool = (name: string, effect: ToolSchema['effect'], required: string[] = []): ToolSchema => ({
    name,
    description: '',
    parameters: { type: 'object', properties: {}, required, additionalProperties: false },
    ...(effect === undefined ? {} : { effect }),
  })
  const tools = [
    tool('get_ticket', 'read'),
    tool('get_user', 'read'),
    tool('search', 'read', ['query']),
    tool('refund', 'destructive'),
    tool('comment', 'write'),
    tool('unmarked', undefined),
  ]

  it('calls each read that needs no argument, once, and says what came back', async () => {
    const generic = createScriptedModel()
    const first = await generic.ask(modelRequest({ tools }), anySignal())
    expect(first.calls.map(({ name }) => name)).toEqual(['get_ticket', 'get_user'])
    const conversation = continued(modelRequest().conversation, first)
    conversation.splice(-1, 1, {
      kind: 'output',
      callId: 'call_0_1',
      text: '{"ok":false,"error":{"code":"tool.status"}}',
    })
    const second = await generic.ask(modelRequest({ tools, conversation }), anySignal())
    expect(second.finish).toBe('stop')
    expect(second.text).toContain('get_ticket gave 11 bytes. get_user failed with tool.status.')
  })

  it('says so where there is nothing to read', async () => {
    const answer = await createScriptedModel().ask(modelRequest({ tools: [] }), anySignal())
    expect(answer).toMatchObject({ finish: 'stop', calls: [] })
  })
})
