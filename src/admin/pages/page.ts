import type { HtmlEscapedString } from 'hono/utils/html'
import type { Config } from '../../config/config.js'
import type { SourceKind, WebhookSource } from '../../sources/source.js'
import type { Store } from '../../store/store.js'
import type { Clock } from '../../util/clock.js'
import type { Caller } from '../callers.js'

/** What pages read from. */
export interface PageOptions {
  readonly store: Store
  readonly clock: Clock
  /** The configuration in force. */
  readonly config: () => Config
  /** The one with this digest, that a run began with. Rejects where it no longer loads. */
  readonly configBy?: (digest: string) => Promise<Config>
  /** Its sources that receive deliveries. */
  readonly sources: () => ReadonlyMap<string, WebhookSource>
  /** What their kinds are called, and where their senders say how they sign. */
  readonly kinds?: readonly Pick<SourceKind, 'kind' | 'title' | 'link'>[]
  /** Undefined while deliveries are taken; else why not. */
  readonly unready: () => string | undefined
  /** A run may go on, or there is a new one. */
  readonly onDecided: () => void
}

export interface PageRequest {
  /** What the path's pattern captured, in order. */
  readonly captured: readonly string[]
  readonly query: URLSearchParams
  /** Fields of the form, of a POST. */
  readonly form: URLSearchParams
  readonly caller: Caller
  /** Asked for by a page of ours, to put it into itself: the part alone, without the frame. */
  readonly isPart: boolean
}

/** What is shown, or where to go next: a POST that did something leads to the page that shows it. */
export type Shown =
  | { readonly kind: 'page'; readonly title: string; readonly html: Html; readonly status?: 404 | 409 | 422 }
  | { readonly kind: 'part'; readonly html: Html; readonly status?: 404 | 409 | 422 }
  | { readonly kind: 'redirect'; readonly to: string }

/** What JSX makes: text in it is escaped. A plain string is none. */
export type Html = HtmlEscapedString | Promise<HtmlEscapedString>

export interface Page {
  readonly method: 'GET' | 'POST'
  /** Of the whole path. Its groups are ids and names, never free text. */
  readonly path: RegExp
  /** Who may: a POST takes `approve`. */
  readonly role: Caller['role']
  /** Which entry of the navigation it belongs to. */
  readonly place: Place
  show(request: PageRequest, options: PageOptions): Promise<Shown>
}

export const places = ['now', 'events', 'runs', 'approvals', 'agents', 'sources', 'parked'] as const
export type Place = (typeof places)[number]
