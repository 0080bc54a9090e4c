import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Answer, RecordingApi } from '../support/recording-api.js'
import { issueOpened, type Rouse, runIn, sendGithub, startRouse } from '../support/rouse.js'
import { files, issueAgent } from './setting.js'

let api: RecordingApi
let rouse: Rouse

/** Effects as an API with idempotency keys has them: a key that it knows changes nothing. */
const effects = new Set<string>()
let onWrite: (count: number) => Answer

beforeEach(async () => {
  effects.clear()
  api = await RecordingApi.start()
  api.respond = ({ method, headers, body }) => {
    if (method === 'GET') return { status: 200, body: { budget: 500 } }
    effects.add(String(headers['idempotency-key'] ?? `${body} ${api.writes.length}`))
    return onWrite(api.writes.length)
  }
})

afterEach(async () => {
  await rouse.stop()
  await api.close()
})

async function runWith(turn: unknown) {
  rouse = await startRouse({
    config: issueAgent(api),
    script: [{ agent: 'helper', turns: [turn, { say: 'Over.' }] }],
    files,
  })
  const { body } = await sendGithub(rouse.url, 'issues', issueOpened(12))
  return body.events?.[0] ?? ''
}

describe('a write whose outcome is unknown', () => {
  it.each<[string, Answer]>([
    ['the connection was cut after the effect', 'cut'],
    ['the API answered 500 after the effect', { status: 500 }],
    ['the API answered 409 while it was busy', { status: 409 }],
  ])('goes out again with the same bytes and key when %s: one effect', async (_what, first) => {
    onWrite = (count) => (count === 1 ? first : { status: 200, body: { id: 'ch_1' } })
    const eventId = await runWith({ call: 'charge', args: { amount: 500 } })
    const run = await runIn(rouse.ledger, eventId, ['completed'])
    const { calls } = await rouse.ledger.journal(run.id)
    expect(calls[0]).toMatchObject({ state: 'confirmed', sends: 2 })
    expect(api.writes).toHaveLength(2)
    expect(api.writes[0]?.body).toBe(api.writes[1]?.body)
    expect(api.writes[0]?.headers['idempotency-key']).toBe(api.writes[1]?.headers['idempotency-key'])
    expect(effects.size).toBe(1)
  })

  it('is held for a person where the API has no key: at most one effect', async () => {
    onWrite = () => 'cut'
    const eventId = await runWith({ call: 'comment', args: { body: 'Seen.' } })
    const run = await runIn(rouse.ledger, eventId, ['parked'])
    expect(run).toMatchObject({ parkedOn: 'person', error: { code: 'tool.held' } })
    expect(api.writes).toHaveLength(1)
    const [held] = await rouse.ledger.listHeld()
    expect(held).toMatchObject({ state: 'held', tool: 'comment' })

    await rouse.ledger.resolveHeld(
      held?.id ?? '',
      { state: 'confirmed', by: 'ann', output: { ok: true, result: 'a person saw the comment' } },
      Date.now(),
    )
    await runIn(rouse.ledger, eventId, ['completed'])
    expect(api.writes).toHaveLength(1)
  })

  it('is sent again when a person says so', async () => {
    onWrite = (count) => (count === 1 ? 'cut' : { status: 201 })
    const eventId = await runWith({ call: 'comment', args: { body: 'Seen.' } })
    await runIn(rouse.ledger, eventId, ['parked'])
    const [held] = await rouse.ledger.listHeld()
    await rouse.ledger.resolveHeld(
      held?.id ?? '',
      { state: 'send_again', by: 'ann', output: undefined },
      Date.now(),
    )
    await runIn(rouse.ledger, eventId, ['completed'])
    expect(api.writes.map(({ body }) => body)).toEqual(['{"body":"Seen."}', '{"body":"Seen."}'])
  })

  it('is none when only the answer is too large to be taken: the status decides', async () => {
    onWrite = () => ({ status: 201, body: { padding: 'x'.repeat(3_000_000) } })
    const eventId = await runWith({ call: 'comment', args: { body: 'Seen.' } })
    const run = await runIn(rouse.ledger, eventId, ['completed'])
    const { calls } = await rouse.ledger.journal(run.id)
    expect(calls[0]).toMatchObject({ state: 'confirmed', status: 201 })
    expect(api.writes).toHaveLength(1)
  })

  it('that certainly never left waits until the API is there, and goes out once', async () => {
    onWrite = () => ({ status: 200 })
    const away = await RecordingApi.start()
    await away.close()
    rouse = await startRouse({
      config: issueAgent(api)
        .replace(`post: ${api.origin}/repos`, `post: ${away.origin}/repos`)
        .replace('origins: [', `origins: ["${away.origin}", `),
      script: [{ agent: 'helper', turns: [{ call: 'comment', args: { body: 'x' } }, { say: 'Done.' }] }],
      files,
    })
    const { body } = await sendGithub(rouse.url, 'issues', issueOpened(12))
    const eventId = body.events?.[0] ?? ''
    const parked = await runIn(rouse.ledger, eventId, ['parked'])
    expect(parked).toMatchObject({ parkedOn: 'api', error: { code: 'tool.unreachable' } })
    expect((await rouse.ledger.journal(parked.id)).calls[0]).toMatchObject({ state: 'prepared', sends: 0 })
    const back = await RecordingApi.start(Number(new URL(away.origin).port))
    const run = await runIn(rouse.ledger, eventId, ['completed'])
    expect((await rouse.ledger.journal(run.id)).calls[0]).toMatchObject({ state: 'confirmed', sends: 1 })
    expect(back.writes).toHaveLength(1)
    await back.close()
  })

  it('stays visible and can be resolved when its run is cancelled; nothing is sent for an ended run', async () => {
    onWrite = () => ({ status: 503, headers: { 'retry-after': '999999999' } })
    const eventId = await runWith({ call: 'charge', args: { amount: 500 } })
    const parked = await runIn(rouse.ledger, eventId, ['parked'])
    // The key would be forgotten before the time that the API asks for: a person decides.
    expect(parked).toMatchObject({ parkedOn: 'person' })
    await rouse.ledger.cancelRun(parked.id, 'no longer wanted', Date.now())
    const [held] = await rouse.ledger.listHeld()
    const resolve = (state: 'send_again' | 'rejected') =>
      rouse.ledger.resolveHeld(held?.id ?? '', { state, by: 'ann', output: undefined }, Date.now())
    await expect(resolve('send_again')).rejects.toMatchObject({ code: 'store.conflict' })
    await resolve('rejected')
    expect(await rouse.ledger.listHeld()).toEqual([])
    expect(api.writes).toHaveLength(1)
  })
})
