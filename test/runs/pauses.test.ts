import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { githubSecret, issueOpened, type Rouse, runIn, sendGithub, startRouse } from '../support/rouse.js'
import { until } from '../support/wait.js'

let rouse: Rouse

afterEach(() => rouse.stop())

const agents = (mode: string) => `agents:
  helper: { on: { source: ci, type: issues.opened }, instructions: a.md, tools: [], mode: ${mode} }
`

async function start(turns: unknown[], mode = 'live'): Promise<Rouse> {
  rouse = await startRouse({
    config: `sources: { ci: { kind: github, secret: "${githubSecret}" } }\n${agents(mode)}`,
    script: [{ agent: 'helper', turns }],
    files: { 'a.md': 'Look.\n' },
  })
  return rouse
}

async function send(number: number): Promise<string> {
  const { body } = await sendGithub(rouse.url, 'issues', issueOpened(number))
  return body.events?.[0] ?? ''
}

/** Writes config.yaml with `from` replaced, and waits until it is in force. */
async function change(from: string, to: string): Promise<void> {
  const file = join(rouse.directory, 'config.yaml')
  const reloads = () => rouse.log.filter((line) => line.includes('configuration reloaded')).length
  const before = reloads()
  await writeFile(file, (await readFile(file, 'utf8')).replace(from, to))
  await until('the reload', () => reloads() > before)
}

describe('an agent that is turned off', () => {
  it('has its events wait for it, each once, until it is on again', async () => {
    await start([{ say: 'Done.' }], 'off')
    const event = await send(1)
    const parked = await runIn(rouse.ledger, event, ['parked'])
    expect(parked).toMatchObject({ parkedOn: 'agent', nextAt: undefined })
    await change('mode: off', 'mode: live')
    await runIn(rouse.ledger, event, ['completed'])
    expect(await rouse.ledger.runsOf(event)).toHaveLength(1)
  })

  it('stops none of its runs that have begun, and starts no more', async () => {
    await start([{ say: 'Done.', delay: '1s' }])
    const first = await send(1)
    await runIn(rouse.ledger, first, ['running'])
    await change('mode: live', 'mode: off')
    const second = await send(2)
    expect(await runIn(rouse.ledger, second, ['parked'])).toMatchObject({ parkedOn: 'agent' })
    await runIn(rouse.ledger, first, ['completed'])
    await change('mode: off', 'mode: live')
    await runIn(rouse.ledger, second, ['completed'])
  })
})

describe('a disk with too little room', () => {
  it('refuses deliveries, parks what waits and what runs, tells once, and goes on by itself', async () => {
    await start([{ call: 'nothing', delay: '300ms' }, { say: 'Done.' }])
    const event = await send(1)
    await runIn(rouse.ledger, event, ['running'])
    await change('}"', '}", min_free: "1000000GB"')

    const health = await until('the health to turn red', async () => {
      const response = await fetch(`${rouse.url}/healthz`)
      return response.status === 503 && response
    })
    expect(health.headers.get('retry-after')).toBe('5')
    expect((await sendGithub(rouse.url, 'issues', issueOpened(2))).status).toBe(503)
    const parked = await runIn(rouse.ledger, event, ['parked'])
    expect(parked).toMatchObject({ parkedOn: 'disk', usage: { turns: 1 } })
    const raised = rouse.log.filter((line) => line.includes('"alert":"disk"'))
    expect(raised).toHaveLength(1)
    expect(raised[0]).toContain('server.min_free')
    expect(await rouse.ledger.listAlerts(5)).toMatchObject([{ cause: 'disk', resolvedAt: undefined }])

    await change('1000000GB', '0B')
    await runIn(rouse.ledger, event, ['completed'])
    expect((await sendGithub(rouse.url, 'issues', issueOpened(3))).status).toBe(202)
    const [alert] = await until('the end of the alert', async () => {
      const found = await rouse.ledger.listAlerts(5)
      return found.every(({ resolvedAt }) => resolvedAt !== undefined) && found
    })
    expect(alert?.cause).toBe('disk')
  })
})
