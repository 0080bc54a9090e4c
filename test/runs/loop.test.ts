import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { RecordingApi } from '../support/recording-api.js'
import { issueOpened, type Rouse, runIn, sendGithub, startRouse } from '../support/rouse.js'
import { files, issueAgent } from './setting.js'

let api: RecordingApi
let rouse: Rouse | undefined

beforeEach(async () => {
  api = await RecordingApi.start()
  api.respond = ({ method, url }) => {
    if (method === 'GET')
      return { status: 200, body: { title: 'an issue', budget: 500, milestone: { id: 7 } } }
    return { status: 201, body: { id: 1, url } }
  }
})

afterEach(async () => {
  await rouse?.stop()
  rouse = undefined
  await api.close()
})

async function runOf(turns: unknown[], extra = '') {
  rouse = await startRouse({ config: issueAgent(api, extra), script: [{ agent: 'helper', turns }], files })
  const sent = await sendGithub(rouse.url, 'issues', issueOpened(12))
  expect(sent.status).toBe(202)
  const eventId = sent.body.events?.[0] ?? ''
  const run = await runIn(rouse.ledger, eventId, ['completed', 'dead', 'parked', 'failed'])
  return { run, journal: await rouse.ledger.journal(run.id), ledger: rouse.ledger, eventId }
}

