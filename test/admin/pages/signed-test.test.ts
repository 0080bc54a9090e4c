import { createServer } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { addToken, tokensFile } from '../../../src/admin/tokens.js'
import { sendRaw } from '../../support/raw.js'
import { githubSecret, type Rouse, startRouse } from '../../support/rouse.js'
import { until } from '../../support/wait.js'
import { read } from './told.js'

const config = `
sources:
  ci: { kind: github, secret: "${githubSecret}" }
  nightly: { kind: schedule, cron: "0 7 * * *" }
agents:
  builds:
    on: { source: ci, type: workflow_run.completed }
    instructions: builds.md
    tools: []
`

let rouse: Rouse
let tokens: { readonly read: string; readonly approve: string }
beforeAll(async () => {
  rouse = await startRouse({
    config,
    admin: '127.0.0.1:0',
    files: { 'builds.md': 'Look at the build.' },
    environment: { ROUSE_TEST_PORT: String(await freePort()) },
  })
  const file = tokensFile(rouse.daemon.config().store.file)
  tokens = {
    read: await addToken(file, { role: 'read', rotate: false, now: 0 }),
    approve: await addToken(file, { role: 'approve', rotate: false, now: 0 }),
  }
})
afterAll(() => rouse.stop())

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() =>
        typeof address === 'object' && address ? resolve(address.port) : reject(new Error()),
      )
    })
  })
}

async function send({
  type,
  source = 'ci',
  role = 'approve',
  method = 'POST',
}: {
  readonly type: string
  readonly source?: string
  readonly role?: 'read' | 'approve'
  readonly method?: string
}): Promise<{ status: number; body: string }> {
  const url = rouse.daemon.adminUrl ?? ''
  const body = new URLSearchParams({ type }).toString()
  const head = [
    `${method} /sources/${source}/test HTTP/1.1`,
    `Host: ${new URL(url).host}`,
    `Authorization: Bearer ${tokens[role]}`,
    ...[
      'Connection: close',
      'Content-Type: application/x-www-form-urlencoded',
      `Content-Length: ${body.length}`,
    ],
  ]
  return sendRaw(url, `${head.join('\r\n')}\r\n\r\n${method === 'GET' ? '' : body}`)
}

const events = async () => (await rouse.ledger.counts()).events

describe('a signed test from the page of a source', () => {
  it('is a delivery like any other: received, verified, recorded, and it wakes agents', async () => {
    const { status, body } = await send({ type: 'workflow_run.completed' })
    expect(status).toBe(200)
    expect(read(body)).toMatch(/The test arrived\s*:\s*20\d/)
    const id = /href="\/events\/(evt_[0-9a-f]{32})"/.exec(body)?.[1] ?? ''
    const event = await rouse.ledger.event(id)
    expect(event).toMatchObject({ source: 'ci', type: 'workflow_run.completed', via: 'webhook' })
    const [delivery] = await rouse.ledger.deliveriesOf(id)
    expect(delivery).toMatchObject({ state: 'recorded', url: '/hooks/ci', remoteAddress: '127.0.0.1' })
    await until('a run of it', async () => (await rouse.ledger.runsOf(id))[0]?.agent === 'builds')
  })

  it('is another occurrence each time', async () => {
    const before = await events()
    await send({ type: 'workflow_run.completed' })
    await send({ type: 'workflow_run.completed' })
    const after = await events()
    const sum = (of: typeof before) => of.recorded + of.dispatched + of.ignored
    expect(sum(after) - sum(before)).toBe(2)
  })

  it('is sent by nobody who may only read, and by no GET', async () => {
    const before = await rouse.ledger.counts()
    expect((await send({ type: 'workflow_run.completed', role: 'read' })).status).toBe(403)
    expect((await send({ type: 'workflow_run.completed', method: 'GET' })).status).toBe(405)
    expect((await rouse.ledger.counts()).deliveries).toEqual(before.deliveries)
  })

  it('says why there is none of a type without a sample, or of what goes by the clock', async () => {
    const unknown = await send({ type: '<b>no</b>' })
    expect([unknown.status, read(unknown.body)]).toEqual([
      422,
      expect.stringContaining('no sample of "<b>no</b>"'),
    ])
    const clocked = await send({ type: 'schedule', source: 'nightly' })
    expect([clocked.status, read(clocked.body)]).toEqual([422, expect.stringContaining('goes by the clock')])
    expect((await send({ type: 'x', source: 'nobody' })).status).toBe(404)
  })
})
