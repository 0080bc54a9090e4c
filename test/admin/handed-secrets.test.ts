import { createHmac } from 'node:crypto'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { addToken, tokensFile } from '../../src/admin/tokens.js'
import { systemClock } from '../../src/util/clock.js'
import { type Rouse, startRouse } from '../support/rouse.js'

const registration = 'q7Xw-3vBn-registration'
const handed = 'b537207f20cbfa02357cf448134da559'

let rouse: Rouse | undefined
afterEach(() => rouse?.stop())

it('pages and the API show no secret that a sender handed over since the start', async () => {
  const config = `
sources: { tasks: { kind: asana, secret_file: ./handed, registration: ${registration} } }
agents: { looker: { on: { source: tasks }, instructions: a.md, tools: [], limits: { runs: 9/day } } }
`
  rouse = await startRouse({ config, files: { 'a.md': 'Look.\n' }, admin: '127.0.0.1:0' })
  const { daemon, directory, ledger, url } = rouse
  const post = (headers: Record<string, string>, body: string) =>
    fetch(`${url}/hooks/tasks?registration=${registration}`, { method: 'POST', headers, body })
  expect((await post({ 'x-hook-secret': handed }, '{}')).status).toBe(200)
  const resource = { gid: '1337', resource_type: 'task', name: `it is ${handed}` }
  const body = JSON.stringify({ events: [{ created_at: '2026-01-01T00:00:00Z', action: 'added', resource }] })
  const signature = createHmac('sha256', handed).update(body).digest('hex')
  expect((await post({ 'x-hook-signature': signature }, body)).status).toBe(200)
  const [event] = await ledger.listEvents({ limit: 1 })

  const made = { role: 'read', rotate: false, now: systemClock.now() } as const
  const token = await addToken(tokensFile(join(directory, 'rouse.db')), made)
  const shown = async (path: string) => {
    const headers = { authorization: `Bearer ${token}` }
    const answer = await fetch(`${daemon.adminUrl}${path}`, { headers })
    expect(answer.status, path).toBe(200)
    return answer.text()
  }
  for (const path of [`/api/events/${event?.id}`, `/events/${event?.id}`]) {
    const text = await shown(path)
    expect(text, path).toContain('it is [redacted]')
    expect(text, path).not.toContain(handed)
    expect(text, path).not.toContain(registration)
  }
})
