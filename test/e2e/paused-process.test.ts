import { afterEach, expect, it } from 'vitest'
import { RecordingApi } from '../support/recording-api.js'
import { githubSecret, issueOpened, type Rouse, runIn, sendGithub, startRouse } from '../support/rouse.js'

let api: RecordingApi
let rouse: Rouse

afterEach(async () => {
  await rouse.stop()
  await api.close()
})

it('refuses the late results of a process that slept while another took its run over, and sends nothing', async () => {
  api = await RecordingApi.start()
  rouse = await startRouse({
    config: `sources: { ci: { kind: github, secret: "${githubSecret}" } }
tools:
  charge: { description: Charge., post: "${api.origin}/charges", effect: write }
agents:
  helper: { on: { source: ci, type: issues.opened }, instructions: a.md, tools: [{ charge: { gate: auto } }] }
`,
    script: [{ agent: 'helper', turns: [{ call: 'charge', delay: '700ms' }, { say: 'Done.' }] }],
    files: { 'a.md': 'Look.\n' },
  })
  const { ledger } = rouse
  const { body } = await sendGithub(rouse.url, 'issues', issueOpened(1))
  const run = await runIn(ledger, body.events?.[0] ?? '', ['running'])

  // What the other process does once the lease of the sleeping one has run out.
  const now = Date.now()
  await ledger.recoverRuns({ node: 'other', alone: true, now, maxCrashes: 1 })
  const claimed = await ledger.claim({ node: 'other', now, leaseUntil: now + 60_000, notAgents: [] })
  expect(claimed?.run.id).toBe(run.id)

  // The answer has come by the time that a second event of the same delay is through.
  const later = await sendGithub(rouse.url, 'issues', issueOpened(2))
  await runIn(ledger, later.body.events?.[0] ?? '', ['completed'])
  expect(api.writes).toHaveLength(1)
  const journal = await ledger.journal(run.id)
  expect(journal.steps).toEqual([])
  expect(journal.run).toMatchObject({ state: 'running', usage: { turns: 0 } })
})
