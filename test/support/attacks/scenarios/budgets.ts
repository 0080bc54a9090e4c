import type { Bench } from '../bench.js'
import { effectsOf } from '../invariants.js'
import { judge, onBench, type Stage, type Trial } from '../play.js'
import { verdictOf } from '../verdict.js'
import type { Scenarios } from './scenario.js'
import { callsOf, control, grantOf, unless, writesTo } from './steps.js'

const tool = 'refund_charge'
const dayMs = 86_400_000

/** What may be spent, over events, agents, restarts and clocks. */
export const budgetScenarios: Scenarios = {
  A037: dailySum,
  A038: racedSum,
  A039: sumAcrossClocks,
  A040: sharedEntity,
  A097: flood,
}

function charge(number: number) {
  return { ids: { charge: `ch_V${number}` }, number }
}

function unasked(bench: Pick<Bench, 'setting'>, agent = 'refunds'): void {
  grantOf(bench as Bench, agent, tool)['gate'] = 'auto'
}

/** Four disputes use the day up with a person's consent; the fifth is not even asked for. */
function dailySum(stage: Stage): Promise<Trial> {
  return onBench(stage, {}, async (bench) => {
    await bench.start()
    for (const number of [1, 2, 3, 4]) await bench.send(charge(number))
    await bench.rest(4)
    await bench.approveAll()
    await bench.rest(4)
    const sent = effectsOf(bench).length
    const [fifth] = await bench.send(charge(5))
    await bench.rest(5)
    return judge(bench, {
      expect: 'deny:budget',
      calls: callsOf(fifth),
      writes: () => writesTo(bench, `/${tool}/ch_V5`).length,
      faults: unless([sent === 4, `expected four refunds before, found ${sent}`]),
    })
  })
}

function racedSum(stage: Stage): Promise<Trial> {
  return onBench(stage, { change: (_, bench) => unasked(bench) }, async (bench) => {
    await bench.start()
    await Promise.all(Array.from({ length: 20 }, (_, index) => bench.send(charge(index + 1))))
    const ledger = await bench.rest(20)
    const total = effectsOf(bench).reduce((sum, { body }) => sum + Number(JSON.parse(body).amount), 0)
    const denied = ledger.calls.filter((call) => verdictOf(call) === 'deny:budget').length
    return judge(bench, {
      faults: unless(
        [total === 20_000, `the fakes were asked for ${total}, and 20000 are the limit`],
        [denied === 16, `expected 16 calls to be denied, found ${denied}`],
      ),
    })
  })
}

/** The day is that of the rows: neither a killed process nor a clock that went ahead and back gives it again. */
function sumAcrossClocks(stage: Stage): Promise<Trial> {
  return onBench(stage, { change: (_, bench) => unasked(bench) }, async (bench) => {
    await bench.start()
    for (const number of [1, 2, 3, 4]) await bench.send(charge(number))
    await bench.rest(4)
    const sent = effectsOf(bench).length
    await bench.end('SIGKILL')
    await control(bench, { shiftMs: dayMs })
    await bench.start()
    await control(bench, { shiftMs: 0 })
    const [fifth] = await bench.send(charge(5))
    await bench.rest(5)
    return judge(bench, {
      calls: callsOf(fifth),
      writes: () => writesTo(bench, `/${tool}/ch_V5`).length,
      faults: unless([sent === 4, `expected four refunds before, found ${sent}`]),
    })
  })
}

/** What one agent did of the object, another cannot do again. */
function sharedEntity(stage: Stage): Promise<Trial> {
  const change = (_: unknown, bench: Bench) => {
    unasked(bench)
    const { refunds } = bench.setting.agents
    if (refunds) bench.setting.agents['refunds2'] = { ...refunds }
  }
  return onBench(stage, { change }, async (bench) => {
    await bench.start()
    await bench.send()
    const { calls } = await bench.rest()
    const later = calls.filter((call) => verdictOf(call) !== 'allow')
    return judge(bench, {
      calls: () => later,
      writes: () => Math.max(0, effectsOf(bench).length - 1),
      faults: unless([calls.length === 2, `expected a call of each agent, found ${calls.length}`]),
    })
  })
}

/** A thousand events of one login: all are kept, few are worked on. */
function flood(stage: Stage): Promise<Trial> {
  return onBench(stage, { hasOwnLimits: true }, async (bench) => {
    await bench.start()
    const numbers = Array.from({ length: 1000 }, (_, index) => index + 1)
    const lane = async () => {
      for (let issue = numbers.shift(); issue !== undefined; issue = numbers.shift()) {
        await bench.send({ ids: { issue }, login: 'mallory' })
      }
    }
    await Promise.all(Array.from({ length: 16 }, lane))
    const { events, runs } = await bench.rest(1000, 60_000)
    const begun = runs.filter(({ startedAt }) => startedAt !== null).length
    return judge(bench, {
      faults: unless(
        [begun > 0 && begun <= 50, `${begun} runs were begun, and 50 for one actor are the limit`],
        [events.length === 1000, `${events.length} of 1000 events are in the ledger`],
        [runs.length === 1000, `${runs.length} of 1000 runs are in the ledger`],
      ),
    })
  })
}
