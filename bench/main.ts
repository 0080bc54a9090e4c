import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir, totalmem } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { fillNinetyDays, measureAdmin } from './admin.js'
import { deliveryCosts, effectCosts, type GuaranteeCost } from './guarantees.js'
import { fillHistory } from './history.js'
import { measureMemory } from './memory.js'
import { measurePages } from './pages.js'
import { outputOf, residentMb, type Served, serve } from './processes.js'
import { measureWake } from './wake.js'

const root = resolve(import.meta.dirname, '..')
const rouse = [process.execPath, join(root, 'dist/main.js'), 'start', '-c']
const tsx = [process.execPath, '--import', 'tsx']
const secret = 'k7Gq2nV9xB4tLw8sRz3mYc6p'

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '12000' },
    rounds: { type: 'string', default: '3' },
    connections: { type: 'string', default: '32' },
    history: { type: 'string', default: '0,100000' },
    events: { type: 'string', default: '1000000' },
    only: { type: 'string', default: 'deliveries,guarantees,wake,memory,history,admin' },
  },
})
const parts = values.only.split(',')
const directory = mkdtempSync(join(tmpdir(), 'rouse-bench-'))
const results: Record<string, unknown> = {
  at: new Date().toISOString(),
  node: process.version,
  cpu: `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}`,
  memoryGb: Math.round(totalmem() / 1024 ** 3),
}

interface Load {
  acked: number
  refused: number
  seconds: number
  p50: number
  p99: number
}

let first = 1
/** Deliveries before the measured ones. */
const warmUp = 6000
async function load(port: number, path: string, count = Number(values.count)): Promise<Load> {
  const args = [String(port), path, secret, String(count), values.connections, String(first)]
  first += count
  return JSON.parse(await outputOf([...tsx, join(root, 'bench/load-process.ts'), ...args])) as Load
}

function writeConfig(name: string, extra = ''): { file: string; database: string } {
  const database = join(directory, 'data', `${name}.db`)
  const file = join(directory, `${name}.yaml`)
  writeFileSync(
    file,
    `version: 1
server: { hooks: "127.0.0.1:0", admin: off }
store: "sqlite:${database}"
models: { default: { base_url: "scripted:", model: none } }
sources: { ci: { kind: github, secret: "${secret}" } }
${extra}`,
  )
  return { file, database }
}

function startRouse(file: string): Promise<Served> {
  return serve({ command: [...rouse, file], stream: 'stderr' })
}

async function measureDeliveries(): Promise<void> {
  const rounds: { ours: Load; ceiling: Load }[] = []
  for (let round = 0; round < Number(values.rounds); round++) {
    const bare = await serve({
      command: [...tsx, join(root, 'bench/ceiling.ts'), join(directory, `ceiling-${round}.db`), secret],
      stream: 'stdout',
    })
    // Both are measured warm: what a daemon does for weeks, not its first second.
    await load(bare.port, '/hooks/ci', warmUp)
    const ceiling = await load(bare.port, '/hooks/ci')
    await bare.stop()
    const daemon = await startRouse(writeConfig(`deliveries-${round}`).file)
    const idleMb = residentMb(daemon.pid)
    await load(daemon.port, '/hooks/ci', warmUp)
    const ours = await load(daemon.port, '/hooks/ci')
    if (round === 0)
      results['boot'] = { firstLineMs: Math.round(daemon.bootMs), idleMb: Math.round(idleMb ?? 0) }
    await daemon.stop()
    rounds.push({ ours, ceiling })
    row(`round ${round + 1}`, `${rate(ours)} of ${rate(ceiling)} acked/s`, `ratio ${ratio(ours, ceiling)}`)
    row(
      '',
      `ack p50 ${ours.p50.toFixed(1)} ms, p99 ${ours.p99.toFixed(1)} ms`,
      `ceiling ${ceiling.p50.toFixed(1)}, ${ceiling.p99.toFixed(1)} ms`,
    )
    if (ours.refused > 0 || ceiling.refused > 0)
      row('', `REFUSED: ${ours.refused} and ${ceiling.refused}`, '')
  }
  const ratios = rounds.map(
    ({ ours, ceiling }) => ours.acked / ours.seconds / (ceiling.acked / ceiling.seconds),
  )
  results['deliveries'] = { rounds, medianRatio: median(ratios) }
  row('median', '', `ratio ${median(ratios).toFixed(2)} (owed 0.50)`)
}

