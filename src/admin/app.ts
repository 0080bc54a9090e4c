import type { HttpBindings } from '@hono/node-server'
import { type Context, Hono } from 'hono'
import { toAppError } from '../domain/errors.js'
import { answerJson, answerPage, compressed, refuse } from './answers.js'
import { type ApiOptions, apiRoutes } from './api/routes.js'
import { answerAsset, assets } from './assets.js'
import { Door } from './door.js'
import { guard, isRead } from './guard.js'
import { logOut } from './login.js'
import { loginPage } from './login-page.js'
import { pageRoute } from './page-route.js'
import type { Page } from './pages/page.js'
import { pages } from './pages/registry.js'
import { exactly, findRoute, type Route } from './routes.js'
import { navRoute } from './standing.js'

export interface AdminAppOptions extends ApiOptions {
  /** Everything that is counted, as Prometheus reads it. */
  readonly metrics?: () => Promise<string>
  /** Our own, as browsers write them. Asked at each request: the port is known only once we listen. */
  readonly origins: () => ReadonlySet<string>
  /** Default: those of the registry. */
  readonly pages?: readonly Page[]
}

/**
 * The admin listener, on a port of its own: `guard`, then the one route of exactly this path, then who asks. GET and
 * HEAD change nothing. Nothing of a request is logged but what was decided and by whom.
 */
export function createAdminApp(options: AdminAppOptions): Hono<{ Bindings: HttpBindings }> {
  const routes = routesOf(options, new Door(options))
  const app = new Hono<{ Bindings: HttpBindings }>()
  app.all('*', async ({ env: { incoming } }: Context<{ Bindings: HttpBindings }>) => {
    const response = await answer(incoming, routes, options)
    // What is left of a body that was not read is not waited for.
    if (!isRead(incoming.method ?? '') && response.status >= 400) response.headers.set('connection', 'close')
    return compressed(response, incoming)
  })
  app.onError((cause) => {
    const { code, message } = toAppError(cause)
    options.log.error({ code }, `admin: not answered: ${message}`)
    return refuse(500, { connection: 'close' })
  })
  return app
}

function answer(
  incoming: HttpBindings['incoming'],
  routes: readonly Route[],
  options: AdminAppOptions,
): Promise<Response> | Response {
  const target = guard(incoming, options.origins())
  if (target === 405) return refuse(405, { allow: 'GET, POST' })
  if (typeof target === 'number') return refuse(target)
  const method = isRead(incoming.method ?? '') ? 'GET' : 'POST'
  const found = findRoute(routes, method, target.path)
  if (found === 404) return refuse(404)
  if (found === 405) return refuse(405, { allow: method === 'GET' ? 'POST' : 'GET' })
  return found.route.answer({ incoming, target }, found.captured)
}

/** All that can be asked for. */
function routesOf(options: AdminAppOptions, door: Door): readonly Route[] {
  return [
    ...assets.map((asset) => get(asset.path, ({ incoming }) => answerAsset(asset, incoming))),
    get('/healthz', () => answerJson({ status: 'ok' })),
    get('/readyz', () => answerReadiness(options)),
    get('/login', async () => answerPage(await loginPage())),
    { method: 'POST', path: exactly('/login'), answer: (ask) => door.logIn(ask) },
    {
      method: 'POST',
      path: exactly('/logout'),
      answer: ({ incoming, target }) => logOut(incoming, target, options.keeper),
    },
    navRoute(door, options),
    ...(options.pages ?? pages).map((page) => pageRoute(page, door, options)),
    ...apiRoutes(door, options),
    get('/metrics', (ask) => door.api(ask, 'read', () => answerMetrics(options))),
  ]
}

function get(path: string, answer: Route['answer']): Route {
  return { method: 'GET', path: exactly(path), answer }
}

async function answerMetrics({ metrics }: AdminAppOptions): Promise<Response> {
  const headers = { 'content-type': 'text/plain; version=0.0.4; charset=utf-8', 'cache-control': 'no-store' }
  return metrics === undefined ? refuse(404) : new Response(await metrics(), { headers })
}

function answerReadiness({ unready }: AdminAppOptions): Response {
  if (unready() === undefined) return answerJson({ status: 'ready' })
  return refuse(503, { 'retry-after': '5' })
}
