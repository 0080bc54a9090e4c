import { rm } from 'node:fs/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { files, issueAgent } from '../runs/setting.js'
import { OtlpReceiver, type ReceivedSpan } from '../support/otlp-receiver.js'
import { RecordingApi } from '../support/recording-api.js'
import { issueOpened, type Rouse, runIn, sendGithub, startRouse, writeSetting } from '../support/rouse.js'
import { until } from '../support/wait.js'

let api: RecordingApi
let otlp: OtlpReceiver
let directory: string | undefined
let rouse: Rouse | undefined

beforeEach(async () => {
  ;[api, otlp] = await Promise.all([RecordingApi.start(), OtlpReceiver.start()])
})
afterEach(async () => {
  await rouse?.stop()
  rouse = undefined
  await Promise.all([api.close(), otlp.close()])
  if (directory !== undefined) await rm(directory, { recursive: true, force: true })
  directory = undefined
})

const script = (delay = '0ms') => [
  {
    agent: 'helper',
    turns: [
      { call: 'get_issue' },
      { call: 'comment', args: { body: 'words of the model' }, delay },
      { say: 'words at the end' },
    ],
  },
]

async function start(tracing: string, delay?: string): Promise<Rouse> {
  const setting = { config: issueAgent(api, tracing), script: script(delay), files }
  directory ??= await writeSetting(setting)
  rouse = await startRouse({ ...setting, directory })
  return rouse
}

const tracingTo = (more = '') => `tracing: { otlp: "${otlp.origin}"${more} }\n`

async function stop(): Promise<void> {
  await rouse?.stop()
  rouse = undefined
}

/** As a tree of names, children in the order of their beginning; a span whose parent is not there stands apart. */
function treesOf(spans: readonly ReceivedSpan[]): unknown[] {
  const ids = new Set(spans.map(({ spanId }) => spanId))
  const below = (parent: string | undefined): unknown[] =>
    spans
      .filter(({ parentSpanId }) => (ids.has(parentSpanId ?? '') ? parentSpanId : undefined) === parent)
      .sort((left, right) => left.startTimeUnixNano - right.startTimeUnixNano)
      .map(({ name, spanId }) => {
        const children = below(spanId)
        return children.length === 0 ? name : [name, ...children]
      })
  return below(undefined)
}

const toolTurns = {
  read: ['execute_tool get_issue', 'GET /repos/{repo}/issues/{issue}'],
  write: ['execute_tool comment', 'POST /repos/{repo}/issues/{issue}/comments'],
}

