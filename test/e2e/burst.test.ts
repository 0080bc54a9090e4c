import { afterEach, expect, it } from 'vitest'
import { githubSecret, issueOpened, type Rouse, sendGithub, startRouse } from '../support/rouse.js'

let rouse: Rouse
afterEach(() => rouse.stop())

/** `ROUSE_TEST_BURST` makes it longer: 10000 for a whole burst. */
const amount = Number(process.env['ROUSE_TEST_BURST'] ?? 1500)
const senders = 50

it('stores every event of a burst that it acknowledged, and answers the others 503', async () => {
  rouse = await startRouse({ config: `sources: { ci: { kind: github, secret: "${githubSecret}" } }\n` })
  const acked = new Set<string>()
  const statuses = new Set<number>()
  let next = 0
  const send = async () => {
    while (next < amount) {
      const { status, body } = await sendGithub(rouse.url, 'issues', issueOpened(++next))
      statuses.add(status)
      for (const id of status === 202 ? (body.events ?? []) : []) acked.add(id)
    }
  }
  await Promise.all(Array.from({ length: senders }, send))
  expect([...statuses].filter((status) => status !== 202 && status !== 503)).toEqual([])
  const { events } = await rouse.ledger.counts()
  expect(events.recorded + events.dispatched + events.ignored).toBe(acked.size)
  for (const id of acked) expect((await rouse.ledger.event(id))?.id).toBe(id)
}, 60_000)
