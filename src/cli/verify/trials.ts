import type { Delivery } from '../../domain/delivery.js'
import { AppError } from '../../domain/errors.js'
import { withSecrets } from '../../sources/engine/secret.js'
import type { SourceContext, SourceKind, WebhookSource } from '../../sources/source.js'
import { bodyVariations, type Changed } from './bodies.js'
import type { Captured } from './captured.js'
import { headerVariations } from './headers.js'
import { otherSecrets, type Replace, secretVariations, theSecret } from './secrets.js'
import { urlVariations } from './urls.js'

/** What does not verify, and what it was to verify against. */
export interface Subject {
  readonly kind: SourceKind
  readonly options: unknown
  readonly context: SourceContext
  readonly captured: Captured
  readonly delivery: Delivery
  readonly now: number
  /** Headers that the kind looks for. */
  readonly needed: readonly string[]
  readonly others: Parameters<typeof otherSecrets>[0]
  nameOf(secretIndex: number): string
}

/** What is otherwise than in the request or the configuration. */
interface Trial {
  readonly says: readonly string[]
  readonly rawHeaders?: readonly string[]
  readonly body?: Buffer
  readonly url?: string
  readonly replace?: Replace
}

export interface Found {
  /** Changes under which it would verify, each in words. */
  readonly hits: readonly string[]
  readonly tried: number
}

const mostHits = 4
/** With larger bodies two changes at once take too long. */
const largestForPairs = 256 * 1024

/** Tries one change at a time and, where none helps, two. */
export function whatWouldVerify(subject: Subject): Found {
  const groups = groupsOf(subject)
  const hitsOf = seeker(subject)
  const singles = [...groups.flat(), ...asTrials(otherSecrets(subject.others), (replace) => ({ replace }))]
  const first = hitsOf(singles)
  if (first.length > 0 || subject.captured.body.length > largestForPairs)
    return { hits: first, tried: singles.length }
  const [headers = [], bodies = [], secrets = [], urls = []] = groups
  const pairs = [
    ...crossed(bodies, secrets),
    ...crossed(urls, bodies),
    ...crossed(urls, secrets),
    ...crossed(headers, bodies),
    ...crossed(headers, secrets),
  ]
  return { hits: hitsOf(pairs), tried: singles.length + pairs.length }
}

function groupsOf({ captured, needed, options, context }: Subject): Trial[][] {
  const { rawHeaders, body } = captured
  const length = Number(rawHeaders[rawHeaders.findIndex((text) => /^content-length$/i.test(text)) + 1])
  const announced = Number.isSafeInteger(length) ? length : undefined
  return [
    asTrials(headerVariations(rawHeaders, needed), (value) => ({ rawHeaders: value })),
    asTrials(bodyVariations(body, announced), (value) => ({ body: value })),
    asTrials(secretVariations(), (replace) => ({ replace })),
    asTrials(urlVariations(urlIn(options) ?? context.url, captured), (url) => ({ url })),
  ]
}

function asTrials<Value>(
  changes: readonly Changed<Value>[],
  make: (value: Value) => Omit<Trial, 'says'>,
): Trial[] {
  return changes.map(({ says, value }) => ({ says: [says], ...make(value) }))
}

function crossed(left: readonly Trial[], right: readonly Trial[]): Trial[] {
  return left.flatMap((one) => right.map((two) => ({ ...one, ...two, says: [...one.says, ...two.says] })))
}

function seeker(subject: Subject): (trials: readonly Trial[]) => string[] {
  const verifies = verifier(subject)
  return (trials) => {
    const hits = new Set<string>()
    for (const trial of trials) {
      if (hits.size >= mostHits) break
      const found = verifies(trial)
      if (!found) continue
      const says = trial.says.join('; and ')
      const { secretIndex } = found
      hits.add(secretIndex === undefined ? says : says.replace(theSecret, subject.nameOf(secretIndex)))
    }
    return [...hits]
  }
}

type Verifies = (trial: Trial) => { readonly secretIndex?: number } | undefined

/** Whether the sender would be believed, were it not for the time; with which secret. */
function verifier({ kind, options, context, delivery, now }: Subject): Verifies {
  const opened = new Map<string | undefined, Map<Replace | undefined, WebhookSource | undefined>>()
  const open = ({ url, replace }: Trial): WebhookSource | undefined => {
    const withUrl = opened.get(url) ?? new Map<Replace | undefined, WebhookSource | undefined>()
    opened.set(url, withUrl)
    if (!withUrl.has(replace)) {
      const changed = replace ? withSecrets(options, replace) : options
      withUrl.set(replace, kind.open?.(withOtherUrl(changed, url), { ...context, url: url ?? context.url }))
    }
    return withUrl.get(replace)
  }
  return (trial) => {
    const { rawHeaders = delivery.rawHeaders, body = delivery.body } = trial
    try {
      const verified = open(trial)?.verify({ ...delivery, rawHeaders, body }, now)
      return verified && { secretIndex: verified.secretIndex }
    } catch (error) {
      return error instanceof AppError && isTimeOnly(error) ? {} : undefined
    }
  }
}

/** The time is judged after the signature. */
export function isTimeOnly({ code }: AppError): boolean {
  return code === 'verification.stale_timestamp' || code === 'verification.future_timestamp'
}

function urlIn(options: unknown): string | undefined {
  const { url } = options as { url?: unknown }
  return typeof url === 'string' ? url : undefined
}

function withOtherUrl(options: unknown, url: string | undefined): unknown {
  return url === undefined || urlIn(options) === undefined ? options : { ...(options as object), url }
}
