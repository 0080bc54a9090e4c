import { createHmac, randomUUID } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Daemon, startDaemon } from '../../src/daemon.js'
import type { Run } from '../../src/domain/run.js'
import { storeEngines } from '../../src/store/registry.js'
import type { Store } from '../../src/store/store.js'
import { createLogger } from '../../src/util/log.js'
import { until } from './wait.js'

export const githubSecret = 'k7Gq2nV9xB4tLw8sRz3mYc6p'

export interface Rouse {
  readonly directory: string
  readonly url: string
  /** A second opening of the ledger, as the command line has it. */
  readonly ledger: Store
  readonly daemon: Daemon
  /** What was logged, one JSON object a line. */
  readonly log: string[]
  stop(): Promise<void>
}

export interface RouseSetting {
  /** The rest of config.yaml after `version`, `server`, `store` and the models. */
  readonly config: string
  /** For the scripted model; undefined lets it do its generic thing. */
  readonly script?: unknown
  /** Address of the admin listener; there is none when left out. */
  readonly admin?: string
  /** Proxies before it, for `server.proxies`. */
  readonly proxies?: readonly string[]
  /** Replaces the whole `models:` section. */
  readonly models?: string
  readonly files?: Readonly<Record<string, string>>
  readonly environment?: Readonly<Record<string, string>>
  readonly directory?: string
  /** The ledger, from the directory; `./rouse.db` when left out. */
  readonly file?: string
}

/** Writes a configuration to a directory of its own. */
export async function writeSetting(setting: RouseSetting): Promise<string> {
  const directory = setting.directory ?? (await mkdtemp(join(tmpdir(), 'rouse-test-')))
  const models =
    setting.models ??
    `default: { base_url: "scripted:${setting.script ? './script.json' : ''}", model: scripted }`
  const head = `version: 1
server: { hooks: "127.0.0.1:\${ROUSE_TEST_PORT:-0}", admin: "${setting.admin ?? 'off'}", proxies: ${JSON.stringify(setting.proxies ?? [])} }
store: "sqlite:${setting.file ?? './rouse.db'}"
models:
  ${models}
`
  await writeFile(join(directory, 'config.yaml'), head + setting.config)
  if (setting.script) await writeFile(join(directory, 'script.json'), JSON.stringify(setting.script))
  for (const [name, text] of Object.entries(setting.files ?? {})) await writeFile(join(directory, name), text)
  return directory
}

/** The daemon in this process, on a free port, with a ledger of its own. */
export async function startRouse(setting: RouseSetting): Promise<Rouse> {
  const directory = await writeSetting(setting)
  const log: string[] = []
  const daemon = await startDaemon({
    configFile: join(directory, 'config.yaml'),
    environment: setting.environment ?? {},
    log: createLogger({ level: 'debug', destination: { write: (line) => log.push(line) } }),
  })
  const ledger = await storeEngines.sqlite({ file: join(directory, 'rouse.db'), exclusive: false })
  return {
    directory,
    url: `http://127.0.0.1:${daemon.address.port}`,
    ledger,
    daemon,
    log,
    stop: async () => {
      await daemon.stop()
      await ledger.close()
      if (setting.directory === undefined) await rm(directory, { recursive: true, force: true })
    },
  }
}

export interface Sent {
  readonly status: number
  readonly body: { status: string; events?: string[] }
}

/** A delivery as GitHub would send it. */
export async function sendGithub(
  url: string,
  type: string,
  body: unknown,
  options: { id?: string; secret?: string; source?: string } = {},
): Promise<Sent> {
  const bytes = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
  const signature = createHmac('sha256', options.secret ?? githubSecret)
    .update(bytes)
    .digest('hex')
  const response = await fetch(`${url}/hooks/${options.source ?? 'ci'}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-github-event': type,
      'x-github-delivery': options.id ?? randomUUID(),
      'x-hub-signature-256': `sha256=${signature}`,
    },
    body: bytes,
  })
  return { status: response.status, body: (await response.json()) as Sent['body'] }
}

export function issueOpened(number: number, extra: Record<string, unknown> = {}) {
  return {
    action: 'opened',
    issue: {
      id: 9_000_000 + number,
      number,
      title: `issue ${number}`,
      created_at: '2026-11-21T07:00:00Z',
      ...extra,
    },
    repository: { id: 42, full_name: 'acme/web' },
    sender: { login: 'octocat', id: 1 },
  }
}

/** Waits until a run of the event is in one of the states, and gives it. */
export function runIn(ledger: Store, eventId: string, states: readonly Run['state'][]): Promise<Run> {
  return until(`a run of ${eventId} that is ${states.join(' or ')}`, async () => {
    const runs = await ledger.runsOf(eventId)
    return runs.find(({ state }) => states.includes(state))
  })
}
