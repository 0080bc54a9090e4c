import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Answer, type RecordedRequest, RecordingApi } from '../support/recording-api.js'
import { issueOpened, type Rouse, runIn, sendGithub, startRouse } from '../support/rouse.js'
import { until } from '../support/wait.js'
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
    expect(run).toMatchObject({ state: 'parked', parkedOn: 'api' })
    expect(run.nextAt ?? 0).toBeGreaterThan(Date.now() - 400)
    expect(api.requests.length).toBeLessThanOrEqual(3)
  })

  it('waits for a fact whose API is away, instead of denying the call', async () => {
    api.respond = ({ method }) => (method === 'GET' ? { status: 503 } : { status: 200 })
    const { run, journal } = await runOf([{ call: 'charge', args: { amount: 5 } }, { say: 'Charged.' }])
    expect(run).toMatchObject({ state: 'parked', parkedOn: 'api', error: { code: 'tool.status' } })
    expect(journal.calls[0]?.state).toBe('proposed')
    api.respond = () => ({ status: 200, body: { budget: 500 } })
    const eventId = run.eventId
    await runIn((rouse as Rouse).ledger, eventId, ['completed'])
    expect(api.writes).toHaveLength(1)
  })

  it('does the other calls of an answer while one waits for its API', async () => {
    let isAway = true
    api.respond = ({ method }) =>
      method === 'GET' && isAway ? { status: 503 } : { status: 200, body: { budget: 500 } }
    const elsewhere = `  note: { description: Note., post: "${api.origin}/notes", effect: write }\nagents:`
    rouse = await startRouse({
      config: issueAgent(api, '      - note: { gate: auto }\n').replace('agents:', elsewhere),
      script: [
        {
          agent: 'helper',
          turns: [{ calls: [{ call: 'charge', args: { amount: 5 } }, { call: 'note' }] }, { say: 'Done.' }],
        },
      ],
      files,
    })
    const sent = await sendGithub(rouse.url, 'issues', issueOpened(12))
    const eventId = sent.body.events?.[0] ?? ''
    const run = await runIn(rouse.ledger, eventId, ['parked'])
    expect(run).toMatchObject({ parkedOn: 'api', error: { code: 'tool.status' } })
    const { calls } = await rouse.ledger.journal(run.id)
    expect(calls.map(({ tool, state }) => [tool, state])).toEqual([
      ['charge', 'proposed'],
      ['note', 'confirmed'],
    ])
    isAway = false
    await runIn(rouse.ledger, eventId, ['completed'])
    expect(api.writes).toHaveLength(2)
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

const waitFor = (eventId: string, states: Parameters<typeof runIn>[2]) =>
  runIn((rouse as Rouse).ledger, eventId, states)

async function send(extra: Record<string, unknown> = {}): Promise<string> {
  const sent = await sendGithub((rouse as Rouse).url, 'issues', issueOpened(12, extra))
  expect(sent.status).toBe(202)
  return sent.body.events?.[0] ?? ''
}

/** Holds the first request that fits back until it is let go. */
function holdFirst(fits: (request: RecordedRequest) => boolean) {
  const respond = api.respond
  let release: (answer?: Answer) => void = () => {}
  const released = new Promise<Answer | undefined>((resolve) => {
    release = resolve
  })
  let isHeld = false
  api.respond = async (request) => {
    if (isHeld || !fits(request)) return respond(request)
    isHeld = true
    return (await released) ?? respond(request)
  }
  return { release, held: () => until('the request to be held', () => isHeld) }
}

describe('a run with a refresh', () => {
  const extra = '    refresh: get_issue\n'

  it('reads the subject before the model is asked, shows it, and keeps it', async () => {
    api.respond = () => ({ status: 200, body: { state: 'closed by ann' } })
    rouse = await startRouse({
      config: issueAgent(api, extra),
      script: [
        { agent: 'helper', when: 'closed by ann', turns: [{ say: 'It is closed already.' }] },
        { agent: 'helper', turns: [{ call: 'comment', args: { body: 'x' } }, { say: 'I commented.' }] },
      ],
      files,
    })
    const run = await waitFor(await send(), ['completed', 'dead'])
    expect(run.summary).toBe('It is closed already.')
    expect(api.requests.map(({ method, url }) => `${method} ${url}`)).toEqual([
      'GET /repos/acme/web/issues/12',
    ])
    expect(run.refreshed).toMatchObject({
      tool: 'get_issue',
      output: { ok: true, status: 200, result: { state: 'closed by ann' } },
    })
    expect(run.usage.calls).toBe(0)
  })

  it('is shown a refusal as what it is, and goes on', async () => {
    api.respond = () => ({ status: 404, body: { message: 'gone for good' } })
    rouse = await startRouse({
      config: issueAgent(api, extra),
      script: [{ agent: 'helper', when: 'gone for good', turns: [{ say: 'It is gone.' }] }],
      files,
    })
    const run = await waitFor(await send(), ['completed', 'dead'])
    expect(run.summary).toBe('It is gone.')
    expect(run.refreshed?.output).toMatchObject({ ok: false, error: { code: 'tool.status' } })
    expect(api.requests).toHaveLength(1)
  })

  it('waits for an API that is away, asks no model, and reads again when it is there', async () => {
    api.respond = () => ({ status: 503 })
    const { run, journal } = await runOf([{ say: 'Seen.' }], extra)
    expect(run).toMatchObject({ state: 'parked', error: { code: 'tool.status' }, refreshed: undefined })
    expect(journal.steps).toEqual([])
    api.respond = () => ({ status: 200, body: { state: 'open' } })
    const done = await waitFor(run.eventId, ['completed'])
    expect(done.refreshed?.output).toMatchObject({ ok: true, result: { state: 'open' } })
  })

  it('reads it once: what it waits for afterwards, a person or a restart, shows the same', async () => {
    const approved = extra.replace('refresh', 'limits: { turns: 5 }\n    refresh')
    rouse = await startRouse({
      config: issueAgent(api, approved).replace('comment: { gate: auto', 'comment: { gate: approve'),
      script: [
        { agent: 'helper', turns: [{ call: 'comment', args: { body: 'Hello.' } }, { say: 'Commented.' }] },
      ],
      files,
    })
    const eventId = await send()
    const parked = await waitFor(eventId, ['parked'])
    const [approval] = (await rouse.ledger.journal(parked.id)).approvals
    await rouse.ledger.decide(
      approval?.id ?? '',
      { state: 'approved', by: 'ann', reason: undefined, digest: approval?.digest ?? '' },
      Date.now(),
    )
    const done = await waitFor(eventId, ['completed', 'dead'])
    expect(done.state).toBe('completed')
    expect(done.refreshed).toEqual(parked.refreshed)
    expect(api.requests.map(({ method }) => method)).toEqual(['GET', 'POST'])
  })
})

describe('a superseded run', () => {
  const extra = '    mailbox: { when_busy: supersede }\n'
  const turns = [{ call: 'get_issue' }, { call: 'comment', args: { body: 'Seen.' } }, { say: 'I commented.' }]
  const start = async () => {
    rouse = await startRouse({ config: issueAgent(api, extra), script: [{ agent: 'helper', turns }], files })
    return rouse.ledger
  }

  it('ends before its next turn; the newer event’s run goes on, and nothing is done twice', async () => {
    const ledger = await start()
    const { held, release } = holdFirst(({ method }) => method === 'GET')
    const first = await send()
    await held()
    const second = await send({ body: 'edited' })
    const waiting = await waitFor(second, ['queued'])
    expect((await ledger.runsOf(first))[0]).toMatchObject({ state: 'running', supersededBy: second })
    expect(api.requests).toHaveLength(1)
    release()
    const ended = await waitFor(first, ['cancelled'])
    expect(ended.error).toMatchObject({
      code: 'run.superseded',
      message: expect.stringContaining(second),
    })
    expect((await waitFor(second, ['completed'])).id).toBe(waiting.id)
    const calls = (await ledger.journal(ended.id)).calls.map(({ tool, state }) => [tool, state])
    expect(calls).toEqual([['get_issue', 'done']])
    expect(api.writes).toHaveLength(1)
  })

  it('is never cut between a write and its outcome', async () => {
    const ledger = await start()
    const { held, release } = holdFirst(({ method }) => method === 'POST')
    const first = await send()
    await held()
    const second = await send({ body: 'edited' })
    await until('the mark', async () => (await ledger.runsOf(first))[0]?.supersededBy)
    expect((await waitFor(second, ['queued'])).startedAt).toBeUndefined()
    release()
    const ended = await waitFor(first, ['cancelled', 'completed'])
    expect(ended.error?.code).toBe('run.superseded')
    const journal = await ledger.journal(ended.id)
    expect(journal.calls.map(({ state }) => state)).toEqual(['done', 'confirmed'])
    expect(journal.steps).toHaveLength(2)
    await waitFor(second, ['completed'])
    expect(api.writes).toHaveLength(2)
  })

  it('with a held write waits for the person, and its subject with it', async () => {
    const ledger = await start()
    const { held, release } = holdFirst(({ method }) => method === 'POST')
    const first = await send()
    await held()
    const second = await send({ body: 'edited' })
    await until('the mark', async () => (await ledger.runsOf(first))[0]?.supersededBy)
    release('cut')
    const parked = await waitFor(first, ['parked'])
    expect(parked.parkedOn).toBe('person')
    const [call] = await ledger.listHeld()
    expect((await ledger.runsOf(second))[0]?.startedAt).toBeUndefined()
    await ledger.resolveHeld(call?.id ?? '', { state: 'confirmed', by: 'ann', output: undefined }, Date.now())
    expect((await waitFor(first, ['cancelled'])).error?.code).toBe('run.superseded')
    await waitFor(second, ['completed'])
    expect((await ledger.toolCall(call?.id ?? ''))?.state).toBe('confirmed')
    expect(api.writes).toHaveLength(2)
  })

  it('makes none of the calls that its answer still asks for', async () => {
    const several = [
      { calls: [{ call: 'get_issue' }, { call: 'comment', args: { body: 'Seen.' } }, { call: 'get_issue' }] },
      { say: 'I commented.' },
    ]
    rouse = await startRouse({
      config: issueAgent(api, extra),
      script: [{ agent: 'helper', turns: several }],
      files,
    })
    const { ledger } = rouse
    const { held, release } = holdFirst(({ method }) => method === 'GET')
    const first = await send()
    await held()
    const second = await send({ body: 'edited' })
    await until('the mark', async () => (await ledger.runsOf(first))[0]?.supersededBy)
    release()
    const ended = await waitFor(first, ['cancelled', 'completed'])
    expect(ended.error?.code).toBe('run.superseded')
    const { calls } = await ledger.journal(ended.id)
    expect(calls.map(({ state }) => state)).toEqual(['done', 'proposed', 'proposed'])
    await waitFor(second, ['completed'])
    expect(api.requests.map(({ method }) => method)).toEqual(['GET', 'GET', 'POST', 'GET'])
  })

  it('finds out what became of a write that it sent, before its place is free', async () => {
    const charging = [{ call: 'charge', args: { amount: 5 } }, { say: 'Charged.' }]
    rouse = await startRouse({
      config: issueAgent(api, extra),
      script: [{ agent: 'helper', turns: charging }],
      files,
    })
    const { ledger } = rouse
    const { held, release } = holdFirst(({ method }) => method === 'POST')
    const first = await send()
    await held()
    const second = await send({ body: 'edited' })
    await until('the mark', async () => (await ledger.runsOf(first))[0]?.supersededBy)
    release('cut')
    const ended = await waitFor(first, ['cancelled', 'completed', 'dead'])
    expect(ended.error?.code).toBe('run.superseded')
    const [call] = (await ledger.journal(ended.id)).calls
    expect([call?.state, call?.sends]).toEqual(['confirmed', 2])
    const after = await waitFor(second, ['completed'])
    expect(after.startedAt).toBeGreaterThanOrEqual(ended.finishedAt ?? Number.POSITIVE_INFINITY)
    const keys = api.writes.map(({ headers }) => headers['idempotency-key'])
    expect([keys.length, keys[0] === keys[1], new Set(keys).size]).toEqual([3, true, 2])
  })

  it('that asks a person asks no more', async () => {
    rouse = await startRouse({
      config: issueAgent(api, extra).replace('comment: { gate: auto', 'comment: { gate: approve'),
      script: [{ agent: 'helper', turns }],
      files,
    })
    const first = await send()
    const parked = await waitFor(first, ['parked'])
    await send({ body: 'edited' })
    await waitFor(first, ['cancelled'])
    const approvals = (await rouse.ledger.journal(parked.id)).approvals
    expect(approvals.map(({ state }) => state)).toEqual(['expired'])
    expect(api.writes).toEqual([])
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
