import chromium from '@sparticuz/chromium'
import { type Browser, chromium as program } from 'playwright-core'

/** A real browser, without a window. Rejects, and so fails the tests, on a machine where it cannot be started. */
export async function startBrowser(): Promise<Browser> {
  try {
    return await program.launch({
      executablePath: await chromium.executablePath(),
      args: ['--no-sandbox', '--disable-gpu', '--font-render-hinting=none', '--disable-lcd-text'],
      headless: true,
    })
  } catch (cause) {
    throw new Error(
      'The browser that the dashboard is tested in cannot be started on this machine. It is the one of @sparticuz/chromium (Linux, x64); nothing of the dashboard was tested.',
      { cause },
    )
  }
}
