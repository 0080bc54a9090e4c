import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { until } from '../support/wait.js'
import { startBrowser } from './chromium.js'
import { type Dashboard, isLive, startDashboard, type Tab } from './dashboard.js'

const history = 100_000
let browser: Browser
let dashboard: Dashboard
let tab: Tab

beforeAll(async () => {
  browser = await startBrowser()
  dashboard = await startDashboard({ history })
})
afterAll(async () => {
  await browser?.close()
  await dashboard?.stop()
})
beforeEach(async () => {
  tab = await dashboard.open(browser)
})
afterEach(() => tab.close())

let issue = 100
const shownIds = () => tab.page.$$eval('main tbody tr', (rows) => rows.map(({ id }) => id))
const focused = () => tab.page.evaluate('document.activeElement?.textContent?.trim()')

it('lets in who has the link, and leaves no token in the address or the history', async () => {
  const { page } = tab
  expect(page.url()).toBe(`${dashboard.origin}/`)
  expect(await page.title()).toContain('rouse')
  await page.goBack()
  expect(page.url()).not.toContain('token')
  await page.goto(`${dashboard.origin}/`)
  await page.click('text=Log out')
  await page.waitForSelector('input[name=token]')
  await page.goto(`${dashboard.origin}/events`)
  expect(await page.locator('input[name=token]').count()).toBe(1)
  expect(tab.faults.filter((fault) => !fault.includes('401'))).toEqual([])
})

it('shows a delivery as it arrives, and leads to its story', async () => {
  const { page } = tab
  await tab.go('/events')
  const opened = await page.evaluate('performance.timeOrigin')
  const run = await dashboard.ask(issue++)
  await page.waitForSelector(`#${run.eventId}`)
  await page.waitForSelector(`#${run.eventId} :text("parked: approval")`)
  expect(await page.evaluate('performance.timeOrigin')).toBe(opened)
  await page.click(`#${run.eventId} a[href="/events/${run.eventId}"]`)
  const story = page.locator('main')
  for (const word of ['received', 'verified', 'recorded', 'matched', 'enqueued', 'first-reply', 'waiting'])
    await story.locator(`text=${word}`).first().waitFor()
  expect(tab.faults).toEqual([])
})

it('sends what was approved, as it was shown, and says what became of it without a reload', async () => {
  const { page } = tab
  const number = issue++
  const run = await dashboard.ask(number)
  await tab.go('/approvals')
  const card = page.locator('.card', { hasText: `acme/web#${number}` }).first()
  expect(await card.textContent()).toContain('On it.')
  const before = dashboard.api.writes.length
  await card.locator('button:has-text("Approve")').click()
  await page.waitForURL(/\/approvals\/apr_/)
  await page.waitForSelector('main :text("confirmed")')
  expect(dashboard.api.writes.slice(before).map(({ url, body }) => [url, body])).toEqual([
    [`/repos/acme/web/issues/${number}/comments`, '{"body":"On it."}'],
  ])
  await until('the run to end', async () => (await dashboard.ledger.run(run.id))?.state === 'completed')
  expect(tab.faults).toEqual([])
})

it('sends nothing of what was denied, and tells the agent why', async () => {
  const { page } = tab
  const number = issue++
  const run = await dashboard.ask(number)
  const before = dashboard.api.writes.length
  await tab.go('/approvals')
  const card = page.locator('.card', { hasText: `acme/web#${number}` }).first()
  await card.locator('input[aria-label="Why not"]').fill('Somebody has answered already.')
  await card.locator('button:has-text("Deny")').click()
  await page.waitForURL(/\/approvals\/apr_/)
  await until('the run to end', async () => (await dashboard.ledger.run(run.id))?.state === 'completed')
  await page.goto(`${dashboard.origin}/runs/${run.id}`)
  expect(await page.textContent('main')).toContain('Somebody has answered already.')
  expect(dashboard.api.writes).toHaveLength(before)
  expect(tab.faults).toEqual([])
})

it('replays a dead run after it was seen what that would do', async () => {
  const { page } = tab
  const dead = await dashboard.die(issue++)
  await tab.go(`/events/${dead.eventId}`)
  await page.click('button:has-text("See the plan")')
  await page.waitForSelector('h1:has-text("Replay for reader?")')
  expect(await dashboard.ledger.runsOf(dead.eventId)).toHaveLength(1)
  await page.click('button:has-text("Make the new run")')
  await page.waitForURL(/\/runs\/run_/)
  const runs = await dashboard.ledger.runsOf(dead.eventId)
  expect(runs.map(({ replay }) => replay)).toEqual([0, 1])
  expect(page.url()).toBe(`${dashboard.origin}/runs/${runs[1]?.id}`)
  await page.waitForSelector('main :text("dead")')
  expect(tab.faults).toEqual([])
})

