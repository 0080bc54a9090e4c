import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { makeDelivery } from './deliveries.js'
import { sendLoad } from './load.js'
import { residentMb } from './processes.js'
import { agentConfig, type BenchSetting, startModel } from './wake.js'

export interface Memory {
  readonly idleMb: number
  readonly parked: number
  readonly running: number
  readonly busyMb: number
}

const parkedWanted = 1000
const runningWanted = 200

/**
 * Resident memory idle, and with runs: one agent whose runs are over their daily number and park, one whose
 * model does not answer while it is measured.
 */
export async function measureMemory({ directory, secret, startRouse }: BenchSetting): Promise<Memory> {
  const model = await startModel(() => {}, 120_000)
  const file = join(directory, 'memory.yaml')
  writeFileSync(join(directory, 'memory.md'), 'Say what you saw.\n')
  const config = agentConfig({
    directory,
    name: 'memory',
    secret,
    modelPort: model.port,
    server: `, concurrency: ${runningWanted + 20}`,
  })
  writeFileSync(
    file,
    `${config.replace('type: issues.opened', 'type: issues.opened, if: data.issue.number > 1000')}  sleeper: { on: { source: ci, type: issues.opened, if: data.issue.number <= 1000 }, instructions: memory.md, tools: [], limits: { runs: 1/day } }\n`,
  )
  const daemon = await startRouse(file)
  await new Promise((resolve) => setTimeout(resolve, 1000))
  const idleMb = residentMb(daemon.pid) ?? Number.NaN
  const requests = Array.from({ length: parkedWanted + 1 + runningWanted }, (_, at) =>
    makeDelivery({ path: '/hooks/ci', secret, number: at }),
  )
  await sendLoad({ port: daemon.port, connections: 8, requests })
  const database = new Database(join(directory, 'data/memory.db'), { readonly: true })
  const count = (state: string) =>
    (database.prepare('SELECT count(*) AS n FROM runs WHERE state = ?').get(state) as { n: number }).n
  const deadline = performance.now() + 60_000
  while (
    (count('parked') < parkedWanted || count('running') < runningWanted - 1) &&
    performance.now() < deadline
  ) {
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  const busyMb = residentMb(daemon.pid) ?? Number.NaN
  const result = { idleMb, parked: count('parked'), running: count('running'), busyMb }
  database.close()
  model.close()
  process.kill(daemon.pid, 'SIGKILL')
  return result
}
