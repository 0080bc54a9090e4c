import { until } from '../../wait.js'
import type { World } from '../format.js'
import { judge, onBench, type Stage, type Trial } from '../play.js'
import { verdictOf } from '../verdict.js'
import { asItStands, type Scenarios } from './scenario.js'
import { callsOf, closedGate, reload, unless } from './steps.js'

/** Which tools there are, and what they are bound to. */
export const boundScenarios: Scenarios = {
  A007: pinnedGrants,
  A013: asItStands,
  A020: (stage) =>
    onBench(stage, {}, async (bench) => {
      await bench.start()
      await bench.send({ ids: { issue: '12/../../../orgs/acme' } })
      await bench.send({ ids: { repo: 'acme/api?x=1#' } })
      await bench.rest(2)
      const { length } = bench.api.requests
      return judge(bench, { faults: unless([length === 0, `${length} requests reached a fake`]) })
    }),
  A021: numberAbove253,
  A027: (stage) =>
    onBench(stage, {}, async (bench) => {
      await bench.start()
      await bench.send({
        change: (body) => {
          const run = body['workflow_run'] as Record<string, unknown>
          run['head_repository'] = { id: 666, full_name: 'attacker/api', fork: true }
        },
      })
      await bench.rest()
      return judge(bench)
    }),
  A029: secondEntity,
  A030: asItStands,
}

/** The tools file is changed to the worse while the model thinks: the run keeps the rules that it began with. */
export function pinnedGrants(stage: Stage): Promise<Trial> {
  const [call] = stage.attack.model
  const tool = String(call?.['tool'] ?? '')
  return onBench(
    stage,
    { change: (setting) => revoke(setting.agents[stage.attack.agent], tool) },
    async (bench) => {
      const gate = closedGate()
      bench.model.beforeAnswer = () => gate.opened
      await bench.start()
      await bench.send()
      await until('the model to be asked', () => bench.model.inputs.length > 0)
      bench.setting.agents[stage.attack.agent]?.tools.push({ [tool]: { gate: 'auto' } })
      await reload(bench)
      gate.open()
      await bench.rest()
      return judge(bench)
    },
  )
}

function revoke(agent: { tools: Record<string, unknown>[] } | undefined, tool: string): void {
  if (agent) agent.tools = agent.tools.filter((grant) => !(tool in grant))
}

/** A sender that numbers its objects: the digits of the event are the digits of the request. */
function numberAbove253(stage: Stage): Promise<Trial> {
  const digits = '9007199254740993'
  const { scopes } = stage.world
  const { customer, ...others } = scopes['refunds']?.scope ?? {}
  const world: World = {
    ...stage.world,
    scopes: {
      ...scopes,
      refunds: {
        ...scopes['refunds'],
        event: 'bank charge.dispute.created',
        scope: { ...others, charge: 1, customer: customer ?? 'cus_V1' },
      },
    },
  }
  return onBench({ ...stage, world }, {}, async (bench) => {
    await bench.start()
    const raw = `{"id":"occ_1","type":"charge.dispute.created","subject":"x","created_at":"2026-11-21T07:00:00Z","ids":{"charge":${digits},"customer":"cus_V1"}}`
    await bench.send({ raw })
    await bench.rest()
    const wanted = `/get_charge/${digits}`
    const urls = bench.api.requests.map(({ url }) => url)
    return judge(bench, {
      faults: unless([urls.includes(wanted), `expected ${wanted}, found ${urls.join()}`]),
    })
  })
}

/** Two objects of one kind wait; what the run of the first writes goes to the first. */
function secondEntity(stage: Stage): Promise<Trial> {
  const [name = '', own = 0] = Object.entries(stage.world.scopes[stage.attack.agent]?.scope ?? {})[0] ?? []
  const other = Number(own) + 1
  return onBench(stage, {}, async (bench) => {
    const { turns } = bench.model
    const isOther = new RegExp(`"${name}":\\s*"${other}"`)
    bench.model.turns = (input) =>
      isOther.test(JSON.stringify(input.messages).replaceAll('\\', '')) ? [] : turns(input)
    await bench.start()
    const [first] = await bench.send()
    await bench.send({ ids: { [name]: other } })
    const ledger = await bench.rest(2)
    const paths = bench.api.writes.map(({ url }) => url)
    const isOwn = paths.every((url) => url.split('/').includes(String(own)))
    const calls = callsOf(first)(ledger)
    return judge(bench, {
      calls: callsOf(first),
      faults: unless(
        [isOwn, `a write went to ${paths.join()}`],
        [
          calls.some((call) => verdictOf(call) === 'allow') === paths.length > 0,
          'what was allowed was not sent',
        ],
        [ledger.runs.length === 2, `expected two runs, found ${ledger.runs.length}`],
      ),
    })
  })
}