it('finds one of a hundred thousand events, and pages through them', async () => {
  const { page } = tab
  await tab.go('/events')
  const began = performance.now()
  await page.fill('.filters input[name=q]', 'subject:acme/web#93077')
  await page.keyboard.press('Enter')
  await page.waitForURL(/q=subject/)
  await page.waitForSelector('main tbody tr')
  const tookMs = performance.now() - began
  expect(await page.textContent('main tbody')).toContain('acme/web#93077')
  expect(await shownIds()).toHaveLength(1)
  // One that lies further back than one request looks.
  await tab.go('/events?q=subject%3Aacme%2Fweb%2375075')
  await page.click('.more a:has-text("Look further")')
  await page.waitForSelector('main tbody :text("acme/web#75075")')
  await tab.go('/events')
  const first = await shownIds()
  await page.click('.more a:has-text("Older")')
  await until('the older ones', async () => (await shownIds()).length >= 100)
  const all = await shownIds()
  expect(new Set(all).size).toBe(all.length)
  expect(all.slice(0, first.length)).toEqual(first)
  expect([...all].sort().reverse()).toEqual(all)
  console.info(`one of ${history.toLocaleString('en')} events is found in ${Math.round(tookMs)} ms`)
  expect(tab.faults).toEqual([])
})

it('misses and doubles no row when the connection is lost and comes back', async () => {
  const { page } = tab
  await tab.go('/events')
  const known = new Set(await shownIds())
  const sent: string[] = []
  const send = async (count: number) => {
    for (let number = 0; number < count; number++) sent.push(await dashboard.deliver(issue++))
  }
  await send(3)
  await page.waitForSelector(`#${sent[2]}`)
  dashboard.cable.cut()
  await page.waitForSelector('#live.is-off')
  expect(await page.textContent('#live')).toContain('Not live')
  await send(5)
  expect((await shownIds()).filter((id) => sent.includes(id))).toHaveLength(3)
  dashboard.cable.mend()
  await page.waitForSelector('#live.is-on')
  await send(2)
  await page.waitForSelector(`#${sent.at(-1)}`)
  const shown = (await shownIds()).filter((id) => !known.has(id))
  expect(shown).toEqual([...sent].reverse())
  // What the network does is said by the browser itself.
  expect(tab.faults.filter((fault) => !/ERR_|network error/.test(fault))).toEqual([])
})

it('can be gone through and decided on with the keyboard alone', async () => {
  const { page } = tab
  const number = issue++
  const run = await dashboard.ask(number)
  const before = dashboard.api.writes.length
  await tab.go('/')
  await page.keyboard.press('Tab')
  expect(await focused()).toBe('Skip to content')
  await page.keyboard.press('Enter')
  expect(await page.evaluate('document.activeElement?.id')).toBe('main')
  await page.keyboard.press('g')
  await page.keyboard.press('e')
  await page.waitForURL(`${dashboard.origin}/events`)
  await page.keyboard.press('j')
  await page.keyboard.press('j')
  await page.keyboard.press('k')
  expect(await focused()).toBe('issues.opened')
  await page.keyboard.press('Enter')
  await page.waitForURL(`${dashboard.origin}/events/${run.eventId}`)
  await page.keyboard.press('g')
  await page.keyboard.press('a')
  await page.waitForURL(`${dashboard.origin}/approvals`)
  while (!(await isInCardOf(number))) {
    const was = await itemText()
    await page.keyboard.press('j')
    const is = await itemText()
    if (is === was) throw new Error('j leads no further')
  }
  await page.keyboard.press('a')
  expect(await focused()).toMatch(/^Approve/)
  expect(dashboard.api.writes).toHaveLength(before)
  await page.keyboard.press('Enter')
  await page.waitForURL(/\/approvals\/apr_/)
  await until('the comment', () => dashboard.api.writes.length === before + 1)
  expect(dashboard.api.writes.at(-1)?.url).toBe(`/repos/acme/web/issues/${number}/comments`)
  await isLive(page)
  expect(tab.faults).toEqual([])
})

const itemText = async () =>
  String(await tab.page.evaluate("document.activeElement?.closest('[data-item]')?.textContent"))
const isInCardOf = async (number: number) => (await itemText()).includes(`acme/web#${number}`)

it('decides nothing for a token that may read', async () => {
  const reader = await dashboard.open(browser, { role: 'read' })
  await dashboard.ask(issue++)
  await reader.go('/approvals')
  expect(await reader.page.locator('button:has-text("Approve")').count()).toBe(0)
  expect(await reader.page.textContent('main')).toContain('a token of the role read')
  expect(reader.faults).toEqual([])
  await reader.close()
})
