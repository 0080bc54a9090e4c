import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type RecordedRequest, RecordingApi } from '../support/recording-api.js'
import { githubSecret, issueOpened, type Rouse, runIn, sendGithub, startRouse } from '../support/rouse.js'
import { until } from '../support/wait.js'

let api: RecordingApi
let rouse: Rouse | undefined
/** What the sender does as soon as it has a write, before the API answers it. */
let beforeAnswer: (request: RecordedRequest) => Promise<void>
let made: number

beforeEach(async () => {
  api = await RecordingApi.start()
  made = 5000
  beforeAnswer = async () => undefined
  api.respond = async (request) => {
    const id = ++made
    await beforeAnswer(request)
    return { status: 201, body: { id, number: id } }
  }
})

afterEach(async () => {
  await rouse?.stop()
  rouse = undefined
  await api.close()
})

interface Setting {
  /** Of the triggers. */
  readonly echoes?: boolean
  readonly tool: 'comment' | 'open'
  readonly limits?: string
  readonly source?: string
  readonly creates?: boolean
}

/** One agent that writes once for each event that wakes it. */
async function start({
  echoes = false,
  tool,
  limits = '{}',
  source = '',
  creates = true,
}: Setting): Promise<Rouse> {
  const makes = (rule: string) => (creates ? `creates: ${rule}` : '')
  const config = `
sources:
  ci: { kind: github, secret: "${githubSecret}" ${source} }
tools:
  comment:
    description: Comment on the issue.
    post: ${api.origin}/repos/{repo}/issues/{issue}/comments
    effect: write
    ${makes('{ comment: "id ~ ^[0-9]+$" }')}
  open:
    description: Open another issue.
    post: ${api.origin}/repos/{repo}/issues
    effect: write
    ${makes('{ issue: "number ~ ^[0-9]+$" }')}
agents:
  helper:
    on: { source: ci, type: ["issues.opened", "issue_comment.created"], echoes: ${echoes} }
    instructions: helper.md
    tools: [{ ${tool}: { gate: auto } }]
    limits: ${limits}
`
  const script = [{ agent: 'helper', turns: [{ call: tool }, { say: 'Done.' }] }]
  rouse = await startRouse({ config, script, files: { 'helper.md': 'Help.\n' } })
  return rouse
}

const by = (login: string) => ({ sender: { login, id: 1 } })
const issue = (number: number, login = 'octocat') => ({ ...issueOpened(number), ...by(login) })
const comment = (number: number, id: number, login = 'octocat') => ({
  ...issueOpened(number),
  ...{ action: 'created', comment: { id, body: 'x' } },
  ...by(login),
})

/** Sends a delivery and returns the id of its event. */
async function send(type: string, body: unknown): Promise<string> {
  const { url } = rouse ?? { url: '' }
  const sent = await sendGithub(url, type, body)
  expect(sent.status).toBe(202)
  return sent.body.events?.[0] ?? ''
}

const decided = (ledger: Rouse['ledger'], id: string) =>
  until('the event to be dispatched', async () => {
    const event = await ledger.event(id)
    return event?.state === 'recorded' ? undefined : event
  })

const ended = ['completed', 'dead', 'cancelled', 'failed'] as const

