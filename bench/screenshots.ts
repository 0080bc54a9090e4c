import { spawn } from 'node:child_process'
import { mkdirSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { BrowserContext, Page } from 'playwright-core'
import { startBrowser } from '../test/browser/chromium.js'

/*
 * Pictures of every page, of the demo as it stays: `npm run screenshots`. With a login link as its argument it takes
 * them of the dashboard that is there.
 */
const root = resolve(import.meta.dirname, '..')
const directory = join(root, 'docs/img')
/** A page is shown from its top; more than this nobody looks at in a document. */
const highestPx = 900

interface Shot {
  readonly name: string
  readonly path: string
  /** Clicked in what `path` shows, to get to the page. */
  readonly link?: string
  readonly isDark?: boolean
  readonly isNarrow?: boolean
}

const refund = 'main a[href^="/runs/run_"]'
const shots: readonly Shot[] = [
  { name: 'now', path: '/' },
  { name: 'now-dark', path: '/', isDark: true },
  { name: 'now-390', path: '/', isNarrow: true },
  { name: 'events', path: '/events' },
  {
    name: 'event',
    path: '/events?type=workflow_run.completed',
    link: 'main tbody tr:last-child a[href^="/events/evt_"]',
  },
  { name: 'runs', path: '/runs' },
  { name: 'run', path: '/runs?agent=disputes&state=completed', link: refund },
  { name: 'run-dark', path: '/runs?agent=disputes&state=completed', link: refund, isDark: true },
  { name: 'approvals', path: '/approvals' },
  { name: 'approvals-390', path: '/approvals', isNarrow: true },
  { name: 'agents', path: '/agents' },
  { name: 'agent', path: '/agents/disputes' },
  { name: 'sources', path: '/sources' },
  { name: 'source', path: '/sources/payments' },
  { name: 'parked', path: '/parked' },
]

async function take(page: Page, origin: string, { name, path, link }: Shot): Promise<void> {
  await page.goto(`${origin}${path}`)
  await page.waitForSelector('#live.is-on', { state: 'attached' })
  if (link !== undefined) {
    await page.click(link)
    await page.waitForLoadState()
    await page.waitForSelector('#live.is-on', { state: 'attached' })
  }
  const file = join(directory, `${name}.png`)
  const width = page.viewportSize()?.width ?? 0
  const height = Math.min(highestPx, Number(await page.evaluate('document.documentElement.scrollHeight')))
  // The frame is as high as the window: with a higher one it goes down to the end of the picture.
  await page.setViewportSize({ width, height })
  await page.screenshot({
    path: file,
    clip: { x: 0, y: 0, width, height },
  })
  console.log(
    `${file.slice(root.length + 1)}  ${Math.round(statSync(file).size / 1024)} KB  ${width} × ${height}`,
  )
}

/** The demo until it has printed its link, and how to end it. */
async function demo(): Promise<{ link: string; end: () => Promise<void> }> {
  const child = spawn(process.execPath, [join(root, 'dist/main.js'), 'demo', '--stay'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = new Promise<void>((done) => child.once('exit', () => done()))
  let said = ''
  const link = await new Promise<string>((found, fail) => {
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString('utf8')
      const [shown] = /http:\S+\/login#token=[\w-]{43}/.exec(said) ?? []
      if (shown !== undefined) found(shown)
    })
    child.once('exit', () => fail(new Error(`the demo ended:\n${said}`)))
  })
  return {
    link,
    end: () => {
      child.kill('SIGINT')
      return ended
    },
  }
}

const [given] = process.argv.slice(2)
const shown = given === undefined ? await demo() : { link: given, end: async () => undefined }
const browser = await startBrowser()
try {
  mkdirSync(directory, { recursive: true })
  const { origin } = new URL(shown.link)
  const contexts = new Map<string, BrowserContext>()
  for (const shot of shots) {
    const { isDark = false, isNarrow = false } = shot
    const key = `${isDark} ${isNarrow}`
    let context = contexts.get(key)
    if (context === undefined) {
      context = await browser.newContext({
        viewport: { width: isNarrow ? 390 : 1440, height: 900 },
        colorScheme: isDark ? 'dark' : 'light',
        reducedMotion: 'reduce',
        locale: 'en-GB',
      })
      contexts.set(key, context)
      const page = await context.newPage()
      await page.goto(shown.link)
      await page.waitForURL(`${origin}/`)
      await page.close()
    }
    const page = await context.newPage()
    await take(page, origin, shot)
    await page.close()
  }
} finally {
  await browser.close()
  await shown.end()
}
