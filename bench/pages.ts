import { mkdirSync, writeFileSync } from 'node:fs'
import { Agent, type IncomingMessage, request } from 'node:http'
import { join } from 'node:path'
import { addToken, tokensFile } from '../src/admin/tokens.js'
import { freePort } from '../src/cli/demo/rouse-process.js'
import { storeEngines } from '../src/store/registry.js'
import type { Served } from './processes.js'

export interface PageCost {
  readonly path: string
  /** From the first byte out to the last byte in, at the median of a few, warm. */
  readonly ms: number
  /** As it goes over the wire, packed. */
  readonly kb: number
}

export interface PagesCost {
  readonly pages: readonly PageCost[]
  /** A browser that was never here: the first page, its style, its script and its icon. */
  readonly firstVisitKb: number
}

const sources = [0, 1, 2, 3, 4].map((number) => `  source-${number}: { kind: github, secret: "SECRET" }`)
const agents = [0, 1, 2, 3, 4, 5, 6, 7].map(
  (number) => `  agent-${number}: { on: { source: source-0 }, instructions: ./agent.md, tools: [look] }`,
)

/** Asks the real daemon for each page, over the ledger in `file`. */
export async function measurePages(options: {
  readonly file: string
  readonly directory: string
  readonly secret: string
  readonly startRouse: (config: string) => Promise<Served>
}): Promise<PagesCost> {
  const { file, directory, secret, startRouse } = options
  const port = await freePort()
  mkdirSync(directory, { recursive: true })
  writeFileSync(join(directory, 'agent.md'), 'Look.\n')
  const config = join(directory, 'pages.yaml')
  writeFileSync(
    config,
    `version: 1
server: { hooks: "127.0.0.1:0", admin: "127.0.0.1:${port}" }
store: "sqlite:${file}"
models: { default: { base_url: "scripted:", model: none } }
sources:
${sources.join('\n').replaceAll('SECRET', secret)}
tools: { look: { description: Look., get: "https://api.github.com/repos/{repo}" } }
agents:
${agents.join('\n')}
`,
  )
  const token = await addToken(tokensFile(file), { role: 'approve', rotate: true, now: Date.now() })
  const daemon = await startRouse(config)
  try {
    return await measure({ port, token, file })
  } finally {
    await daemon.stop()
  }
}

async function measure({
  port,
  token,
  file,
}: {
  port: number
  token: string
  file: string
}): Promise<PagesCost> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const authorization = `Bearer ${token}`
  const get = (path: string) => fetchFrom(agent, port, path, { authorization, 'accept-encoding': 'br, gzip' })
  const html = (await fetchFrom(agent, port, '/', { authorization })).toString('utf8')
  const assets = [...html.matchAll(/(?:href|src)="(\/assets\/[^"]+)"/g)].map(([, path = '']) => path)
  let firstVisit = (await get('/')).length
  for (const path of assets) firstVisit += (await get(path)).length
  const pages: PageCost[] = []
  for (const path of await pathsOf(file)) {
    const times: number[] = []
    let size = 0
    for (let round = 0; round < 7; round++) {
      const beganAt = performance.now()
      size = (await get(path)).length
      times.push(performance.now() - beganAt)
    }
    pages.push({ path, ms: times.sort((left, right) => left - right)[3] ?? Number.NaN, kb: size / 1024 })
  }
  agent.destroy()
  return { pages, firstVisitKb: firstVisit / 1024 }
}

async function pathsOf(file: string): Promise<string[]> {
  const store = await storeEngines.sqlite({ file, exclusive: false })
  const [run] = (await store.findRuns({ limit: 1, state: 'completed' })).runs
  await store.close()
  return [
    '/',
    '/events',
    '/events?source=source-3',
    '/events?q=subject%3Aacme%2Fweb%2377',
    '/events?q=nowhere',
    `/events/${run?.eventId}`,
    '/runs',
    '/runs?state=dead',
    `/runs/${run?.id}`,
    '/approvals',
    '/agents',
    '/agents/agent-3',
    '/sources',
    '/sources/source-3',
    '/parked',
  ]
}

function fetchFrom(
  agent: Agent,
  port: number,
  path: string,
  headers: Record<string, string>,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const asked = request({ agent, port, host: '127.0.0.1', path, headers }, (response: IncomingMessage) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => {
        if (response.statusCode === 200) resolve(Buffer.concat(chunks))
        else reject(new Error(`${path} was answered ${response.statusCode}`))
      })
    })
    asked.on('error', reject)
    asked.end()
  })
}
