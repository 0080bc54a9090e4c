import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { until } from '../../wait.js'
import { type Bench, main } from '../bench.js'
import { effectsOf } from '../invariants.js'
import { judge, onBench, type Stage, type Trial } from '../play.js'
import { turnsOf } from '../turns.js'
import { verdictOf } from '../verdict.js'
import { asItStands, type Scenarios } from './scenario.js'
import { grantOf, unless } from './steps.js'

/** Answers that are none, and processes that end in the middle. */
export const protocolScenarios: Scenarios = {
  A106: asItStands,
  A108: oneIdTwice,
  A113: otherArguments,
}

/** Which output would be of which call nobody could say: each of the calls is denied, or the answer as a whole is none. */
function oneIdTwice(stage: Stage): Promise<Trial> {
  return onBench(stage, {}, async (bench) => {
    await bench.start()
    await bench.send()
    const { calls, runs } = await bench.rest()
    const isWhole = calls.length === 0 && runs.every(({ errorCode }) => errorCode === 'model.malformed')
    if (!isWhole) return judge(bench)
    const notes = ['the answer as a whole was refused (model.malformed), so that there is no call to deny']
    return { ...judge(bench, { expect: 'no call' }), notes }
  })
}

const arm = resolve(import.meta.dirname, '../../faults/arm.mjs')

/** The process dies with the write under way; the model, asked again, wants another amount. */
async function otherArguments(stage: Stage): Promise<Trial> {
  // Before the answer is recorded the model is asked anew; after that, what stands there is what is done.
  const points = ['K07', 'K13']
  const trials: Trial[] = []
  for (const point of points) trials.push(await crashed(stage, point))
  return {
    faults: trials.flatMap(({ faults }, index) => faults.map((fault) => `at ${points[index]}: ${fault}`)),
    harmful: trials.reduce((sum, { harmful }) => sum + harmful, 0),
    denied: 0,
    notes: [],
  }
}

function crashed(stage: Stage, point: string): Promise<Trial> {
  const items = stage.attack.model.filter((item) => !('crash' in item))
  const tool = String(items[0]?.['tool'])
  const change = (_: unknown, bench: Bench) => {
    grantOf(bench, stage.attack.agent, tool)['gate'] = 'auto'
  }
  return onBench(stage, { change }, async (bench) => {
    const [later] = turnsOf(items, stage.world)
    const [call] = later?.calls ?? []
    const first = { calls: [{ tool, args: { ...call?.args, amount: Number(call?.args?.['amount']) + 1 } }] }
    let hasDied = false
    bench.model.turns = () => (later && hasDied ? [later, later] : [first])
    const armed = {
      FAULT_TEST_MODULE: resolve(main, '../util/fault-point.js'),
      FAULT_TEST_POINT: point,
    }
    const life = await bench.start({ module: pathToFileURL(arm).href, environment: armed })
    await bench.send()
    await until('the process to end', () => life.hasEnded, 15_000)
    hasDied = true
    await bench.end()
    await bench.start()
    const { calls } = await bench.rest(1, 20_000)
    const effects = effectsOf(bench)
    const amounts = new Set(bench.api.writes.map(({ body }) => body))
    const keys = new Set(bench.api.writes.map(({ headers }) => headers['idempotency-key']))
    return judge(bench, {
      faults: unless(
        [effects.length === 1, `it happened ${effects.length} times`],
        [amounts.size === 1 && keys.size === 1, `${amounts.size} bodies went out under ${keys.size} keys`],
        [
          calls.filter((made) => verdictOf(made) === 'allow').length === 1,
          'the ledger does not say that it happened once',
        ],
      ),
    })
  })
}
