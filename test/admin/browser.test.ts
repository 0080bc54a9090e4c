import chromium from '@sparticuz/chromium'
import { html } from 'hono/html'
import { type Browser, chromium as program, type Page as Tab } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Page } from '../../src/admin/pages/page.js'
import { addToken, loginLink } from '../../src/admin/tokens.js'
import { Live } from '../../src/admin/ui/live.js'
import { newId } from '../../src/util/id.js'
import { sha256 } from '../../src/util/signature.js'
import { now } from '../cli/recorded.js'
import { until } from '../support/wait.js'
import { type AdminSetting, startSetting } from './setting.js'

let browser: Browser
let setting: AdminSetting
let tab: Tab
/** What the browser complained of. */
let faults: string[]
let isDown = false
let isBroken = false

/** A list that keeps itself fresh, with a field that somebody types into. */
const list: Page = {
  method: 'GET',
  path: /^\/$/,
  role: 'read',
  place: 'now',
  async show({ query }, { store }) {
    if (isBroken) throw new Error('it is broken')
    const events = await store.listEvents({ limit: 50 })
    const rows = events.map(({ id }) => html`<tr id="${id}"><td><a href="/events/${id}">${id}</a></td></tr>`)
    const inner = html`<p id="count">${events.length} events</p><input id="field" /><table><tbody>${rows}</tbody></table>
      <button data-key="a">approve</button>`
    if (query.get('part') === 'list') return { kind: 'part', html: inner }
    return {
      kind: 'page',
      title: 'List',
      html: Live({ part: '/?part=list', on: ['event'], children: inner }),
    }
  },
}

beforeAll(async () => {
  const executablePath = await chromium.executablePath()
  browser = await program.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'], headless: true })
})

afterAll(() => browser.close())

beforeEach(async () => {
  isDown = false
  isBroken = false
  faults = []
  setting = await startSetting({ pages: [list] })
  tab = await (await browser.newContext()).newPage()
  tab.on('console', (message) => {
    if (message.type() !== 'log') faults.push(message.text())
  })
  tab.on('pageerror', (error) => faults.push(error.message))
  await tab.goto(loginLink(setting.admin.url, setting.approveToken))
  await tab.waitForURL(`${setting.admin.url}/`)
  await tab.waitForSelector('#live.is-on')
})

afterEach(async () => {
  await tab.context().close()
  if (!isDown) await setting.stop()
})

async function record(): Promise<string> {
  const body = Buffer.from(JSON.stringify(newId('evt')))
  const { events } = await setting.ledger.store.record({
    deliveryId: newId('dlv'),
    source: 'payments',
    receivedAt: now,
    url: '/hooks/payments',
    headers: [],
    body,
    bodyDigest: sha256(body),
    secretIndex: 0,
    events: [{ sourceEventId: newId('evt'), type: 'a', time: now, ids: {} }],
  })
  return events[0]?.id ?? ''
}

it('a page keeps itself fresh, leaves what is typed, and breaks none of its own rules', async () => {
  await tab.fill('#field', 'half a word')
  const first = await record()
  await tab.waitForSelector(`#${first}`)
  const second = await record()
  await tab.waitForSelector(`#${second}`)
  expect(await tab.inputValue('#field')).toBe('half a word')
  expect(await tab.evaluate('document.activeElement?.id')).toBe('field')
  expect(faults).toEqual([])
})

describe('the numbers of the navigation', () => {
  const waiting = 'nav a[href="/approvals"] .count'
  const decide = () =>
    setting.ledger.store.decide(
      setting.ledger.approvalId,
      { state: 'denied', by: 'somebody', reason: 'no', digest: setting.ledger.approvalDigest },
      now,
    )

  it('change without a reload, leave the focus where it is, and are read out to nobody', async () => {
    expect(await tab.textContent(waiting)).toBe('1')
    await tab.focus('nav a[href="/approvals"]')
    await tab.evaluate('document.activeElement.isSame = true')
    await decide()
    await tab.waitForSelector(waiting, { state: 'detached' })
    expect(await tab.evaluate('document.activeElement.isSame')).toBe(true)
    expect(await tab.getAttribute('nav a[href="/"]', 'aria-current')).toBe('page')
    expect(await tab.$$eval('nav a', (links) => links.length)).toBe(7)
    const spoken = ':is([aria-live], [role=status], [role=alert])'
    expect(await tab.locator(`${spoken} nav, nav${spoken}, nav ${spoken}`).count()).toBe(0)
    expect(faults).toEqual([])
  })

  it('are asked for once a second at most, whatever happens', async () => {
    const times: number[] = []
    tab.on('request', (request) => {
      if (new URL(request.url()).pathname === '/nav') times.push(Date.now())
    })
    await tab.evaluate(`(async () => {
      for (let round = 0; round < 60; round++) {
        for (const name of ['run', 'call', 'approval']) htmx.trigger(document.body, name)
        await new Promise((done) => setTimeout(done, 50))
      }
    })()`)
    await until('the last of them', () => times.length >= 4)
    const gaps = times.slice(1).map((time, at) => time - (times[at] ?? 0))
    expect(Math.min(...gaps)).toBeGreaterThan(900)
  })
})

it('leaves what was there where the daemon has a fault', async () => {
  const before = await tab.textContent('#count')
  isBroken = true
  await record()
  await until('the answer', () => faults.some((fault) => fault.includes('500')))
  expect(await tab.textContent('#count')).toBe(before)
})

it('says when it is not fresh', async () => {
  const { host } = setting
  await setting.admin.close(0)
  await tab.waitForSelector('#live.is-off')
  isDown = true
  await setting.stop()
  expect(new URL(tab.url()).host).toBe(host)
})

it('asks for a token again when its own is revoked', async () => {
  await addToken(setting.file, { role: 'approve', rotate: true, now })
  await record()
  await tab.waitForSelector('input[name=token]')
})

it('is led by keys, which decide nothing', async () => {
  await tab.waitForSelector(`#${await record()}`)
  const focused = () => tab.evaluate('document.activeElement?.textContent')
  const rows = await tab.$$eval('tbody tr', (all) => all.map((row) => row.textContent))
  await tab.keyboard.press('j')
  expect(await focused()).toBe(rows[0])
  await tab.keyboard.press('j')
  expect(await focused()).toBe(rows[1])
  await tab.keyboard.press('k')
  expect(await focused()).toBe(rows[0])
  await tab.keyboard.press('a')
  expect(await focused()).toBe('approve')
  await tab.keyboard.press('?')
  expect(await tab.isVisible('#keys')).toBe(true)
  await tab.keyboard.press('Escape')
  expect(await tab.isVisible('#keys')).toBe(false)
  await tab.focus('#field')
  await tab.keyboard.type('gr?a')
  expect(await tab.inputValue('#field')).toBe('gr?a')
  await tab.evaluate('document.activeElement.blur()')
  await tab.keyboard.press('g')
  await tab.keyboard.press('r')
  await until('the page of runs', () => tab.url() === `${setting.admin.url}/runs`)
})
