import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { hiddenIn } from '../admin/pages/hostile.js'
import { startBrowser } from './chromium.js'
import { type Dashboard, type Looks, startDashboard, type Tab } from './dashboard.js'
import { type Stories, tellStrangers } from './strangers.js'

/** For all pages one after the other, on a machine that does other things too. */
const patienceMs = 90_000
let browser: Browser
let dashboard: Dashboard
let stories: Stories

beforeAll(async () => {
  browser = await startBrowser()
  dashboard = await startDashboard()
  stories = await tellStrangers(dashboard)
})
afterAll(async () => {
  await browser?.close()
  await dashboard?.stop()
})

/** Goes through all pages; what `look` says of each stands beside its path. */
async function onEach(looks: Looks, look: (tab: Tab, path: string) => Promise<unknown[]>): Promise<string[]> {
  const tab = await dashboard.open(browser, looks)
  const found: string[] = []
  for (const path of stories.paths) {
    await tab.go(path)
    for (const fault of await look(tab, path)) found.push(`${path.slice(0, 60)}: ${String(fault)}`)
  }
  // A page that is not there is one of them.
  found.push(...tab.faults.filter((fault) => !fault.includes('status of 404')))
  await tab.close()
  return found
}

/** What only markup of a stranger could have made. */
const foreign = [
  '#evil',
  'main img, main iframe, main object, main embed, main style, main script, main link, main meta',
  'script:not([src^="/assets/"])',
  '[onerror], [onload], [onmouseover], [style]',
  '[src^="http"], [action^="http"], [action^="//"], [formaction]',
  'a[href]:not([href^="/"]):not([href^="#"]):not([rel~="noreferrer"])',
].join(', ')

it(
  'what strangers wrote is text on every page, and leads nowhere',
  async () => {
    const faults = await onEach({}, async ({ page }, path) => {
      const made = await page.$$eval(foreign, (all) => all.map((element) => element.outerHTML.slice(0, 200)))
      const text = (await page.textContent('body')) ?? ''
      const unseen = hiddenIn(text).map((found) => `the character ${JSON.stringify(found)}`)
      const isTold = !stories.told.includes(path) || text.includes('<b id="evil">bold</b>')
      return [...made, ...unseen, ...(isTold ? [] : ['does not tell what was written'])]
    })
    expect(faults).toEqual([])
  },
  patienceMs,
)

/** What of the frame and of forms is out of reach or out of line. */
const misplaced = `(() => {
  const faults = []
  const rect = (selector) => document.querySelector(selector)?.getBoundingClientRect()
  const [out, nav, here] = [rect('form[action="/logout"] button'), rect('.side nav'), rect('.side nav [aria-current]')]
  if (!out || out.width < 20 || out.right > innerWidth) faults.push('nobody can log out')
  if (here && (here.left < nav.left - 1 || here.right > nav.right + 1)) faults.push('does not show where it is')
  for (const form of document.querySelectorAll('.filters')) {
    const fields = [...form.querySelectorAll('input:not([type=hidden]), select, button, .button')]
    const heights = new Set(fields.map((field) => field.getBoundingClientRect().height))
    if (heights.size > 1) faults.push('has fields ' + [...heights].join(' and ') + ' pixels high in one row')
  }
  return faults
})()`

it(
  'every page fits 390 pixels, with the way out and with fields in line',
  async () => {
    const faults = await onEach({ width: 390 }, async ({ page }) => {
      await page.evaluate(
        "document.querySelectorAll('details:not([hx-get])').forEach((one) => (one.open = true))",
      )
      const wide = Number(await page.evaluate('document.documentElement.scrollWidth'))
      const others = (await page.evaluate(misplaced)) as string[]
      return wide > 390 ? [`is ${wide} pixels wide`, ...others] : others
    })
    expect(faults).toEqual([])
  },
  patienceMs,
)

interface Found {
  readonly violations: readonly { id: string; impact: string; nodes: readonly { html: string }[] }[]
}
const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

it(
  'no page has a serious fault for who cannot see, or sees little, in light or dark',
  async () => {
    const faults = await onEach({}, async ({ page }) => {
      await page.evaluate(axeSource)
      const check = async (rules: readonly string[]) => {
        const options = {
          resultTypes: ['violations'],
          iframes: false,
          selectors: false,
          ...(rules.length === 0 ? {} : { runOnly: rules }),
        }
        const found = (await page.evaluate(`axe.run(document, ${JSON.stringify(options)})`)) as Found
        return found.violations
          .filter(({ impact }) => impact === 'serious' || impact === 'critical')
          .map(({ id, nodes }) => `${id}: ${nodes[0]?.html.slice(0, 200)}`)
      }
      const light = await check([])
      await page.emulateMedia({ colorScheme: 'dark' })
      const dark = await check(['color-contrast'])
      await page.emulateMedia({ colorScheme: 'light' })
      return [...light, ...dark.map((fault) => `dark: ${fault}`)]
    })
    expect(faults).toEqual([])
  },
  patienceMs,
)

it('is dark for who has it dark', async () => {
  const tab = await dashboard.open(browser, { isDark: true })
  const style = (await tab.page.evaluate(
    '(({ backgroundColor, color }) => [backgroundColor, color])(getComputedStyle(document.body))',
  )) as string[]
  const [ground, ink] = style.map((text) => (text.match(/\d+/g) ?? []).slice(0, 3).map(Number))
  expect(Math.max(...(ground ?? []))).toBeLessThan(40)
  expect(Math.min(...(ink ?? []))).toBeGreaterThan(200)
  await tab.close()
})
