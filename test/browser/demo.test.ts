import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { processEnvironment } from '../../src/util/env.js'
import { until } from '../support/wait.js'
import { startBrowser } from './chromium.js'
import { isLive, watched } from './dashboard.js'

const root = resolve(import.meta.dirname, '../..')
let browser: Browser
let demo: ChildProcess
let said = ''

beforeAll(async () => {
  const { OPENAI_API_KEY: _key, OPENAI_BASE_URL: _url, ...env } = processEnvironment
  demo = spawn(process.execPath, [join(root, 'dist/main.js'), 'demo', '--stay'], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  demo.stdout?.on('data', (chunk: Buffer) => {
    said += chunk.toString('utf8')
  })
  browser = await startBrowser()
})
afterAll(async () => {
  await browser?.close()
  demo?.kill('SIGINT')
})

it('stays with its story, takes what a person does there, and leaves nothing behind', async () => {
  const link = await until('the link', () => /http:\S+\/login#token=[\w-]{43}/.exec(said)?.[0], 60_000)
  expect(said).toContain('All as it should be')
  const { origin } = new URL(link)
  const { context, page, faults } = await watched(browser, origin)
  await page.goto(link)
  await page.waitForURL(`${origin}/`)
  expect(await page.textContent('h1')).toContain('1 call and 1 held write wait for you')

  await page.goto(`${origin}/approvals`)
  await page.click('button:has-text("Approve")')
  await page.waitForSelector('main :text("confirmed")')

  await page.goto(`${origin}/sources/payments`)
  await page.selectOption('select[name=type]', 'charge.dispute.created')
  await page.click('button:has-text("Send the test")')
  await page.click('#answer a[href^="/events/evt_"]')
  await isLive(page)
  await page.waitForSelector('main :text("for a person’s word")')

  await page.goto(`${origin}/events?subject=zen:ticket:35439`)
  await page.click('main tbody a[href^="/events/evt_"]')
  await page.click('button:has-text("See the plan")')
  await page.click('button:has-text("Make the new run")')
  await page.waitForSelector('main .pill:has-text("dead")')
  expect(faults).toEqual([])
  await context.close()

  const daemons = [...said.matchAll(/pid (\d+)/g)].map(([, pid]) => Number(pid))
  const directory = /ledger\s+(\S+)\/rouse\.db/.exec(said)?.[1] ?? ''
  expect(daemons).toHaveLength(3 + 1)
  expect(existsSync(directory)).toBe(true)
  const ended = new Promise<number | null>((done) => demo.once('exit', done))
  demo.kill('SIGINT')
  expect(await ended).toBe(0)
  expect(said).toContain('Nothing is left running')
  expect(daemons.filter(isAlive)).toEqual([])
  expect(existsSync(directory)).toBe(false)
}, 90_000)

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