async function measureHistory(): Promise<void> {
  const found: Record<string, unknown>[] = []
  for (const count of values.history.split(',').map(Number)) {
    const { file, database } = writeConfig(`history-${count}`)
    const opened = await startRouse(file)
    await opened.stop()
    fillHistory(database, count)
    const daemon = await startRouse(file)
    const ours = await load(daemon.port, '/hooks/ci')
    await daemon.stop()
    const microseconds = (ours.seconds / ours.acked) * 1e6
    found.push({ events: count, acked: ours.acked, microseconds, p99: ours.p99, bootMs: daemon.bootMs })
    row(
      `${count.toLocaleString('en')} events before`,
      `${microseconds.toFixed(0)} µs a delivery`,
      `p99 ${ours.p99.toFixed(1)} ms, boot ${daemon.bootMs.toFixed(0)} ms`,
    )
    for (const suffix of ['', '-wal', '-shm', '.lock']) rmSync(database + suffix, { force: true })
  }
  results['history'] = found
}

function rate({ acked, seconds }: Load): string {
  return Math.round(acked / seconds).toLocaleString('en')
}

function ratio(ours: Load, ceiling: Load): string {
  return (ours.acked / ours.seconds / (ceiling.acked / ceiling.seconds)).toFixed(2)
}

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((left, right) => left - right)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

function row(name: string, figure: string, compared: string): void {
  process.stdout.write(`  ${name.padEnd(32)}${figure.padEnd(38)}${compared}\n`)
}

function costRow({ name, perSecond, ofCeiling }: GuaranteeCost): void {
  row(name, `${Math.round(perSecond).toLocaleString('en')} a second`, ofCeiling.toFixed(2))
}

function title(text: string): void {
  process.stdout.write(`\n${text}\n`)
}

try {
  process.stdout.write(`rouse bench · Node ${process.version} · ${String(results['cpu'])}\n`)
  if (parts.includes('deliveries')) {
    title(
      `Deliveries of 10 KB from GitHub, ${values.connections} connections, fsync on, beside a bare node:http server`,
    )
    await measureDeliveries()
    const { firstLineMs, idleMb } = results['boot'] as { firstLineMs: number; idleMb: number }
    row('boot', `${firstLineMs} ms to ready`, 'owed 700 ms')
    row('idle', `${idleMb} MB resident`, 'owed 110 MB')
  }
  if (parts.includes('guarantees')) {
    const setting = {
      directory,
      secret,
      count: Number(values.count),
      load: (port: number, count: number) => load(port, '/hooks/ci', count),
    }
    title('What the guarantees cost: acknowledged deliveries, each guarantee taken out in turn')
    const deliveries = await deliveryCosts(setting)
    deliveries.forEach(costRow)
    title('What the guarantees cost: from the delivery to the effect, one write for each event')
    const effects = await effectCosts(setting)
    effects.forEach(costRow)
    results['guarantees'] = { deliveries, effects }
  }
  if (parts.includes('wake')) {
    title('From the last byte in to the first byte of the model request')
    const wake = await measureWake({ directory, secret, startRouse })
    results['wake'] = wake
    row(
      'one delivery at a time',
      `p50 ${wake.p50.toFixed(1)} ms, p99 ${wake.p99.toFixed(1)} ms`,
      'owed 8 ms at the median',
    )
    row('boot to first ack', `${Math.round(wake.bootToAckMs)} ms`, 'owed 700 ms')
  }
  if (parts.includes('memory')) {
    title('Resident memory')
    const memory = await measureMemory({ directory, secret, startRouse })
    results['memory'] = memory
    row('idle', `${memory.idleMb.toFixed(0)} MB`, '')
    row(`${memory.parked} parked, ${memory.running} running`, `${memory.busyMb.toFixed(0)} MB`, '')
  }
  if (parts.includes('history')) {
    title('Cost of a delivery with earlier events in the ledger')
    await measureHistory()
  }
  if (parts.includes('admin')) {
    title(`What pages ask of a ledger with ${Number(values.events).toLocaleString('en')} events of 90 days`)
    const file = join(directory, 'admin.db')
    const now = Date.now()
    fillNinetyDays(file, Number(values.events), now)
    const costs = await measureAdmin(file, now)
    for (const { name, ms } of costs) row(name, `${ms.toFixed(1)} ms`, '')
    title('Its pages, from the daemon, packed')
    const { pages, firstVisitKb } = await measurePages({ file, directory, secret, startRouse })
    results['admin'] = { costs, pages, firstVisitKb }
    for (const { path, ms, kb } of pages) row(path.slice(0, 30), `${ms.toFixed(1)} ms`, `${kb.toFixed(1)} KB`)
    row('a first visit', '', `${firstVisitKb.toFixed(1)} KB`)
  }
  mkdirSync(join(root, 'bench/results'), { recursive: true })
  const file = join(root, 'bench/results', `${String(results['at']).slice(0, 19).replaceAll(':', '-')}.json`)
  writeFileSync(file, `${JSON.stringify(results, null, 2)}\n`)
  process.stdout.write(`\nWritten to ${file.slice(root.length + 1)}\n`)
} finally {
  rmSync(directory, { recursive: true, force: true })
}
