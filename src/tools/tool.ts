import type { ToolError } from '../domain/errors.js'
import type { Ids } from '../domain/event.js'
import type { Credential, Tool } from '../domain/tool.js'
import type { FrozenRequest } from '../domain/tool-call.js'
import type { JsonObject, JsonValue } from '../util/json.js'

/** How a kind of tool makes and sends requests. */
export interface ToolClient {
  /**
   * The exact request, pure: the same bindings give the same bytes. Throws PolicyError `policy.scope` when an
   * id is missing, `policy.schema` when a template has no value. The credential is not in it.
   */
  freeze(tool: Tool, bindings: Bindings): FrozenRequest
  /**
   * Sends it once, with the credential and, where the tool has a header for it, the idempotency key. Rejects only
   * for a fault of ours, and as `beforeSend` does; then nothing was sent.
   */
  send(tool: Tool, request: FrozenRequest, options: SendOptions): Promise<ToolAnswer>
  close(): Promise<void>
}

export interface Bindings {
  readonly ids: Ids
  readonly args: JsonObject
  readonly facts: JsonObject
  /** The event as CEL sees it: `id source type subject time data`. */
  readonly event: JsonObject
  /** Of a write: a text that only this write carries, for its templates. */
  readonly marker: string | undefined
}

export interface SendOptions {
  readonly credential: Credential | undefined
  readonly idempotencyKey: string | undefined
  readonly signal: AbortSignal
  /** The span that the request belongs to. Goes out with it and is no part of what was frozen. */
  readonly traceparent?: string | undefined
  /**
   * Awaited when the request's turn has come in the queue of its credential or origin, just before the first byte.
   * It is not called where the signal aborts before that.
   */
  readonly beforeSend?: () => Promise<void>
}

export type ToolAnswer =
  /** A whole answer came back. */
  | {
      readonly kind: 'answered'
      readonly status: number
      /** The whole answer, for `yields` and facts; undefined when it is not JSON. */
      readonly body: JsonValue | undefined
      /** What the model may see of it: picked and cut to size. */
      readonly result: JsonValue
      readonly retryAfterMs: number | undefined
      /** Whether the answer says itself that it is one page of several. */
      readonly hasMore: boolean
      readonly redirect?: Redirect
    }
  /** Certain that no byte of the request reached the API. */
  | { readonly kind: 'not_sent'; readonly error: ToolError }
  /** Sent, in part or whole, and no whole answer came back. */
  | { readonly kind: 'no_answer'; readonly error: ToolError }

/** What an API sent a read on to. */
export interface Redirect {
  /** Of the API's own answer. */
  readonly status: number
  /** With a port where it is not the usual one. Of the URL no more: a query may let in whoever has it. */
  readonly host: string
  /** Otherwise it would have been, if the tool listed the host. */
  readonly isFollowed: boolean
}
