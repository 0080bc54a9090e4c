import { AdminDoor, type AdminRequest, adminPort, withAdmin } from '../admin-door.js'
import { judge, onBench, type Stage, type Trial } from '../play.js'
import type { Scenarios } from './scenario.js'
import { unless } from './steps.js'

/** What other pages and programs can make a person's browser send. */
export const doorScenarios: Scenarios = { A089: foreignDecisions }

async function foreignDecisions(stage: Stage): Promise<Trial> {
  const port = await adminPort()
  return onBench(stage, { change: withAdmin(port) }, async (bench) => {
    bench.model.turns = () => [
      { calls: [{ tool: 'refund_charge', args: { amount: 100, reason: 'duplicate' } }] },
    ]
    await bench.start()
    await bench.send()
    await bench.rest()
    const [approval] = bench.waiting()
    if (!approval) throw new Error('nobody was asked')
    const door = await AdminDoor.open(bench, port)
    const taken: string[] = []
    for (const [what, request] of Object.entries(attempts(door, approval))) {
      const { status } = await door.ask(request)
      if (status < 400) taken.push(`${what} was answered ${status}`)
      if (bench.waiting().length !== 1) taken.push(`${what} decided on the call`)
    }
    const trial = judge(bench, { faults: taken })
    // The same request from a page of our own is taken: it was the way that it came which was refused.
    const { path, body } = decision(approval)
    const headers = { 'content-type': 'application/json', cookie: door.cookie, origin: `http://${door.host}` }
    const own = await door.ask({ method: 'POST', path, headers, body })
    await bench.rest()
    const more = unless(
      [own.status === 200, `our own page was answered ${own.status}, so the refusals prove nothing`],
      [bench.api.writes.length === 1, `${bench.api.writes.length} writes were made in the end`],
    )
    return { ...trial, faults: [...trial.faults, ...more] }
  })
}

function decision({ id, digest }: { id: string; digest: string }) {
  return { path: `/api/approvals/${id}/approve`, body: JSON.stringify({ digest }) }
}

function attempts(door: AdminDoor, approval: { id: string; digest: string }): Record<string, AdminRequest> {
  const { path, body } = decision(approval)
  const json = { 'content-type': 'application/json' }
  const { cookie } = door
  const own = `http://${door.host}`
  const post = (headers: Record<string, string>) => ({
    method: 'POST',
    path,
    headers: { ...json, ...headers },
    body,
  })
  const form = { 'content-type': 'application/x-www-form-urlencoded', cookie, origin: own }
  return {
    'a link preview': { path, headers: { cookie } },
    'a link preview with a token': { path, headers: door.bearer('approve') },
    HEAD: { method: 'HEAD', path, headers: { cookie } },
    'a form without Origin': post({ cookie }),
    'a page elsewhere': post({ cookie, origin: 'https://evil.test' }),
    'a page elsewhere, by Sec-Fetch-Site': post({ cookie, 'sec-fetch-site': 'cross-site' }),
    'a page on another port': post({ cookie, origin: 'http://127.0.0.1:1', 'sec-fetch-site': 'same-site' }),
    'the origin null': post({ cookie, origin: 'null', 'sec-fetch-site': 'cross-site' }),
    'another host': post({ cookie, origin: 'http://evil.test', host: 'evil.test' }),
    'another host with a token': post({ ...door.bearer('approve'), host: 'evil.test' }),
    'a form of our own kind': { method: 'POST', path, headers: form, body: `digest=${approval.digest}` },
    PUT: { method: 'PUT', path, headers: { ...json, cookie, origin: own }, body },
    nobody: post({ origin: own }),
    'a token that only reads': post(door.bearer('read')),
    'a token in the query': { ...post({ origin: own }), path: `${path}?token=${door.tokens.approve}` },
    'another digest': { ...post({ cookie, origin: own }), body: JSON.stringify({ digest: '0'.repeat(64) }) },
  }
}
