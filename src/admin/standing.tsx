import { answerPage } from './answers.js'
import { type Door, isPart } from './door.js'
import { type PageOptions, places } from './pages/page.js'
import { standstillOf } from './pages/parked-words.js'
import { exactly, type Route } from './routes.js'
import type { Standing } from './ui/layout.js'
import { type Counted, NavLinks, navPath } from './ui/nav.js'

export type StandingOptions = Pick<PageOptions, 'store' | 'clock' | 'unready'>

/** By ledger, what was counted when it last changed: with very many dead runs counting takes milliseconds. */
const lastCounted = new WeakMap<
  PageOptions['store'],
  { readonly version: number; readonly counted: Counted }
>()

/** What the frame of every page tells. */
export async function standingOf(options: StandingOptions): Promise<Standing> {
  return { counted: await countedOf(options), unready: options.unready() }
}

/** What the links of pages count is what the pages list: one reading of the ledger says both. */
async function countedOf({ store, clock }: Omit<StandingOptions, 'unready'>): Promise<Counted> {
  const version = await store.version()
  const last = lastCounted.get(store)
  const counted = last?.version === version ? last.counted : await count(store, clock.now())
  lastCounted.set(store, { version, counted })
  return counted
}

async function count(store: PageOptions['store'], now: number): Promise<Counted> {
  const stuck = await store.stuck(now)
  const { held, parked, dead, heldUp } = standstillOf(stuck)
  return {
    waiting: stuck.approvals.count,
    stuck: held + parked + dead + heldUp,
    isForPerson: held + parked + dead > 0,
    isAtLeast: stuck.isPartial,
  }
}

/** The links of the navigation as they count now, for a page that is open. Who asks for them alone is led to the pages. */
export function navRoute(door: Door, options: StandingOptions): Route {
  return {
    method: 'GET',
    path: exactly(navPath),
    answer: (ask) =>
      door.page(ask, 'read', async () => {
        const wanted = new URLSearchParams(ask.target.query).get('place')
        const place = places.find((one) => one === wanted)
        const headers = { vary: 'HX-Request' }
        if (place === undefined || !isPart(ask.incoming)) {
          return new Response(null, { status: 303, headers: { ...headers, location: '/' } })
        }
        const html = await (<NavLinks place={place} counted={await countedOf(options)} />)
        return answerPage(html.toString(), 200, headers)
      }),
  }
}
