import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { RecordingApi } from '../support/recording-api.js'
import { issueOpened, type Rouse, runIn, sendGithub, startRouse } from '../support/rouse.js'
import { files, issueAgent } from './setting.js'

let api: RecordingApi
let blobs: RecordingApi
let rouse: Rouse | undefined
beforeEach(async () => {
  ;[api, blobs] = await Promise.all([RecordingApi.start(), RecordingApi.start()])
  api.respond = () => ({ status: 302, headers: { location: `${blobs.origin}/logs?sig=signed-and-secret` } })
})
afterEach(async () => {
  await rouse?.stop()
  rouse = undefined
  await Promise.all([api.close(), blobs.close()])
})

const hostOf = ({ origin }: RecordingApi) => new URL(origin).host

/** What the ledger has of a read that is redirected to another host. */
async function readOf(redirectHosts?: string) {
  const at = `get: ${api.origin}/repos/{repo}/issues/{issue}`
  rouse = await startRouse({
    config: issueAgent(api).replace(
      at,
      redirectHosts === undefined ? at : `${at}\n    redirect_hosts: ["${redirectHosts}"]`,
    ),
    script: [{ agent: 'helper', turns: [{ call: 'get_issue', args: {} }, { say: 'Done.' }] }],
    files,
  })
  const { body } = await sendGithub(rouse.url, 'issues', issueOpened(12))
  const run = await runIn(rouse.ledger, body.events?.[0] ?? '', ['completed', 'parked', 'dead'])
  const [call] = (await rouse.ledger.journal(run.id)).calls
  expect(JSON.stringify(call)).not.toContain('signed-and-secret')
  return call
}

const listed = () => readOf(hostOf(blobs))

describe('a read that is redirected', () => {
  it('to a host that is not listed says which it is, and how a person lets it through', async () => {
    const call = await readOf()
    expect(call).toMatchObject({ state: 'failed', status: 302, note: undefined })
    expect(call?.output).toMatchObject({
      ok: false,
      error: {
        code: 'tool.redirect',
        message: `the API answered 302, a redirect to ${hostOf(blobs)}, which is not followed`,
        hint: expect.stringContaining(`redirect_hosts: ["${hostOf(blobs)}"]`),
      },
    })
    expect(blobs.requests).toEqual([])
  })

  it('to a listed host is in the ledger with that host and both answers', async () => {
    expect(await listed()).toMatchObject({
      state: 'done',
      status: 200,
      note: `the API answered 302, and ${hostOf(blobs)}, where it led to, 200`,
    })
  })

  it('to a listed host that refuses, too', async () => {
    blobs.respond = () => ({ status: 403, body: { error: 'expired' } })
    expect(await listed()).toMatchObject({
      state: 'failed',
      status: 403,
      note: `the API answered 302, and ${hostOf(blobs)}, where it led to, 403`,
    })
  })

  it('a second time says that one is all there is', async () => {
    blobs.respond = () => ({ status: 307, headers: { location: api.origin } })
    const call = await listed()
    expect(call).toMatchObject({ state: 'failed', status: 307 })
    expect(call?.output).toMatchObject({
      error: { message: expect.stringContaining(hostOf(blobs)), hint: expect.stringContaining('Only one') },
    })
  })

  it('to a listed host that does not answer says where it was', async () => {
    blobs.respond = () => 'cut'
    const call = await listed()
    expect(call).toMatchObject({ state: 'failed' })
    expect(call?.output).toMatchObject({ error: { message: expect.stringContaining(hostOf(blobs)) } })
  })
})
