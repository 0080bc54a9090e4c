import type { Expression } from '../util/cel.js'
import type { Path } from '../util/path.js'
import type { Pattern } from '../util/pattern.js'
import type { DeclaredLabel } from './label.js'

/** What a tool does to the world. */
export type Effect = 'read' | 'write' | 'destructive'

export type ArgSpec = { readonly description: string | undefined; readonly optional: boolean } & (
  | {
      readonly type: 'integer' | 'number'
      readonly min: number | undefined
      readonly max: number | undefined
    }
  | { readonly type: 'boolean' }
  | { readonly type: 'enum'; readonly values: readonly string[] }
  /** Free text, `maxLength` in UTF-16 units. */
  | {
      readonly type: 'text'
      readonly minLength: number
      readonly maxLength: number
      readonly rules: TextRules
    }
  /** A choice by pattern: the whole text must match. */
  | { readonly type: 'pattern'; readonly pattern: Pattern; readonly maxLength: number }
  /** A list of choices. */
  | { readonly type: 'list'; readonly values: readonly string[]; readonly maxItems: number }
)

/** What a free text may hold beyond plain words. */
export interface TextRules {
  /** Hosts that links may go to, beside the tool's own; `*.example.com` is any below it. */
  readonly links: readonly string[]
  readonly mentions: boolean
  /** Lines that begin with a slash command. */
  readonly commands: boolean
  /** `word:value` in a text that is searched for. */
  readonly qualifiers: boolean
}

/** A literal, or text with `${{ … }}` in it. A template that is one expression alone keeps its value's type. */
export type Template =
  | { readonly kind: 'literal'; readonly value: string | number | boolean | null }
  | { readonly kind: 'expression'; readonly expression: Expression }
  | { readonly kind: 'text'; readonly parts: readonly (string | Expression)[] }

/** A body: templates at the leaves. An entry whose expression gives null is left out. */
export type TemplateTree =
  | Template
  | { readonly kind: 'object'; readonly entries: readonly (readonly [string, TemplateTree])[] }
  | { readonly kind: 'list'; readonly items: readonly TemplateTree[] }

/** One declared API operation. Origin and method are literals; nothing the model says can change them. */
export interface Tool {
  readonly name: string
  readonly description: string
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** `https://api.github.com`. */
  readonly origin: string
  /** Literal text and the names of ids, in turn: `/repos/`, {repo}, `/issues/`, {issue}. Values are percent-encoded. */
  readonly path: readonly (string | { readonly id: string })[]
  readonly query: readonly (readonly [string, Template])[]
  readonly headers: readonly (readonly [string, Template])[]
  readonly body:
    | { readonly kind: 'none' }
    | { readonly kind: 'json'; readonly tree: TemplateTree }
    | { readonly kind: 'form'; readonly entries: readonly (readonly [string, Template])[] }
  readonly credential: string | undefined
  readonly effect: Effect
  readonly args: Readonly<Record<string, ArgSpec>>
  /** The names of ids that path, query, headers and body use. */
  readonly boundIds: readonly string[]
  readonly result: { readonly pick: readonly Path[] | undefined; readonly maxBytes: number }
  /** The scope grows by these ids, read from the answer. */
  readonly yields: Readonly<Record<string, { readonly path: Path; readonly pattern: Pattern }>>
  /** Ids of what a write made, read from its answer: an event that names them is an echo of it. */
  readonly creates: Readonly<Record<string, { readonly path: Path; readonly pattern: Pattern }>>
  /** What its answer is, where that is declared; see `policy/label.ts` for what it is otherwise. */
  readonly label: DeclaredLabel | undefined
  /** Who sees what it sends, where that is declared. */
  readonly audience: DeclaredLabel | undefined
  /** Fact name to the read tool that rouse itself calls just before a decision. */
  readonly facts: Readonly<Record<string, string>>
  readonly idempotency: { readonly header: string; readonly ttlMs: number } | undefined
  /** More statuses by which this API says that it did nothing. */
  readonly refusals: readonly number[]
  readonly onUnknown: 'retry' | 'probe' | 'hold'
  readonly probe: Probe | undefined
  /** From the first byte out to the last byte in. */
  readonly timeoutMs: number
  /** The most bytes of an answer that are read, after decompression. */
  readonly maxResponseBytes: number
  /** Hosts, with a port where it is not the usual one, to which a GET may be redirected once, without its credential. */
  readonly redirectHosts: readonly string[]
  /** Whether addresses that are not public may be connected to. */
  readonly isPrivate: boolean
}

/** How to find out whether a write of unknown outcome happened. */
export interface Probe {
  /** Name of the read tool that is asked. */
  readonly tool: string
  /** Over `answer marker args ids event`; undefined: whether the marker stands anywhere in the answer. */
  readonly found: Expression | undefined
  /** From a send to the first look, and from one look to the next. */
  readonly settleMs: number
}

/** A secret, and the only origins that it is ever sent to. */
export interface Credential {
  readonly name: string
  readonly origins: readonly string[]
  readonly auth:
    | { readonly kind: 'bearer'; readonly token: string }
    | { readonly kind: 'basic'; readonly user: string; readonly password: string }
    | { readonly kind: 'header'; readonly header: string; readonly value: string }
  readonly rate: { readonly count: number; readonly perMs: number } | undefined
}
