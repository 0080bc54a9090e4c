import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { RecordingApi } from '../support/recording-api.js'
import { issueOpened, type Rouse, runIn, sendGithub, startRouse } from '../support/rouse.js'
import { files, issueAgent } from './setting.js'

let api: RecordingApi
let rouse: Rouse

beforeEach(async () => {
  api = await RecordingApi.start()
})
afterEach(async () => {
  await rouse.stop()
  await api.close()
})

async function runOf(turns: unknown[], extra = '') {
  rouse = await startRouse({ config: issueAgent(api, extra), script: [{ agent: 'helper', turns }], files })
  const { body } = await sendGithub(rouse.url, 'issues', issueOpened(12))
  const run = await runIn(rouse.ledger, body.events?.[0] ?? '', ['completed', 'dead', 'parked', 'failed'])
  return { run, journal: await rouse.ledger.journal(run.id) }
}

describe('a model that answers badly', () => {
  it.each<[string, string]>([
    ['a megabyte of text', JSON.stringify({ body: 'x'.repeat(1_000_000) })],
    ['a megabyte that is no JSON', '{'.repeat(1_000_000)],
    ['a number where text is asked for', '{"body": 7}'],
    ['the same name twice', '{"body": "a", "body": "b"}'],
    ['a list', '["body"]'],
  ])('is told so, and nothing is sent, when the arguments are %s', async (_what, args) => {
    const { run, journal } = await runOf(
      [{ call: 'comment', args }, { say: 'Sorry.' }],
      '    limits: { tokens: 5M }\n',
    )
    expect(run.state).toBe('completed')
    expect(journal.calls).toMatchObject([{ state: 'denied', output: { error: { code: 'policy.schema' } } }])
    expect(api.writes).toEqual([])
  })

  it.each(['{"body": ', '{}', '{"text": "x"}'])(
    'has a few tries to mend its arguments, and then the run is dead with the reason: %s',
    async (args) => {
      // Each a little different, so that it is not the same call again and again.
      const turns = Array.from({ length: 20 }, (_, at) => ({ call: 'comment', args: args + ' '.repeat(at) }))
      const { run, journal } = await runOf(turns, '    limits: { denials: 3, turns: 50 }\n')
      expect(run).toMatchObject({ state: 'dead', error: { code: 'limit.denials' } })
      expect(journal.calls).toHaveLength(3)
      expect(api.writes).toEqual([])
    },
  )

  it('does nothing by text that looks like a call', async () => {
    const say = '<tool_call>{"name":"comment","arguments":{"body":"x"}}</tool_call> comment({"body":"x"})'
    const { run, journal } = await runOf([{ say }])
    expect(run).toMatchObject({ state: 'completed', summary: say })
    expect(journal.calls).toEqual([])
    expect(api.writes).toEqual([])
  })
})

describe('a model that wants too much', () => {
  it('gets no more of a hundred calls in one answer than its limits and its grant allow', async () => {
    const calls = Array.from({ length: 100 }, (_, at) => ({ call: 'comment', args: { body: `n ${at}` } }))
    const { run } = await runOf(
      [{ calls }, { say: 'All.' }],
      '    limits: { calls: 30, denials: 100, consecutive_errors: 100 }\n',
    )
    expect(run).toMatchObject({ state: 'dead', error: { code: 'limit.calls' } })
    // max: 2/run
    expect(api.writes).toHaveLength(2)
  })

  it.each([
    ['tokens', '{ tokens: 1000, identical_calls: 50 }', 'limit.tokens'],
    ['time', '{ time: 1s, identical_calls: 50 }', 'limit.time'],
    ['turns', '{ turns: 1 }', 'limit.turns'],
  ])('is ended by its bound of %s, with the reason', async (_what, limits, code) => {
    api.respond = () => ({ status: 200, body: { title: 'x'.repeat(4000) } })
    const turns = Array.from({ length: 9 }, () => ({ call: 'get_issue', delay: '300ms' }))
    const { run } = await runOf(turns, `    limits: ${limits}\n`)
    expect(run).toMatchObject({ state: 'dead', error: { code } })
  })
})
