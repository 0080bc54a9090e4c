import { AppError, LimitError } from '../domain/errors.js'
import { secretsFor } from '../runs/secrets.js'
import type { ChangeMark } from '../store/reports.js'
import { answerPage, refuse } from './answers.js'
import type { Caller } from './callers.js'
import { type Ask, type Door, type DoorOptions, isPart } from './door.js'
import type { Html, Page, PageOptions, PageRequest, Shown } from './pages/page.js'
import type { Route } from './routes.js'
import { type StandingOptions, standingOf } from './standing.js'
import { Layout } from './ui/layout.js'
import { Text } from './ui/parts.js'

const maxFormBytes = 64 * 1024

type Options = PageOptions & Pick<DoorOptions, 'log' | 'readBody'>

/** The route of a page: who asks, its form, then what it shows, in the frame of all pages unless a part is asked for. */
export function pageRoute(page: Page, door: Door, options: Options): Route {
  const { method, path, role } = page
  return {
    method,
    path,
    answer: (ask, captured) =>
      door.page(ask, role, (caller) => answer(page, { ask, captured, caller }, options)),
  }
}

interface Asked {
  readonly ask: Ask
  readonly captured: readonly string[]
  readonly caller: Caller
}

async function answer(page: Page, { ask, captured, caller }: Asked, options: Options): Promise<Response> {
  const { incoming, target } = ask
  const form = page.method === 'POST' ? await formOf(ask, options) : new URLSearchParams()
  if (form instanceof Response) return form
  const query = new URLSearchParams(target.query)
  const request: PageRequest = { captured, query, form, caller, isPart: isPart(incoming) }
  // Before anything is read: what happens while the page is made and loaded is told to it once it listens.
  const seen = request.isPart ? undefined : (await options.store.changesSince(undefined, 1)).next
  const shown = await shownOf(page, request, options)
  if (page.method === 'POST') {
    options.log.info({ path: target.path, by: caller.name, as: shown.kind }, 'admin: a deed')
  }
  if (shown.kind === 'redirect') return new Response(null, { status: 303, headers: { location: shown.to } })
  const { redact } = secretsFor(options.config(), options.config())
  const html = redact(
    request.isPart ? await drawn(shown.html) : await framed(page, shown, caller, { ...options, seen }),
  )
  return answerPage(html, shown.status ?? 200, { vary: 'HX-Request' })
}

/** What the ledger says no to is a page too. */
async function shownOf(page: Page, request: PageRequest, options: PageOptions): Promise<Shown> {
  try {
    return await page.show(request, options)
  } catch (cause) {
    if (!(cause instanceof AppError)) throw cause
    const status = statuses[cause.code]
    if (status === undefined) throw cause
    return {
      kind: 'page',
      title: status === 404 ? 'Not found' : 'Not done',
      html: refusal(cause, status),
      status,
    }
  }
}

function refusal({ message }: AppError, status: number): Html {
  return (
    <section class="notice is-bad" role="alert">
      <h1>{status === 404 ? 'This is not in the ledger' : 'Nothing was changed'}</h1>
      <p>
        <Text of={message} />
      </p>
    </section>
  )
}

const statuses: Partial<Record<AppError['code'], 404 | 409 | 422>> = {
  'store.not_found': 404,
  'store.conflict': 409,
  'approval.expired': 409,
  'command.usage': 422,
}

async function formOf({ incoming }: Ask, { readBody }: Options): Promise<URLSearchParams | Response> {
  if (!/^application\/x-www-form-urlencoded(;|$)/i.test(incoming.headers['content-type'] ?? ''))
    return refuse(415)
  try {
    return new URLSearchParams(Buffer.from(await readBody(incoming, maxFormBytes)).toString('utf8'))
  } catch (cause) {
    if (cause instanceof LimitError) return refuse(413)
    throw cause
  }
}

/** The whole page. */
export async function framed(
  { place }: Page,
  shown: Exclude<Shown, { kind: 'redirect' }>,
  caller: Caller,
  options: StandingOptions & { readonly seen?: ChangeMark | undefined },
): Promise<string> {
  const title = shown.kind === 'page' ? shown.title : place
  const standing = await standingOf(options)
  const whole = (
    <Layout title={title} place={place} caller={caller} standing={standing} seen={options.seen}>
      {shown.html}
    </Layout>
  )
  return `<!doctype html>${await drawn(whole)}`
}

/** Text that comes of it is escaped already. */
async function drawn(html: Html): Promise<string> {
  return (await html).toString()
}