describe('traces', () => {
  it('are one for each event, from the delivery to the outcome', async () => {
    const { url, ledger } = await start(tracingTo())
    const sent = [
      await sendGithub(url, 'issues', issueOpened(12)),
      await sendGithub(url, 'issues', issueOpened(13)),
    ]
    const ids = sent.map(({ body }) => body.events?.[0] ?? '')
    for (const id of ids) await runIn(ledger, id, ['completed'])
    await stop()

    expect(new Set(otlp.spans.map(({ traceId }) => `evt_${traceId}`))).toEqual(new Set(ids))
    for (const id of ids) {
      const spans = otlp.spans.filter(({ traceId }) => `evt_${traceId}` === id)
      expect(treesOf(spans)).toEqual([
        [
          'receive ci',
          'dispatch',
          [
            'invoke_agent helper',
            'chat scripted',
            toolTurns.read,
            'chat scripted',
            toolTurns.write,
            'chat scripted',
          ],
        ],
      ])
      for (const span of spans) {
        const parent = spans.find(({ spanId }) => spanId === span.parentSpanId)
        expect(span.endTimeUnixNano).toBeGreaterThanOrEqual(span.startTimeUnixNano)
        expect(span.startTimeUnixNano).toBeGreaterThanOrEqual(parent?.startTimeUnixNano ?? 0)
      }
    }
    expect(otlp.resources[0]).toMatchObject({ 'service.name': 'rouse' })
  })

  it('go on in the next process where a restart came between', async () => {
    const { url, ledger } = await start(tracingTo(), '400ms')
    const { body } = await sendGithub(url, 'issues', issueOpened(12))
    await until('the model to be asked again', () => api.requests.some(({ method }) => method === 'GET'))
    await until('the read to be recorded', async () => {
      const [run] = await ledger.runsOf(body.events?.[0] ?? '')
      return run?.usage.turns === 1
    })
    await stop()
    await start(tracingTo())
    await runIn((rouse as unknown as Rouse).ledger, body.events?.[0] ?? '', ['completed'])
    await stop()

    expect(new Set(otlp.spans.map(({ traceId }) => `evt_${traceId}`))).toEqual(new Set(body.events))
    expect(treesOf(otlp.spans)).toEqual([
      [
        'receive ci',
        'dispatch',
        ['invoke_agent helper', 'chat scripted', toolTurns.read, 'chat scripted', toolTurns.write],
        ['invoke_agent helper', 'chat scripted'],
      ],
    ])
    const attempts = otlp.spans.filter(({ name }) => name === 'invoke_agent helper')
    expect(attempts.map(({ attributes }) => attributes)).toMatchObject([
      { 'rouse.run.state': 'parked', 'rouse.run.parked_on': 'restart' },
      { 'rouse.run.state': 'completed', 'rouse.run.turns_before': 2 },
    ])
    expect(new Set(otlp.resources.map((resource) => resource['service.instance.id'])).size).toBe(2)
  })

  it('have what the conventions for generative AI name, and no word of event, model or API', async () => {
    api.respond = () => ({ status: 200, body: { title: 'words of the API', milestone: { id: 'x' } } })
    const { url, ledger } = await start(tracingTo())
    const opened = issueOpened(12, { title: 'words of the event' })
    const { body } = await sendGithub(url, 'issues', opened)
    const run = await runIn(ledger, body.events?.[0] ?? '', ['completed'])
    await stop()

    const named = (name: string) => otlp.spans.find((span) => span.name === name)
    expect(named('chat scripted')).toMatchObject({
      kind: 3,
      attributes: {
        'gen_ai.operation.name': 'chat',
        'gen_ai.provider.name': 'scripted',
        'gen_ai.request.model': 'scripted',
        'gen_ai.response.finish_reasons': ['tool_call'],
        'gen_ai.usage.input_tokens': expect.any(Number),
        'gen_ai.usage.output_tokens': expect.any(Number),
        'gen_ai.conversation.id': run.id,
      },
    })
    expect(named('execute_tool comment')?.attributes).toMatchObject({
      'gen_ai.operation.name': 'execute_tool',
      'gen_ai.tool.name': 'comment',
      'rouse.tool.effect': 'write',
    })
    expect(named('invoke_agent helper')?.attributes).toMatchObject({ 'gen_ai.agent.name': 'helper' })
    expect(named('POST /repos/{repo}/issues/{issue}/comments')?.attributes).toMatchObject({
      'http.response.status_code': 200,
      'server.address': '127.0.0.1',
    })
    const everything = otlp.api.requests.map((request) => request.body).join('\n')
    expect(everything).not.toMatch(/words of|words at|issue 12|octocat|acme/)
  })

  it('are told to the APIs of tools, and are no part of what was frozen', async () => {
    const { url, ledger } = await start(tracingTo())
    const { body } = await sendGithub(url, 'issues', issueOpened(12))
    const run = await runIn(ledger, body.events?.[0] ?? '', ['completed'])
    const { calls } = await ledger.journal(run.id)
    await stop()

    for (const { method, headers } of api.requests) {
      const span = otlp.spans.find(({ name }) => name.startsWith(`${method} /`))
      expect(headers['traceparent']).toBe(`00-${span?.traceId}-${span?.spanId}-01`)
    }
    expect(api.requests).toHaveLength(2)
    const frozen = calls.map(({ request }) => JSON.stringify(request ?? {}))
    expect(frozen.some((text) => text.includes('comments'))).toBe(true)
    expect(frozen.filter((text) => text.includes('traceparent'))).toEqual([])
  })

  it('say what went wrong by its code', async () => {
    api.respond = ({ method }) =>
      method === 'GET' ? { status: 404, body: 'words of the API' } : { status: 200 }
    const { url, ledger } = await start(tracingTo())
    const { body } = await sendGithub(url, 'issues', issueOpened(12))
    await runIn(ledger, body.events?.[0] ?? '', ['completed'])
    await stop()
    const span = otlp.spans.find(({ name }) => name.startsWith('GET /'))
    expect(span).toMatchObject({ status: { code: 2 }, attributes: { 'error.type': '404' } })
    expect(span?.status.message).toBeUndefined()
  })

  it('have a redelivery in the trace of its event', async () => {
    const { url, ledger } = await start(tracingTo())
    const { body } = await sendGithub(url, 'issues', issueOpened(12))
    await runIn(ledger, body.events?.[0] ?? '', ['completed'])
    expect((await sendGithub(url, 'issues', issueOpened(12))).body.status).toBe('duplicate')
    await stop()
    const root = otlp.spans.find(({ name }) => name === 'receive ci')
    const again = otlp.spans.find(({ name }) => name === 'redelivery ci')
    expect(again).toMatchObject({ traceId: root?.traceId, parentSpanId: root?.spanId })
  })

  it('of which a share is sent are sent whole or not at all', async () => {
    const { url, ledger } = await start(tracingTo(', sample: 0.5'))
    const ids: string[] = []
    for (let number = 1; number <= 16; number++) {
      const { body } = await sendGithub(url, 'issues', issueOpened(number))
      ids.push(...(body.events ?? []))
    }
    for (const id of ids) await runIn(ledger, id, ['completed'])
    await stop()
    const sizes = ids.map((id) => otlp.spans.filter(({ traceId }) => `evt_${traceId}` === id).length)
    expect(new Set(sizes)).toEqual(new Set([0, 10]))
  })

  it('hold nothing up where nobody takes them, and the log says so once', async () => {
    otlp.api.respond = () => 'hang'
    const { url, ledger, log } = await start(tracingTo())
    const { body, status } = await sendGithub(url, 'issues', issueOpened(12))
    expect(status).toBe(202)
    await runIn(ledger, body.events?.[0] ?? '', ['completed'])
    const stoppingAt = performance.now()
    await stop()
    expect(performance.now() - stoppingAt).toBeLessThan(4000)

    await otlp.close()
    const second = await start(tracingTo())
    const again = await sendGithub(second.url, 'issues', issueOpened(13))
    await runIn(second.ledger, again.body.events?.[0] ?? '', ['completed'])
    await until(
      'the log to say so',
      () => second.log.find((line) => line.includes('traces cannot be sent')),
      15_000,
    )
    expect(log.filter((line) => line.includes('traces cannot be sent')).length).toBeLessThanOrEqual(1)
  })

  it('are not there unless they are asked for', async () => {
    const { url, ledger } = await start('')
    const { body } = await sendGithub(url, 'issues', issueOpened(12))
    await runIn(ledger, body.events?.[0] ?? '', ['completed'])
    await stop()
    expect(otlp.api.requests).toEqual([])
    expect(api.requests.filter(({ headers }) => 'traceparent' in headers)).toEqual([])
  })
})