describe('a run', () => {
  it('asks, reads, writes and completes, with every step in the ledger', async () => {
    const { run, journal } = await runOf([
      { call: 'get_issue' },
      { call: 'comment', args: { body: 'Seen. ✅' } },
      { say: 'I commented.' },
    ])
    expect(run.state).toBe('completed')
    expect(run.summary).toBe('I commented.')
    expect(run.usage.turns).toBe(3)
    expect(journal.calls.map(({ tool, state }) => [tool, state])).toEqual([
      ['get_issue', 'done'],
      ['comment', 'confirmed'],
    ])
    expect(api.requests.map(({ method, url, body }) => [method, url, body])).toEqual([
      ['GET', '/repos/acme/web/issues/12', ''],
      ['POST', '/repos/acme/web/issues/12/comments', '{"body":"Seen. ✅"}'],
    ])
    expect(
      api.requests.every(({ headers }) => headers.authorization === 'Bearer trk_k7Gq2nV9xB4tLw8sRz3m'),
    ).toBe(true)
  })

  it('does all calls of one answer, in order', async () => {
    const { run, journal } = await runOf([
      {
        calls: [
          { call: 'get_issue' },
          { call: 'comment', args: { body: 'one' } },
          { call: 'comment', args: { body: 'two' } },
        ],
      },
      { say: 'Done.' },
    ])
    expect(run.state).toBe('completed')
    expect(journal.calls.map(({ state }) => state)).toEqual(['done', 'confirmed', 'confirmed'])
    expect(api.writes.map(({ body }) => body)).toEqual(['{"body":"one"}', '{"body":"two"}'])
    const keys = journal.calls.map(({ idempotencyKey }) => idempotencyKey)
    expect(new Set(keys.slice(1)).size).toBe(2)
  })

  it.each([
    ['an unknown tool', { call: 'delete_everything' }, 'policy.unknown_tool'],
    ['arguments that are not JSON', { call: 'comment', args: '{"body": ' }, 'policy.schema'],
    [
      'an argument that is not declared',
      { call: 'comment', args: { body: 'x', url: 'http://evil.test' } },
      'policy.schema',
    ],
    ['an amount out of range', { call: 'charge', args: { amount: 0 } }, 'policy.schema'],
    ['an amount over the rule', { call: 'charge', args: { amount: 501 } }, 'policy.constraint'],
  ])('denies %s, tells the model, sends nothing, and goes on', async (_what, call, code) => {
    const { run, journal } = await runOf([call, { say: 'Not allowed, then.' }])
    expect(run.state).toBe('completed')
    expect(journal.calls[0]?.state).toBe('denied')
    expect(journal.calls[0]?.output).toMatchObject({ ok: false, error: { code } })
    expect(api.writes).toEqual([])
  })

  it('denies a call whose fact cannot be read', async () => {
    api.respond = () => ({ status: 404 })
    const { journal } = await runOf([{ call: 'charge', args: { amount: 5 } }, { say: 'No.' }])
    expect(journal.calls[0]?.output).toMatchObject({ ok: false, error: { code: 'policy.constraint' } })
    expect(api.writes).toEqual([])
  })

  it('reads a fact itself, just before it decides', async () => {
    const { journal } = await runOf([{ call: 'charge', args: { amount: 500 } }, { say: 'Charged.' }])
    expect(journal.calls[0]?.state).toBe('confirmed')
    expect(api.requests.map(({ method }) => method)).toEqual(['GET', 'POST'])
    expect(api.writes[0]?.body).toBe('amount=500&issue=12')
    expect(api.writes[0]?.headers['idempotency-key']).toBe(journal.calls[0]?.idempotencyKey)
  })

  it('never sends more than the budget, and says which', async () => {
    const { journal } = await runOf([
      { calls: [1, 2, 3].map((amount) => ({ call: 'comment', args: { body: `n${amount}` } })) },
      { say: 'Two is enough.' },
    ])
    expect(journal.calls.map(({ state }) => state)).toEqual(['confirmed', 'confirmed', 'denied'])
    expect(journal.calls[2]?.output).toMatchObject({ ok: false, error: { code: 'policy.budget' } })
    expect(api.writes).toHaveLength(2)
  })

  it('counts the sum over an argument, and releases what was refused for certain', async () => {
    let refuse = true
    api.respond = ({ method }) => {
      if (method === 'GET') return { status: 200, body: { budget: 10_000 } }
      if (!refuse) return { status: 200 }
      refuse = false
      return { status: 422, body: { message: 'card expired' } }
    }
    const { journal } = await runOf([
      { call: 'charge', args: { amount: 900 } },
      { call: 'charge', args: { amount: 901 } },
      { call: 'charge', args: { amount: 100 } },
      { say: 'Enough.' },
    ])
    expect(journal.calls.map(({ state }) => state)).toEqual(['rejected', 'confirmed', 'denied'])
    expect(journal.calls[0]?.output).toMatchObject({ ok: false, result: { message: 'card expired' } })
  })

  it('ends visibly on its bound of turns, and what it did stands', async () => {
    const turns = Array.from({ length: 5 }, (_, at) => ({ call: 'comment', args: { body: `turn ${at}` } }))
    const { run } = await runOf(turns, '    limits: { turns: 2 }\n')
    expect(run.state).toBe('dead')
    expect(run.error?.code).toBe('limit.turns')
    expect(api.writes).toHaveLength(2)
  })

  it('ends a model that makes the same call again and again', async () => {
    const turns = Array.from({ length: 9 }, () => ({ call: 'get_issue' }))
    const { run } = await runOf(turns, '    limits: { identical_calls: 3, turns: 50 }\n')
    expect(run.error?.code).toBe('limit.identical_calls')
    expect(api.requests.length).toBeLessThanOrEqual(4)
  })

  it.each([
    ['limit.calls', '{ calls: 5, identical_calls: 100 }', 5],
    ['limit.identical_calls', '{ calls: 1000, identical_calls: 2 }', 2],
  ])('holds %s within one answer too', async (code, limits, most) => {
    const calls = Array.from({ length: 50 }, () => ({ call: 'get_issue' }))
    const { run } = await runOf([{ calls }, { say: 'All.' }], `    limits: ${limits}\n`)
    expect(run).toMatchObject({ state: 'dead', error: { code } })
    expect(api.requests).toHaveLength(most)
  })

  it('waits a while for an API that asks it to come back at once, and does not ask it without end', async () => {
    api.respond = () => ({ status: 429, headers: { 'retry-after': '0' } })
    const { run } = await runOf([{ call: 'get_issue' }, { say: 'Not there.' }])
    expect(run).toMatchObject({ state: 'parked', parkedOn: 'time' })
    expect(run.nextAt ?? 0).toBeGreaterThan(Date.now() - 400)
    expect(api.requests.length).toBeLessThanOrEqual(3)
  })

  it('waits for a fact whose API is away, instead of denying the call', async () => {
    api.respond = ({ method }) => (method === 'GET' ? { status: 503 } : { status: 200 })
    const { run, journal } = await runOf([{ call: 'charge', args: { amount: 5 } }, { say: 'Charged.' }])
    expect(run).toMatchObject({ state: 'parked', parkedOn: 'time', error: { code: 'tool.status' } })
    expect(journal.calls[0]?.state).toBe('proposed')
    api.respond = () => ({ status: 200, body: { budget: 500 } })
    const eventId = run.eventId
    await runIn((rouse as Rouse).ledger, eventId, ['completed'])
    expect(api.writes).toHaveLength(1)
  })

  it('ends a model that is denied again and again', async () => {
    const turns = Array.from({ length: 9 }, (_, at) => ({ call: 'charge', args: { amount: 600 + at } }))
    const { run } = await runOf(turns, '    limits: { denials: 3, consecutive_errors: 50, turns: 50 }\n')
    expect(run.error?.code).toBe('limit.denials')
    expect(api.writes).toEqual([])
  })

  it('with a script that ends early is dead with a reason, and the event stays', async () => {
    const { run, ledger, eventId } = await runOf([{ call: 'get_issue' }])
    expect(run.state).toBe('dead')
    expect(run.error?.code).toBe('model.script')
    expect(await ledger.event(eventId)).toMatchObject({ state: 'dispatched' })
  })
})

