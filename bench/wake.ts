import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { join } from 'node:path'
import { makeDelivery } from './deliveries.js'
import { percentile } from './load.js'
import type { Served } from './processes.js'

export interface Wake {
  readonly p50: number
  readonly p99: number
  readonly bootToAckMs: number
}

export interface BenchSetting {
  readonly directory: string
  readonly secret: string
  readonly startRouse: (file: string) => Promise<Served>
}

const answer = JSON.stringify({
  id: 'resp_1',
  object: 'response',
  model: 'bench',
  status: 'completed',
  output: [
    {
      type: 'message',
      id: 'msg_1',
      role: 'assistant',
      status: 'completed',
      content: [{ type: 'output_text', text: 'Nothing to do.', annotations: [] }],
    },
  ],
  usage: { input_tokens: 10, output_tokens: 5, total_tokens: 15 },
})

/** A model endpoint that says when each request's first byte came. */
export async function startModel(
  onRequest: () => void,
  delayMs = 0,
): Promise<{ port: number; close(): void }> {
  const server = createServer((incoming, outgoing) => {
    onRequest()
    incoming.resume().on('end', () => {
      setTimeout(() => outgoing.writeHead(200, { 'content-type': 'application/json' }).end(answer), delayMs)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

export async function measureWake({ directory, secret, startRouse }: BenchSetting): Promise<Wake> {
  let requestAt = 0
  let onWoken = () => {}
  const model = await startModel(() => {
    requestAt = performance.now()
    onWoken()
  })
  const file = join(directory, 'wake.yaml')
  writeFileSync(join(directory, 'wake.md'), 'Say what you saw.\n')
  writeFileSync(file, agentConfig({ directory, name: 'wake', secret, modelPort: model.port }))
  const bootAt = performance.now()
  const daemon = await startRouse(file)
  const times: number[] = []
  let bootToAckMs = 0
  for (let number = 1; number <= 220; number++) {
    const woken = new Promise<void>((resolve) => {
      onWoken = resolve
    })
    const sentAt = await sendOne(
      daemon.port,
      makeDelivery({ path: '/hooks/ci', secret, number: 5_000_000 + number }),
    )
    if (number === 1) bootToAckMs = performance.now() - bootAt
    await woken
    if (number > 20) times.push(requestAt - sentAt)
    // The run that was woken ends before the next delivery, so that each is measured alone.
    await new Promise((resolve) => setTimeout(resolve, 15))
  }
  await daemon.stop()
  model.close()
  times.sort((left, right) => left - right)
  return { p50: percentile(times, 0.5), p99: percentile(times, 0.99), bootToAckMs }
}

/** Resolves after the answer, with the time at which the last byte was handed to the kernel. */
function sendOne(port: number, request: Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    let sentAt = 0
    const socket = connect({ port, host: '127.0.0.1', noDelay: true }, () => {
      socket.write(request, () => {
        sentAt = performance.now()
      })
    })
    socket.on('error', reject)
    socket.on('data', () => {
      socket.destroy()
      resolve(sentAt)
    })
  })
}

export function agentConfig(options: {
  directory: string
  name: string
  secret: string
  modelPort: number
  server?: string
  tools?: string
}): string {
  const { directory, name, secret, modelPort, server = '', tools = '[]' } = options
  return `version: 1
server: { hooks: "127.0.0.1:0", admin: off${server} }
store: "sqlite:${join(directory, 'data', `${name}.db`)}"
models: { default: { base_url: "http://127.0.0.1:${modelPort}/v1", api_key: "sk-k7Gq2nV9xB4tLw8sRz3m", model: bench, api: responses } }
sources: { ci: { kind: github, secret: "${secret}" } }
agents:
  reader: { on: { source: ci, type: issues.opened }, instructions: ${name}.md, tools: ${tools}, limits: { runs: 100000/day, runs_per_actor: 100000/day } }
`
}
