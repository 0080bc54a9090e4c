import type { Child } from 'hono/jsx'
import type { Caller } from '../callers.js'
import type { Place } from '../pages/page.js'

/** What the navigation tells on every page. */
export interface Standing {
  readonly waiting: number
  /** Dead, held, and parked on something that is wrong. */
  readonly stuck: number
  readonly unready: string | undefined
}

const links: readonly (readonly [place: Place, href: string, name: string])[] = [
  ['now', '/', 'Now'],
  ['events', '/events', 'Events'],
  ['runs', '/runs', 'Runs'],
  ['approvals', '/approvals', 'Approvals'],
  ['agents', '/agents', 'Agents'],
  ['sources', '/sources', 'Sources'],
  ['parked', '/parked', 'Dead and parked'],
]

/** The frame of every page. Works without any script; with it, what stands in `main` keeps itself fresh. */
export function Layout({
  title,
  place,
  caller,
  standing,
  children,
}: {
  readonly title: string
  readonly place: Place
  readonly caller: Caller
  readonly standing: Standing
  readonly children?: Child
}) {
  return (
    <html lang="en">
      <Head title={title} />
      <body>
        <a class="skip" href="#main">
          Skip to content
        </a>
        <header class="side">
          <a class="brand" href="/" aria-label="rouse, now">
            <Mark />
            <span>rouse</span>
          </a>
          <nav aria-label="Pages">
            {links.map(([name, href, said]) => (
              <a href={href} {...(name === place ? { 'aria-current': 'page' as const } : {})}>
                {said}
                {name === 'approvals' && standing.waiting > 0 && (
                  <span class="count is-wait">{standing.waiting}</span>
                )}
                {name === 'parked' && standing.stuck > 0 && (
                  <span class="count is-bad">{standing.stuck}</span>
                )}
              </a>
            ))}
          </nav>
          <div class="foot">
            <span>{caller.role === 'approve' ? 'You may read and decide.' : 'You may read.'}</span>
            <form method="post" action="/logout">
              <button class="plain" type="submit">
                Log out
              </button>
            </form>
          </div>
        </header>
        <main id="main" tabindex={-1}>
          {standing.unready !== undefined && (
            <p class="notice is-bad" role="alert">
              Deliveries are answered 503 now: {standing.unready}. `rouse doctor` says what to do.
            </p>
          )}
          {children}
        </main>
      </body>
    </html>
  )
}

export function Head({ title }: { readonly title: string }) {
  return (
    <head>
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <meta name="htmx-config" content='{"includeIndicatorCSS":false}' />
      <title>{title} · rouse</title>
      <link rel="icon" href="/icon.svg" type="image/svg+xml" />
      <link rel="stylesheet" href="/style.css" />
      <script src="/app.js" defer />
    </head>
  )
}

/** A bell that rings by itself: two arcs and a dot. */
export function Mark() {
  return (
    <svg
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      stroke-width="2.2"
      stroke-linecap="round"
      aria-hidden="true"
    >
      <path d="M5 15a7 7 0 0 1 14 0" />
      <path d="M2.5 11.5A10.5 10.5 0 0 1 8 4.6" />
      <path d="M21.5 11.5A10.5 10.5 0 0 0 16 4.6" />
      <circle cx="12" cy="19" r="1.9" fill="currentColor" stroke="none" />
      <path d="M4 15h16" />
    </svg>
  )
}
