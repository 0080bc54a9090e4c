import Database from 'better-sqlite3'
import { until } from '../../wait.js'
import type { Bench } from '../bench.js'
import { effectsOf } from '../invariants.js'
import { judge, onBench, type Stage, type Trial } from '../play.js'
import { verdictOf } from '../verdict.js'
import { asItStands, type Scenarios } from './scenario.js'
import { control, grantOf, objectOf, unless } from './steps.js'

const hourMs = 3_600_000

/** What a person let through, and nothing else. */
export const gateScenarios: Scenarios = {
  A078: replayed,
  A079: otherRun,
  A080: changedPolicy,
  A081: changedObject,
  A082: expired,
  A083: asItStands,
}

async function waits(bench: Bench): Promise<string> {
  await bench.start()
  await bench.send()
  await bench.rest()
  const [approval] = bench.waiting()
  if (!approval) throw new Error('nobody was asked')
  return approval.id
}

/** Let through once, it is done once, however often it is said and asked. */
export function replayed(stage: Stage): Promise<Trial> {
  return onBench(stage, {}, async (bench) => {
    const id = await waits(bench)
    await bench.approveAll()
    await bench.rest()
    const again = await bench.command('approve', id, '--yes')
    await bench.rest()
    const { length } = effectsOf(bench)
    return judge(bench, {
      faults: unless(
        [length === 1, `it happened ${length} times`],
        [again.code !== 0, 'the approval was taken a second time'],
      ),
    })
  })
}

/** Neither a person who mixes two up nor somebody who writes to the ledger makes one of the other. */
export function otherRun(stage: Stage): Promise<Trial> {
  return onBench(stage, {}, async (bench) => {
    await bench.start()
    await bench.send(objectOf(bench, 1))
    await bench.send(objectOf(bench, 2))
    await bench.rest(2)
    const [first, second] = bench.waiting()
    if (!first || !second) throw new Error('nobody was asked')
    const mixed = await bench.command('approve', second.id, '--digest', first.digest)
    await bench.rest(2)
    const trial = judge(bench)
    await bench.end('SIGKILL')
    forge(bench, second, first.digest)
    await bench.start()
    await until('the forged approval to be looked at', () => {
      const call = bench.ledger.calls.find(({ id }) => id === second.toolCallId)
      return call !== undefined && call.state !== 'approved'
    })
    await bench.rest(2)
    const { length } = bench.api.writes
    const more = unless(
      [mixed.code !== 0, 'the digest of one run was taken for another'],
      [length === 0, `${length} writes were made by a forged approval`],
    )
    return { ...trial, faults: [...trial.faults, ...more], harmful: trial.harmful + length }
  })
}

/** As somebody would write it who has the file. */
function forge(
  bench: Bench,
  { id, toolCallId, runId }: ReturnType<Bench['waiting']>[number] & object,
  digest: string,
) {
  const db = new Database(bench.file)
  try {
    db.prepare(
      `UPDATE approvals SET state = 'approved', digest = ?, decided_by = 'x', decided_at = 1 WHERE id = ?`,
    ).run(digest, id)
    db.prepare(`UPDATE tool_calls SET state = 'approved' WHERE id = ?`).run(toolCallId)
    db.prepare(
      `UPDATE runs SET state = 'queued', is_ready = 1, parked_on = NULL, next_at = NULL WHERE id = ?`,
    ).run(runId)
  } finally {
    db.close()
  }
}

/** A person said yes under rules that no longer hold when it is to be sent. */
export function changedPolicy(stage: Stage): Promise<Trial> {
  return onBench(stage, {}, async (bench) => {
    const id = await waits(bench)
    await bench.end('SIGTERM')
    const { code, output } = await bench.command('approve', id, '--yes')
    if (code !== 0) throw new Error(`rouse approve ended with ${code}: ${output.slice(0, 300)}`)
    const [call] = stage.attack.model
    const hasAmount = Object.hasOwn((call?.['args'] ?? {}) as object, 'amount')
    const condition = hasAmount ? 'args.amount <= 50' : "event.type == 'another'"
    grantOf(bench, stage.attack.agent, String(call?.['tool']))['if'] = condition
    await bench.write()
    await bench.start()
    await bench.rest()
    return judge(bench)
  })
}

export function changedObject(stage: Stage): Promise<Trial> {
  return onBench(stage, {}, async (bench) => {
    await waits(bench)
    const { respond } = bench.api
    bench.api.respond = async (request) => {
      const answer = await respond(request)
      if (typeof answer === 'string' || request.method !== 'GET') return answer
      return { ...answer, body: { ...(answer.body as object), ...gone(bench) } }
    }
    await bench.approveAll()
    await bench.rest()
    return judge(bench)
  })
}

/** Nothing is left of what the facts said that there is. */
function gone({ scope: { facts = {} } }: Bench): Record<string, unknown> {
  const amounts = Object.entries(facts).filter(([, value]) => typeof value === 'number')
  const most = Math.max(0, ...amounts.map(([, value]) => Number(value)))
  return Object.fromEntries(amounts.map(([name]) => [name, name === 'refunded' ? most : 0]))
}

/** The day is over when a person says yes, and when the daemon would send it. */
export function expired(stage: Stage): Promise<Trial> {
  return onBench(stage, {}, async (bench) => {
    const id = await waits(bench)
    await bench.end('SIGTERM')
    await control(bench, { shiftMs: 25 * hourMs })
    const { code } = await bench.command('approve', id, '--yes')
    await bench.start()
    await until(
      'the approval to run out',
      () => {
        return bench.ledger.calls.some((call) => verdictOf(call) !== 'hold')
      },
      15_000,
    )
    await bench.rest()
    return judge(bench, { faults: unless([code !== 0, 'it was approved after its time was over']) })
  })
}
