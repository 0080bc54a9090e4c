import type { Bench } from '../bench.js'
import { effectsOf } from '../invariants.js'
import { judge, letThrough, onBench, type Stage, type Trial } from '../play.js'
import { verdictOf } from '../verdict.js'
import { refusedByWords } from './configs.js'
import { resolving } from './egress.js'
import { changedObject, changedPolicy, expired, otherRun, replayed } from './gates.js'
import { callsOf, grantOf, objectOf, unless } from './steps.js'

type Play = (stage: Stage) => Promise<Trial>

const address =
  /(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}|(?:[\da-f]{0,4}:){2,7}[\da-f]{0,4}(?:\d{1,3}(?:\.\d{1,3}){3})?)(?![\w:])/gi
const numbers: Readonly<Record<string, number>> = {
  ...{
    two: 2,
    twice: 2,
    three: 3,
    four: 4,
    five: 5,
    six: 6,
    seven: 7,
    eight: 8,
    nine: 9,
    ten: 10,
    twenty: 20,
  },
}
const numberWords = Object.keys(numbers).join('|')
const severalThings = new RegExp(
  `\\b(?:\\d+|many|${numberWords}) (?:\\w+ )?(?:events?|runs?|disputes?|orders?|tickets?|issues?|pulls?|deliveries)\\b`,
  'i',
)
const count = new RegExp(`\\b(\\d{1,3})(?: times| \\w+)|\\b(${numberWords})\\b`, 'i')

/** Circumstances that cases have in common, by the words that say them. The first that fits is played. */
const known: readonly (readonly [words: RegExp, play: Play])[] = [
  [/\bresolv|\bDNS\b|\bA records?\b|\brebind/i, byAddresses],
  [/\bapprov.*\b(?:of|from|for)\b.*\b(?:run [AB]|another|other) ?.*\b(?:used|run|call)\b/i, otherRun],
  [/\bapprov.*\b(?:twice|again|second time|replay(?:ed)?|reused)\b/i, replayed],
  [/\bapprov.*\b(?:expired?|ran out|too late|later|after \d+ ?(?:h|d|hours?|days?)\b)/i, expired],
  [
    /\b(?:policy|config\w*|rules?|grant)\b.*\b(?:edited|changed|tightened)\b.*\b(?:between|while|after|before)\b/i,
    changedPolicy,
  ],
  [
    /(?=.*\b(?:between|after (?:the )?approv|while (?:it )?wait))(?=.*\b(?:changed|refunded|closed|deleted|shipped|paid|somebody|human|person)\b)|\bfacts? (?:change|are stale)/i,
    changedObject,
  ],
  [
    /\b(?:same|one) (?:event|delivery|webhook|ticket|issue)\b.*\b(?:twice|again|times|redelivered)\b|\bredeliver/i,
    redelivered,
  ],
  [/\bkill -9|\bSIGKILL|\bcrash|\bprocess (?:dies|ends)|\brestart/i, killed],
  [/\b(?:two|both|second|another|other) agents?\b|\bagents \w+ and \w+/i, twoAgents],
  [severalThings, many],
]

/** What is said to happen around the case, where it is known how to do that. */
export function playOf({ given = '', model, expect }: Stage['attack']): Play | undefined {
  if (
    /\bconfig(?:uration)? error|\bload error|\berror at load|\b(?:refused|rejected) at (?:load|start)|\bdoes not load|\bdoes not start/i.test(
      expect,
    )
  ) {
    return refusedByWords
  }
  if (model.length === 0) return undefined
  if (model.some((item) => 'crash' in item)) return killed
  // A name says in short what is asked; only what is given says what happens.
  return given === '' ? undefined : known.find(([words]) => words.test(given))?.[1]
}

/** Each address that is named by itself, or the first one, then the second, where the words say that they follow. */
function byAddresses(stage: Stage): Promise<Trial> {
  const { given = '' } = stage.attack
  const found = given.match(address) ?? []
  const nowhere = '3ffe:ffff::1'
  if (/\bthen\b|\bsecond\b|\brebind/i.test(given)) {
    return resolving(stage, [[[nowhere], [found.at(-1) ?? '127.0.0.1']]])
  }
  if (/\bmixed|\bone public\b|\bboth\b/i.test(given))
    return resolving(stage, [[[nowhere, found[0] ?? '10.0.0.5']]])
  return resolving(
    stage,
    (found.length > 0 ? found : ['127.0.0.1']).map((one) => [[one]]),
  )
}

function countIn({ given = '' }: Stage['attack'], otherwise: number): number {
  const word = count.exec(given)
  return word ? (numbers[word[2]?.toLowerCase() ?? ''] ?? Number(word[1])) : otherwise
}

