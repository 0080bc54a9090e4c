import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { fillHistory } from '../../bench/history.js'
import { addToken, loginLink, type Role, tokensFile } from '../../src/admin/tokens.js'
import { freePort } from '../../src/cli/demo/rouse-process.js'
import type { Run } from '../../src/domain/run.js'
import { storeEngines } from '../../src/store/registry.js'
import type { Store } from '../../src/store/store.js'
import { DaemonProcess, openLedger } from '../support/daemon-process.js'
import { RecordingApi } from '../support/recording-api.js'
import { githubSecret, issueOpened, runIn, sendGithub } from '../support/rouse.js'
import { Cable } from './cut.js'

/** The real daemon with its dashboard, and what stands around it. */
export interface Dashboard {
  readonly directory: string
  readonly origin: string
  readonly daemon: DaemonProcess
  readonly ledger: Store
  readonly api: RecordingApi
  readonly cable: Cable
  /** An issue that an agent wants to comment on, which a person decides. Resolves to the run that waits. */
  ask(number: number, extra?: Record<string, unknown>): Promise<Run>
  /** An event that wakes nobody. Resolves to its id. */
  deliver(number: number): Promise<string>
  /** An event whose run dies. */
  die(number: number): Promise<Run>
  /** A browser tab that is logged in, and what it complained of. */
  open(browser: Browser, looks?: Looks): Promise<Tab>
  stop(): Promise<void>
}

export interface Looks {
  readonly isDark?: boolean
  readonly width?: number
  readonly role?: Role
}

export interface Tab {
  readonly page: Page
  /** Console messages, exceptions, violations of the policy, dialogs, requests to anybody else. */
  readonly faults: string[]
  go(path: string): Promise<void>
  close(): Promise<void>
}

export interface Told {
  /** Finished events that are in the ledger before the daemon starts. */
  readonly history?: number
  /** What the model writes into its comment, and says at the end. */
  readonly comment?: string
}

const dayMs = 86_400_000
/** For one thing to be seen. */
const patienceMs = 8000

export async function startDashboard({ history = 0, comment = 'On it.' }: Told = {}): Promise<Dashboard> {
  const directory = await mkdtemp(join(tmpdir(), 'rouse-browser-'))
  const api = await RecordingApi.start()
  const cable = await Cable.lay()
  const port = await freePort()
  cable.leadTo(port)
  await writeFile(join(directory, 'config.yaml'), configuration(api.origin, cable.origin, port))
  await writeFile(join(directory, 'helper.md'), 'Help with the issue.\n')
  await writeFile(join(directory, 'script.json'), JSON.stringify(scriptWith(comment)))
  const file = join(directory, 'rouse.db')
  await (await storeEngines.sqlite({ file, exclusive: true })).close()
  const beganAt = Date.now() - 20 * dayMs
  fillHistory(file, history, { beganAt, everyMs: Math.floor((19 * dayMs) / Math.max(1, history)) })
  const tokens = {
    approve: await addToken(tokensFile(file), { role: 'approve', rotate: false, now: Date.now() }),
    read: await addToken(tokensFile(file), { role: 'read', rotate: false, now: Date.now() }),
  }
  const daemon = await DaemonProcess.start(directory)
  if (daemon.hasEnded) throw new Error(`the daemon did not start:\n${daemon.log}`)
  const ledger = await openLedger(directory)
  const { origin } = cable
  const sent = async (body: unknown) => {
    const { status, body: answer } = await sendGithub(daemon.url, 'issues', body)
    const [id] = answer.events ?? []
    if (status !== 202 || id === undefined) throw new Error(`answered ${status}`)
    return id
  }
  return {
    directory,
    origin,
    daemon,
    ledger,
    api,
    cable,
    ask: async (number, extra) => runIn(ledger, await sent({ ...issueOpened(number), ...extra }), ['parked']),
    deliver: (number) => sent({ ...issueOpened(number), action: 'closed' }),
    die: async (number) => runIn(ledger, await sent({ ...issueOpened(number), action: 'edited' }), ['dead']),
    open: (browser, looks = {}) => openTab(browser, origin, tokens[looks.role ?? 'approve'], looks),
    async stop() {
      await ledger.close()
      await daemon.end()
      await cable.close()
      await api.close()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

function configuration(api: string, origin: string, adminPort: number): string {
  return `version: 1
server: { hooks: "127.0.0.1:0", admin: "127.0.0.1:${adminPort}", admin_hosts: ["${origin}"] }
store: "sqlite:./rouse.db"
models:
  default: { base_url: "scripted:./script.json", model: scripted }
sources:
  ci: { kind: github, secret: "${githubSecret}" }
tools:
  get_issue:
    description: The issue.
    get: ${api}/repos/{repo}/issues/{issue}
  comment:
    description: Comment on the issue.
    post: ${api}/repos/{repo}/issues/{issue}/comments
    args: { body: { type: text, max_length: 5000, mentions: true, commands: true } }
    json: { body: "\${{ args.body }}" }
agents:
  first-reply:
    on: { source: ci, type: issues.opened }
    instructions: helper.md
    tools: [get_issue, { comment: { gate: approve, max: [2/subject, 100/day] } }]
  reader:
    on: { source: ci, type: issues.edited }
    instructions: helper.md
    tools: [get_issue]
`
}

/** `reader` reads on and on until a limit ends it. */
function scriptWith(comment: string): unknown {
  return [
    {
      agent: 'first-reply',
      turns: [
        { call: 'get_issue' },
        { call: 'comment', args: { body: comment } },
        { say: `I have commented. ${comment}` },
      ],
    },
    { agent: 'reader', turns: Array.from({ length: 9 }, () => ({ call: 'get_issue' })) },
  ]
}

async function openTab(browser: Browser, origin: string, token: string, looks: Looks): Promise<Tab> {
  const { context, page, faults } = await watched(browser, origin, looks)
  await page.goto(loginLink(origin, token))
  await page.waitForURL(`${origin}/`)
  return {
    page,
    faults,
    async go(path) {
      await page.goto(`${origin}${path}`)
      await isLive(page)
    },
    close: () => context.close(),
  }
}

/** A tab in a context of its own, and all that is not as it should be in it, from its first moment. */
export async function watched(
  browser: Browser,
  origin: string,
  { isDark = false, width = 1440 }: Looks = {},
): Promise<{ context: BrowserContext; page: Page; faults: string[] }> {
  const context = await browser.newContext({
    viewport: { width, height: 900 },
    colorScheme: isDark ? 'dark' : 'light',
    reducedMotion: 'reduce',
  })
  context.setDefaultTimeout(patienceMs)
  const faults: string[] = []
  await context.addInitScript(`addEventListener('securitypolicyviolation', (event) => {
    console.error('policy: ' + event.violatedDirective + ' ' + event.blockedURI + ' ' + event.sample)
  })`)
  context.on('request', (request) => {
    if (!request.url().startsWith(`${origin}/`)) faults.push(`a request to ${request.url()}`)
  })
  const page = await context.newPage()
  page.on('console', (message) => faults.push(`${message.type()}: ${message.text()}`))
  page.on('pageerror', (error) => faults.push(error.message))
  page.on('dialog', (dialog) => {
    faults.push(`a dialog: ${dialog.message()}`)
    void dialog.dismiss()
  })
  return { context, page, faults }
}

/** The page hears of what happens from now on. */
export async function isLive(page: Page): Promise<void> {
  await page.waitForSelector('#live.is-on', { state: 'attached' })
}
