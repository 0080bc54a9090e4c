import type { Child } from 'hono/jsx'
import type { ChangeMark } from '../../store/reports.js'
import { appScript, icon, stylesheet } from '../assets.js'
import type { Caller } from '../callers.js'
import type { Place } from '../pages/page.js'
import { markText } from '../tail.js'
import { Mark } from './mark.js'
import { type Counted, Nav } from './nav.js'

/** What the frame tells on every page. */
export interface Standing {
  readonly counted: Counted
  /** Undefined while deliveries are taken; else why not. */
  readonly unready: string | undefined
}

/** The frame of every page. Works without any script; with it, `main` and the navigation keep themselves fresh. */
export function Layout({
  title,
  place,
  caller,
  standing,
  seen,
  children,
}: {
  readonly title: string
  readonly place: Place
  readonly caller: Caller
  readonly standing: Standing
  /** What the page knows of; it is told what comes after it. */
  readonly seen: ChangeMark | undefined
  readonly children?: Child
}) {
  return (
    <html lang="en">
      <Head title={title} />
      <body {...freshAfter(seen)}>
        <a class="skip" href="#main">
          Skip to content
        </a>
        <header class="side">
          <a class="brand" href="/" aria-label="rouse, now">
            <Mark />
            <span>rouse</span>
          </a>
          <Nav place={place} counted={standing.counted} />
          <div class="foot">
            <span class="live" id="live" role="status" hidden />
            <span class="role">
              {caller.role === 'approve' ? 'You may read and decide.' : 'You may read.'}
            </span>
            <form method="post" action="/logout">
              <button class="plain" type="submit" title="Log out" aria-label="Log out">
                <Door />
                <span>Log out</span>
              </button>
            </form>
          </div>
        </header>
        <main id="main" tabindex={-1}>
          {standing.unready !== undefined && (
            <p class="notice is-bad" role="alert">
              <span>
                Deliveries are answered 503 now: {standing.unready}. <code class="command">rouse doctor</code>{' '}
                says what to do.
              </span>
            </p>
          )}
          {children}
        </main>
        <Keys />
      </body>
    </html>
  )
}

/** A door and the way out of it: there is no room for words in a narrow bar. */
function Door() {
  return (
    <svg
      xmlns="http://www.w3.org/2000/svg"
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      stroke-width="2"
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
    >
      <path d="M14 4H6v16h8" />
      <path d="M10 12h11m-4-4 4 4-4 4" />
    </svg>
  )
}

/** The stream that says when something happened; each `Live` listens to it. What it sends is never put into the page. */
function freshAfter(seen: ChangeMark | undefined) {
  const after = seen === undefined ? '' : `&after=${markText(seen)}`
  return { 'hx-sse:connect': `/api/tail?hints=true${after}`, 'hx-swap': 'none' }
}

const keys: readonly (readonly [key: string, does: string])[] = [
  ['j', 'next in the list'],
  ['k', 'the one before'],
  ['Enter', 'open it'],
  ['/', 'to the filters'],
  ['a', 'to the button that approves'],
  ['d', 'to the button that denies'],
  ['e', 'to changing the call first'],
  ['g n', 'Now'],
  ['g e', 'Events'],
  ['g r', 'Runs'],
  ['g a', 'Approvals'],
  ['g w', 'Agents'],
  ['g s', 'Sources'],
  ['g p', 'Dead and parked'],
  ['?', 'this list'],
]

/** Opened by its key. */
function Keys() {
  return (
    <dialog id="keys" class="card" aria-label="Keys">
      <h2>Keys</h2>
      <dl class="facts">
        {keys.map(([key, does]) => (
          <>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{does}</dd>
          </>
        ))}
      </dl>
      <form method="dialog">
        <button type="submit">Close</button>
      </form>
    </dialog>
  )
}

/** What is no part of a page (a fault, a refusal) is never put into one: what was there stays. */
const htmxConfig = JSON.stringify({
  includeIndicatorCSS: false,
  morphIgnore: ['data-htmx-powered', 'open'],
  noSwap: [204, 304, 400, 401, 403, 405, 413, 415, 421, 429, '5xx'],
})

export function Head({ title }: { readonly title: string }) {
  return (
    <head>
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <meta name="htmx-config" content={htmxConfig} />
      <title>{title} · rouse</title>
      <link rel="icon" href={icon.path} type="image/svg+xml" />
      <link rel="stylesheet" href={stylesheet.path} />
      <script src={appScript.path} defer />
    </head>
  )
}
