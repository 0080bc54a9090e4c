import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import type { Store } from '../../src/store/store.js'
import { DaemonProcess, openLedger } from '../support/daemon-process.js'
import { RecordingApi } from '../support/recording-api.js'
import { githubSecret, issueOpened, runIn, sendGithub, writeSetting } from '../support/rouse.js'
import { until } from '../support/wait.js'

/** Ends the process as the kernel does when memory is short, as soon as it asks for the poison. */
const module = `
import { subscribe } from 'node:diagnostics_channel'
subscribe('undici:request:create', ({ request }) => {
  if (request.path.startsWith('/poison')) process.kill(process.pid, 'SIGKILL')
})
`

let api: RecordingApi
let daemon: DaemonProcess
let ledger: Store | undefined
let directory: string

afterEach(async () => {
  await daemon.end()
  await ledger?.close()
  await api.close()
  await rm(directory, { recursive: true, force: true })
})

it('sets an event aside that kills the process twice, names it, and works on all others', async () => {
  api = await RecordingApi.start()
  directory = await writeSetting({
    config: `sources: { ci: { kind: github, secret: "${githubSecret}" } }
tools:
  eat: { description: Eat it., get: "${api.origin}/poison" }
  look: { description: Look., get: "${api.origin}/harmless" }
agents:
  eater: { on: { source: ci, type: issues.opened, if: "data.issue.title == 'poison'" }, instructions: a.md, tools: [eat] }
  other: { on: { source: ci, type: issues.opened, if: "data.issue.title != 'poison'" }, instructions: a.md, tools: [look] }
`,
    script: [
      { agent: 'eater', turns: [{ call: 'eat', delay: '300ms' }, { say: 'Eaten.' }] },
      { agent: 'other', turns: [{ call: 'look', delay: '700ms' }, { say: 'Seen.' }] },
    ],
    files: { 'a.md': 'Look.\n', 'module.mjs': module },
  })
  await writeFile(join(directory, 'module.mjs'), module)
  const start = () => DaemonProcess.start(directory, { module: join(directory, 'module.mjs') })

  daemon = await start()
  const others: string[] = []
  for (const number of [1, 2, 3]) {
    const { body } = await sendGithub(daemon.url, 'issues', issueOpened(number))
    others.push(body.events?.[0] ?? '')
  }
  const poisonous = await sendGithub(daemon.url, 'issues', issueOpened(4, { title: 'poison' }))
  const poison = poisonous.body.events?.[0] ?? ''

  let deaths = 0
  const supervised = (async () => {
    while ((await daemon.ended).signal === 'SIGKILL') {
      deaths++
      daemon = await start()
    }
  })()
  ledger = await openLedger(directory)
  const store = ledger
  const dead = await runIn(store, poison, ['dead'])
  expect(dead).toMatchObject({ crashes: 2, error: { code: 'limit.crashes' } })
  for (const event of others) await runIn(store, event, ['completed'])
  expect(deaths).toBe(2)

  const alerts = await until('the alert', async () => {
    const found = await store.listAlerts(10)
    return found.length > 0 && found
  })
  expect(alerts).toMatchObject([{ cause: 'poison eater', code: 'limit.crashes', resolvedAt: undefined }])
  expect(alerts[0]?.message).toContain(poison)
  expect(daemon.log).toContain(dead.id)
  daemon.kill('SIGTERM')
  await supervised
  expect(daemon.child.exitCode).toBe(0)
}, 60_000)
