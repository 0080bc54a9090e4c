import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { RecordingApi } from '../support/recording-api.js'
import { issueOpened, type Rouse, runIn, sendGithub, startRouse } from '../support/rouse.js'
import { vendorAnswers } from '../support/vendor-answers.js'
import { files, issueAgent } from './setting.js'

const vendor = vendorAnswers.chat
/** Two calls: a cut between them leaves one that is whole. */
const calling = Buffer.from(
  JSON.stringify(
    vendor.calls([
      { id: 'call_1', name: 'comment', arguments: '{"body":"first"}' },
      { id: 'call_2', name: 'comment', arguments: '{"body":"second"}' },
    ]),
  ),
)
const closing = JSON.stringify(vendor.text('Done.'))
const runs = 24

let api: RecordingApi
let endpoint: Server
let rouse: Rouse
/** How often each issue's first answer was asked for. */
const asked = new Map<number, number>()
/** What had been written for an issue when its first whole answer went out. */
const writtenBefore = new Map<number, number>()

const writesFor = (issue: number) => api.writes.filter(({ url }) => url.includes(`/issues/${issue}/`))

beforeEach(async () => {
  api = await RecordingApi.start()
  endpoint = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
    const text = Buffer.concat(chunks).toString('utf8')
    response.setHeader('content-type', 'application/json')
    if (text.includes('call_1')) {
      response.end(closing)
      return
    }
    const issue = Number(/issue (\d+)/.exec(text)?.[1])
    const times = (asked.get(issue) ?? 0) + 1
    asked.set(issue, times)
    if (times > 1) {
      writtenBefore.set(issue, writesFor(issue).length)
      response.end(calling)
      return
    }
    // Ended by the close alone, so that the beginning is not marked as one.
    response.setHeader('connection', 'close')
    response.useChunkedEncodingByDefault = false
    response.end(calling.subarray(0, Math.floor(((issue - 1) * calling.length) / runs)))
  })
  await new Promise<void>((resolve) => endpoint.listen(0, '127.0.0.1', resolve))
  rouse = await startRouse({
    config: issueAgent(api),
    models: `default: { base_url: "http://127.0.0.1:${(endpoint.address() as AddressInfo).port}/v1", api_key: "sk-k7Gq2nV9xB4tLw8sRz3m", model: m, api: chat }`,
    files,
  })
})

afterEach(async () => {
  await rouse.stop()
  await api.close()
  endpoint.closeAllConnections()
  await new Promise((resolve) => endpoint.close(resolve))
})

it('a run acts on no answer that was cut, wherever it was cut, and once on the whole one', async () => {
  const eventIds = await Promise.all(
    Array.from({ length: runs }, async (_, at) => {
      const { body } = await sendGithub(rouse.url, 'issues', issueOpened(at + 1))
      return body.events?.[0] ?? ''
    }),
  )
  for (const [at, eventId] of eventIds.entries()) {
    const issue = at + 1
    await runIn(rouse.ledger, eventId, ['completed'])
    expect(asked.get(issue)).toBe(2)
    expect(writtenBefore.get(issue)).toBe(0)
    expect(writesFor(issue).map(({ body }) => body)).toEqual(['{"body":"first"}', '{"body":"second"}'])
  }
})
