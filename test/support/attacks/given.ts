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
  const change = ({ agents }: Setting) => {
    const own = agents[agent]
    if (own) own['mode'] = 'shadow'
  }
  const isRead = given === '' || isStrict || isShadow || text !== undefined || answer !== undefined
  return {
    options: {
      // Limits are in force where a case is about them, and out of the way elsewhere.
      hasOwnLimits: /end:run|capped/.test(expect),
      isStrict,
      ...(answer && { answer }),
      ...(isShadow && { change }),
    },
    delivery: text === undefined ? {} : { text },
    notes: isRead ? [] : [`not set up: ${given}`],
    isOrdinary: !isShadow,
  }
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
