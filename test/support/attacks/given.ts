import type { BenchOptions } from './bench.js'
import type { DeliveryOptions } from './delivery.js'
import type { AttackCase } from './format.js'
import type { Setting } from './setting.js'

/** What a case that no scenario is written for is played under. */
export interface Circumstances {
  readonly options: BenchOptions
  readonly delivery: DeliveryOptions
  /** What of it could not be set up. */
  readonly notes: readonly string[]
  /** Whether the daemon is configured as for every other case of the same options. */
  readonly isOrdinary: boolean
}

/** Reads the few things that can be read out of `given`. */
export function circumstancesOf({ given = '', expect, agent }: AttackCase): Circumstances {
  const isShadow = /\bsimulate/.test(expect) || /\bshadow\b|\bdry.?run\b/i.test(given)
  const isStrict = given.startsWith('with strict')
  const text = /\b(?:text|title|body|comment|name|description)s?(?: says)?:? ['"“‘]([^'"”’]+)['"”’]/.exec(
    given,
  )?.[1]
  const answer = answerIn(given)
  const ids = idsIn(given)
  const missing = [
    ...given.matchAll(
      /\b(?:without|lacks|no|missing|lacking)(?: the| an?| field)? (\w+)|\b(\w+) (?:is )?(?:missing|absent|left out)\b/gi,
    ),
  ].map(([, behind, before]) => behind ?? before ?? '')
  const change = ({ agents }: Setting) => {
    const own = agents[agent]
    if (own) own['mode'] = 'shadow'
  }
  const isRead =
    given === '' ||
    isStrict ||
    isShadow ||
    text !== undefined ||
    answer !== undefined ||
    ids !== undefined ||
    (missing.length > 0 && /\b(?:answers?|facts?)\b/.test(given))
  return {
    options: {
      // Limits are in force where a case is about them, and out of the way elsewhere.
      hasOwnLimits: /end:run|capped/.test(expect),
      isStrict,
      ...(answer && { answer }),
      ...(missing.length > 0 && { missing }),
      ...(isShadow && { change }),
    },
    delivery: { ...(text !== undefined && { text }), ...(ids !== undefined && { ids }) },
    notes: isRead ? [] : [`not set up: ${given}`],
    isOrdinary: !isShadow && missing.length === 0,
  }
}

/** `issue.number = '12/../13'`, `repo='acme/api?x=1'`: what the event says instead of the scope's own ids. */
function idsIn(given: string): DeliveryOptions['ids'] {
  const found = [...given.matchAll(/\b(\w+)(?:\.\w+)?\s*(?:=|:|\bis\b)\s*'([^']*)'/g)]
  const ids = found.filter(([, name]) => !/^(?:text|title|body|comment|name|description)$/.test(name ?? ''))
  return ids.length > 0
    ? Object.fromEntries(ids.map(([, name = '', value = '']) => [name, value]))
    : undefined
}

/** `fake: 302 Location http://…`, `fake: 500`, `fake: timeout`, `the API answers 404`. */
function answerIn(given: string): BenchOptions['answer'] {
  const found =
    /\b(?:fakes?|API|upstream|server)\b:? ?(?:answers?|returns?|says?|responds? with)?:? ?(\d{3})\b(?:.*?\bLocation:? (\S+))?/i.exec(
      given,
    )
  if (found) {
    const [, status, location] = found
    return () => ({ status: Number(status), ...(location !== undefined && { headers: { location } }) })
  }
  const isCut =
    /\b(?:fakes?|API|upstream|server|connection)\b:? ?(?:is |gets )?(?:times? ?out|timeout|reset|cut|hangs|never answers|closes|breaks)/i
  return isCut.test(given) ? ({ method }) => (method === 'GET' ? undefined : 'cut') : undefined
}
