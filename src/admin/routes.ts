import type { Answer, Ask } from './door.js'

/** One thing that can be asked for. */
export interface Route {
  readonly method: 'GET' | 'POST'
  /** Of the whole path. Its groups are ids and names. */
  readonly path: RegExp
  readonly answer: (ask: Ask, captured: readonly string[]) => Answer
}

export interface Found {
  readonly route: Route
  readonly captured: readonly string[]
}

/** The one route of exactly this path and method; else 404, or 405 where the path is one of another method. */
export function findRoute(
  routes: readonly Route[],
  method: Route['method'],
  path: string,
): Found | 404 | 405 {
  let isOfAnother = false
  for (const route of routes) {
    const [whole, ...captured] = route.path.exec(path) ?? []
    if (whole !== path) continue
    if (route.method === method) return { route, captured }
    isOfAnother = true
  }
  return isOfAnother ? 405 : 404
}

/** A path that is always the same. */
export function exactly(path: string): RegExp {
  return new RegExp(`^${path.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`)
}