describe('an event that our own write caused', () => {
  it('wakes nobody, and says which run wrote', async () => {
    const { ledger } = await start({ tool: 'comment' })
    const run = await runIn(ledger, await send('issues', issue(12)), ended)
    const echo = await decided(ledger, await send('issue_comment', comment(12, made)))
    expect(echo).toMatchObject({ state: 'ignored', echoOf: run.id, chain: 1 })
    expect(echo?.decisions).toEqual([{ agent: 'helper', reason: 'echo', detail: run.id }])
    const other = await send('issue_comment', comment(12, 4711))
    expect((await runIn(ledger, other, ended)).state).toBe('completed')
    expect(api.writes).toHaveLength(2)
  })

  it('does nothing where it came before the answer to the write: its run ends when its turn comes', async () => {
    const { ledger } = await start({ tool: 'comment' })
    let echo = ''
    beforeAnswer = async () => {
      beforeAnswer = async () => undefined
      echo = await send('issue_comment', comment(12, made))
      await decided(ledger, echo)
    }
    const first = await runIn(ledger, await send('issues', issue(12)), ended)
    const run = await runIn(ledger, echo, ended)
    expect(run).toMatchObject({ state: 'cancelled', error: { code: 'run.echo' }, startedAt: undefined })
    expect(run.error?.message).toContain(first.id)
    expect(await ledger.event(echo)).toMatchObject({ echoOf: first.id, chain: 1, state: 'dispatched' })
    expect(api.writes).toHaveLength(1)
  })

  it('is waited for where it is about something else, whose run need not wait its turn', async () => {
    const { ledger } = await start({ tool: 'open' })
    let echo = ''
    beforeAnswer = async () => {
      beforeAnswer = async () => undefined
      echo = await send('issues', issue(made))
      const waiting = await runIn(ledger, echo, ['parked', ...ended])
      expect(waiting).toMatchObject({ state: 'parked', parkedOn: 'time', error: { code: 'run.echo' } })
    }
    const first = await runIn(ledger, await send('issues', issue(12)), ended)
    const run = await runIn(ledger, echo, ended)
    expect(run).toMatchObject({ state: 'cancelled', error: { code: 'run.echo' } })
    expect(run.error?.message).toContain(first.id)
    expect(api.writes).toHaveLength(1)
  })

  it('is known by its actor alone, and what others do is not', async () => {
    const { ledger } = await start({ tool: 'comment', creates: false, source: ', self: ["acme-bot"]' })
    const run = await runIn(ledger, await send('issues', issue(12)), ended)
    const echo = await decided(ledger, await send('issue_comment', comment(12, made, 'acme-bot')))
    expect(echo).toMatchObject({ state: 'ignored', echoOf: run.id, chain: 1, actor: 'acme-bot' })
    const other = await runIn(ledger, await send('issue_comment', comment(12, made, 'acme-bo')), ended)
    expect(other.state).toBe('completed')
  })

  it('wakes whoever listens to echoes, and a chain of them ends where the agent says, for all to see', async () => {
    const { ledger } = await start({ tool: 'open', echoes: true, limits: '{ chain: 2 }' })
    // Each issue that is opened comes back as an event, as fast as a sender can be.
    beforeAnswer = async () => {
      await send('issues', issue(made))
    }
    await send('issues', issue(12))
    const dead = await until(
      'the chain to end',
      async () => (await ledger.listRuns({ state: 'dead', limit: 9 }))[0],
    )
    expect(dead).toMatchObject({ error: { code: 'limit.chain' }, startedAt: undefined })
    expect(await ledger.event(dead.eventId)).toMatchObject({ chain: 3, state: 'dispatched' })
    expect(api.writes).toHaveLength(3)
    const runs = await ledger.listRuns({ limit: 99 })
    expect(runs.map(({ state }) => state).sort()).toEqual(['completed', 'completed', 'completed', 'dead'])

    const again = await ledger.replay(dead.eventId, 'helper', Date.now())
    const isOver = async () => ((await ledger.run(again.id))?.state === 'completed' ? true : undefined)
    beforeAnswer = async () => undefined
    await until('the replay, which a person wanted', isOver)
    expect(api.writes).toHaveLength(4)
  })
})

describe('runs of a day', () => {
  it('of one actor wait for the next when there were enough, and those of others do not', async () => {
    const { ledger, log } = await start({ tool: 'comment', limits: '{ runs_per_actor: 2/day }' })
    const mallory = 'mallory\u202e'
    for (const number of [1, 2]) await runIn(ledger, await send('issues', issue(number, mallory)), ended)
    const third = await runIn(ledger, await send('issues', issue(3, mallory)), ['parked', ...ended])
    expect(third).toMatchObject({ state: 'parked', parkedOn: 'budget', error: { code: 'policy.budget' } })
    expect(third.error?.message).toBe('helper had its 2 runs of today for events of ci by mallory\\u202e')
    expect((third.nextAt ?? 0) % 86_400_000).toBe(0)
    const ada = await runIn(ledger, await send('issues', issue(4, 'ada')), ended)
    expect(ada.state).toBe('completed')
    expect(log.some((line) => line.includes('budget helper actor'))).toBe(true)
    const alerts = await ledger.listAlerts(9)
    expect(alerts).toMatchObject([{ cause: 'budget helper actor', resolvedAt: undefined }])
  })

  it('of one source wait likewise, whoever did it', async () => {
    const { ledger } = await start({ tool: 'comment', limits: '{ runs_per_source: 1/day }' })
    await runIn(ledger, await send('issues', issue(1)), ended)
    const second = await runIn(ledger, await send('issues', issue(2, 'ada')), ['parked', ...ended])
    expect(second).toMatchObject({ state: 'parked', parkedOn: 'budget' })
    expect(second.error?.message).toBe('helper had its 1 runs of today for events of ci')
  })
})