describe('runs', () => {
  it('of one subject happen one after the other, of different subjects at once', async () => {
    rouse = await startRouse({
      config: issueAgent(api),
      script: [{ agent: 'helper', turns: [{ call: 'get_issue', delay: '100ms' }, { say: 'Done.' }] }],
      files,
    })
    const sent = []
    for (const number of [1, 1, 1, 2, 3]) {
      sent.push(await sendGithub(rouse.url, 'issues', issueOpened(number, { body: `${sent.length}` })))
    }
    const runs = []
    for (const { body } of sent) runs.push(await runIn(rouse.ledger, body.events?.[0] ?? '', ['completed']))
    const sameSubject = runs.slice(0, 3)
    for (const [at, run] of sameSubject.entries()) {
      const next = sameSubject[at + 1]
      if (next) expect(next.startedAt).toBeGreaterThanOrEqual(run.finishedAt ?? Number.POSITIVE_INFINITY)
    }
    expect(runs[3]?.startedAt).toBeLessThan(runs[1]?.startedAt ?? 0)
  })

  it('over their number of the day park on the budget and lose nothing', async () => {
    rouse = await startRouse({
      config: issueAgent(api, '    limits: { runs: 2/day }\n'),
      script: [{ agent: 'helper', turns: [{ say: 'Done.' }] }],
      files,
    })
    const events: string[] = []
    for (const number of [1, 2, 3]) {
      events.push((await sendGithub(rouse.url, 'issues', issueOpened(number))).body.events?.[0] ?? '')
    }
    const runs = await Promise.all(
      events.map((event) => runIn(rouse?.ledger as Rouse['ledger'], event, ['completed', 'parked'])),
    )
    expect(runs.map(({ state }) => state).sort()).toEqual(['completed', 'completed', 'parked'])
    const parked = runs.find(({ state }) => state === 'parked')
    expect(parked?.parkedOn).toBe('budget')
    expect(new Date(parked?.nextAt ?? 0).toISOString()).toMatch(/T00:00:00.000Z$/)
  })

  it('wait for a model that is away, and go on by themselves', async () => {
    const model = await RecordingApi.start()
    let isAway = true
    const reply = {
      type: 'message',
      id: 'm',
      role: 'assistant',
      status: 'completed',
      content: [{ type: 'output_text', text: 'Back.', annotations: [] }],
    }
    model.respond = () =>
      isAway
        ? { status: 503, body: { error: { message: 'overloaded' } } }
        : {
            status: 200,
            body: {
              id: 'r',
              object: 'response',
              status: 'completed',
              model: 'm',
              output: [reply],
              usage: { input_tokens: 1, output_tokens: 1, total_tokens: 2 },
            },
          }
    rouse = await startRouse({
      config: issueAgent(api),
      models: `default: { base_url: "${model.origin}/v1", api_key: "sk-k7Gq2nV9xB4tLw8sRz3m", model: m, api: responses }`,
      files,
    })
    const { body } = await sendGithub(rouse.url, 'issues', issueOpened(1))
    const parked = await runIn(rouse.ledger, body.events?.[0] ?? '', ['parked'])
    expect(parked.parkedOn).toBe('model')
    expect(parked.error?.code).toBe('model.unavailable')
    isAway = false
    const run = await runIn(rouse.ledger, body.events?.[0] ?? '', ['completed'])
    expect(run.summary).toBe('Back.')
    await model.close()
  })
})