/** The bytes of one delivery, sent as often as it says, all of them at once. */
function redelivered(stage: Stage): Promise<Trial> {
  return onBench(stage, {}, async (bench) => {
    await bench.start()
    const times = Math.max(2, countIn(stage.attack, 3))
    await Promise.all(Array.from({ length: times }, () => bench.send()))
    await bench.rest()
    if (!/^(?:hold|deny)/.test(stage.attack.expect)) await letThrough(bench)
    const { events, runs } = bench.ledger
    return judge(bench, {
      faults: unless(
        [events.length === 1, `${events.length} events were made of one`],
        [runs.length <= 1, `${runs.length} runs were made of one event`],
      ),
    })
  })
}

/** The process dies when its write has reached the API and no answer has come; then it is started again. */
function killed(stage: Stage): Promise<Trial> {
  const isRead = ({ method }: { method: string }) => method === 'GET'
  let hasDied = false
  const answer = (request: { method: string }) => (isRead(request) || hasDied ? undefined : ('hang' as const))
  const change = (_: unknown, bench: Bench) => {
    for (const name of toolsOf(stage))
      if (isGranted(bench, name)) grantOf(bench, stage.attack.agent, name)['gate'] = 'auto'
  }
  return onBench(stage, { answer, change }, async (bench) => {
    await bench.start()
    await bench.send()
    const deadline = performance.now() + 5000
    while (bench.api.writes.length === 0 && performance.now() < deadline && bench.ledger.runs.some(isGoing)) {
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    await bench.end('SIGKILL')
    hasDied = true
    await bench.start()
    await bench.rest(1, 20_000)
    const { length } = effectsOf(bench)
    const isOnce = /one (?:effect|write)|\bonce\b/.test(stage.attack.expect)
    const faults = unless([length <= Math.max(1, toolsOf(stage).length), `it happened ${length} times`])
    // Held for a person, or done under the same key: either is once.
    return judge(bench, { ...(isOnce && { expect: 'allow or hold' }), faults })
  })
}

function isGoing({ state }: { state: string }): boolean {
  return state === 'queued' || state === 'running'
}

function toolsOf({ attack, world }: Stage): string[] {
  const named = attack.model.map(({ tool }) => String(tool ?? ''))
  return named.filter((name) => Object.hasOwn(world.tools, name) && world.tools[name]?.class !== 'read')
}

function isGranted({ setting }: Bench, name: string, agent?: string): boolean {
  return Object.entries(setting.agents).some(
    ([own, { tools }]) => (agent === undefined || own === agent) && tools.some((grant) => name in grant),
  )
}

/** A second agent with the tools of the case is woken by the same event; the later of two calls is what is judged. */
function twoAgents(stage: Stage): Promise<Trial> {
  const change = (_: unknown, bench: Bench) => {
    for (const name of toolsOf(stage))
      if (isGranted(bench, name)) grantOf(bench, stage.attack.agent, name)['gate'] = 'auto'
    const own = bench.setting.agents[stage.attack.agent]
    const isMeant = (grant: object) => toolsOf(stage).some((name) => name in grant)
    if (own) bench.setting.agents[`${stage.attack.agent}2`] = { ...own, tools: own.tools.filter(isMeant) }
  }
  return onBench(stage, { change }, async (bench) => {
    await bench.start()
    await bench.send()
    const { calls } = await bench.rest()
    const later = calls.filter((call) => verdictOf(call) !== 'allow')
    const isDenial = /^deny:/.test(stage.attack.expect)
    return judge(bench, {
      ...(isDenial && { calls: () => later, writes: () => Math.max(0, effectsOf(bench).length - 1) }),
    })
  })
}

/** One event after another, or all at once, each about another object; a person says yes to all; the last is what is judged. */
function many(stage: Stage): Promise<Trial> {
  const { given = '', expect } = stage.attack
  const isAtOnce = /\bat once\b|\bparallel|\brace|\bsame time\b/i.test(given)
  const change = (_: unknown, bench: Bench) => {
    for (const name of toolsOf(stage))
      if (isGranted(bench, name)) grantOf(bench, stage.attack.agent, name)['gate'] = 'auto'
  }
  return onBench(stage, { ...(!/^hold/.test(expect) && { change }) }, async (bench) => {
    await bench.start()
    const total = Math.min(50, Math.max(2, countIn(stage.attack, 3)))
    const sent: string[][] = []
    const send = async (number: number) => {
      sent[number - 1] = await bench.send(objectOf(bench, number))
    }
    if (isAtOnce) await Promise.all(Array.from({ length: total }, (_, at) => send(at + 1)))
    else {
      for (let number = 1; number <= total; number += 1) {
        await send(number)
        await bench.rest(number)
      }
    }
    await bench.rest(total, 30_000)
    const last = callsOf(sent.at(-1)?.[0])
    const isOfLast = !isAtOnce && /^deny:/.test(expect)
    const verdict = /^deny:\w+/.exec(expect)?.[0]
    return judge(bench, {
      ...(isOfLast && { calls: last, ...(verdict !== undefined && { expect: verdict }) }),
      // What was sent before is within the limits, which every case is looked through for.
      ...(isOfLast && {
        writes: () => last(bench.ledger).filter((call) => verdictOf(call) === 'allow').length,
      }),
    })
  })
}
