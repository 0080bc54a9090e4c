import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ToolCallState } from '../../src/domain/tool-call.js'
import { RecordingApi } from '../support/recording-api.js'
import { githubSecret, issueOpened, type Rouse, runIn, sendGithub, startRouse } from '../support/rouse.js'
import { files } from './setting.js'

let api: RecordingApi
let rouse: Rouse | undefined

beforeEach(async () => {
  api = await RecordingApi.start()
  api.respond = ({ method }) => ({ status: method === 'GET' ? 200 : 201, body: { id: 7, secret: 'pricing' } })
})

afterEach(async () => {
  await rouse?.stop()
  await api.close()
})

const config = ({ comment = '', handbook = '', label = '' } = {}) => `
credentials:
  tracker: { bearer: "trk_k7Gq2nV9xB4tLw8sRz3m", origins: ["${api.origin}"] }
sources:
  ci: { kind: github, secret: "${githubSecret}" }
tools:
  get_issue: { description: x, get: "${api.origin}/repos/{repo}/issues/{issue}", credential: tracker }
  get_handbook: { description: x, get: "${api.origin}/handbook", credential: tracker, ${handbook} }
  comment:
    description: x
    post: ${api.origin}/repos/{repo}/issues/{issue}/comments
    credential: tracker
    args: { body: { type: text } }
    json: { body: "\${{ args.body }}" }
    ${comment}
  add_label:
    description: x
    post: ${api.origin}/repos/{repo}/issues/{issue}/labels
    credential: tracker
    args: { label: { enum: [bug, question] } }
    json: { labels: ["\${{ args.label }}"] }
    ${label}
agents:
  helper:
    on: { source: ci, type: issues.opened }
    instructions: helper.md
    tools: [get_issue, get_handbook, comment: { gate: auto }, add_label: { gate: auto }]
`

const tracked = (text: string) =>
  text.replace(
    '[get_issue, get_handbook, comment: { gate: auto }, add_label: { gate: auto }]',
    '[get_issue, get_handbook, { comment: { gate: auto } }, { add_label: { gate: auto } }]',
  )
const say = { say: 'Done.' }
const comment = { call: 'comment', args: { body: 'pricing is …' } }

/** What became of the calls of a run, as the ledger has them. */
async function callsOf(text: string, turns: readonly unknown[]) {
  rouse = await startRouse({ config: tracked(text), script: [{ agent: 'helper', turns }], files })
  const { body } = await sendGithub(rouse.url, 'issues', issueOpened(12))
  const run = await runIn(rouse.ledger, body.events?.[0] ?? '', ['completed', 'parked', 'dead'])
  const { calls } = await rouse.ledger.journal(run.id)
  return calls.map(({ tool, state, output }) => [tool, output?.ok === false ? output.error.code : state]) as [
    string,
    ToolCallState | string,
  ][]
}

describe('what a run has read', () => {
  it('may go back to the object that it was read from', async () => {
    expect(await callsOf(config(), [{ call: 'get_issue', args: {} }, comment, say])).toEqual([
      ['get_issue', 'done'],
      ['comment', 'confirmed'],
    ])
    expect(api.writes).toHaveLength(1)
  })

  it('makes a person decide where it is the team’s and the text is not for the team alone', async () => {
    const calls = await callsOf(config(), [{ call: 'get_handbook', args: {} }, comment, say])
    expect(calls).toEqual([
      ['get_handbook', 'done'],
      ['comment', 'waiting'],
    ])
    expect(api.writes).toEqual([])
    const [approval] = (await rouse?.ledger.listApprovals({ limit: 1 })) ?? []
    expect(approval?.why).toEqual([
      'get_handbook is internal, and what comment sends is for those who may see the event’s object',
    ])
  })

  it('is denied to a declared audience that it is not for', async () => {
    const text = config({ comment: 'audience: public', handbook: 'label: internal' })
    const calls = await callsOf(text, [{ call: 'get_handbook', args: {} }, comment, say])
    expect(calls.at(-1)).toEqual(['comment', 'policy.flow'])
    expect(api.writes).toEqual([])
  })

  it('cannot be in a text that was written before it was read', async () => {
    const turn = { calls: [{ call: 'get_handbook', args: {} }, comment] }
    expect(await callsOf(config(), [turn, say])).toEqual([
      ['get_handbook', 'done'],
      ['comment', 'confirmed'],
    ])
  })

  it('passes through choices unless the audience is declared', async () => {
    const turns = [{ call: 'get_handbook', args: {} }, { call: 'add_label', args: { label: 'bug' } }, say]
    expect((await callsOf(config(), turns)).at(-1)).toEqual(['add_label', 'confirmed'])
    await rouse?.stop()
    const strict = await callsOf(config({ label: 'audience: public' }), turns)
    expect(strict.at(-1)).toEqual(['add_label', 'policy.flow'])
    expect(api.writes).toHaveLength(1)
  })
})
