import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import {
  type CampaignResult,
  type ControlResult,
  killCampaign,
  migrationTrials,
  noCompiler,
  runControls,
} from '../test/support/faults/campaign.js'
import { lanePoints, type Point } from '../test/support/faults/lane.js'
import { emptyTally, type Tally } from '../test/support/faults/verdict.js'
import { mutatedDist } from '../test/support/mutated-dist.js'
import { powerCampaign } from '../test/support/power/run.js'
import { canWatchDisk } from '../test/support/power/shim.js'

const usage = `npm run faults -- [options] [faults.json]

Kills the real process at every named point, over and over, beside a sender, APIs and a person that outlive it, then
compares what they saw. A file of the shape of test/fixtures/faults.json says which faults are to be tried.

  --kills <n>      kills in all (default 240)
  --minutes <m>    goes on for as long, whatever --kills says
  --seed <n>       what is drawn by lot (default 1)
  --lanes <n>      ledgers beside each other (default 2)
  --points <list>  K05,K09,random (default: all)
  --build <file>   the program, dist/main.js of another build (default: a copy of this one)
  --no-controls    leaves out the trials that must fail
  --markdown       prints the tables for a document
`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  allowNegative: true,
  options: {
    kills: { type: 'string', default: '240' },
    minutes: { type: 'string' },
    seed: { type: 'string', default: '1' },
    lanes: { type: 'string', default: '2' },
    points: { type: 'string' },
    build: { type: 'string' },
    controls: { type: 'boolean', default: true },
    markdown: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

const columns: readonly (keyof Tally)[] = [
  'acked',
  'duplicates',
  'requests',
  'effects',
  'lost',
  'doubled',
  'held',
  'setAside',
]
const titles = ['acked', 'duplicates', 'requests', 'effects', 'lost', 'doubled', 'held', 'set aside']

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}

function printTable(heads: readonly string[], rows: readonly (readonly (string | number)[])[]): void {
  const texts = [heads, ...rows].map((row) => row.map(String))
  if (values.markdown) {
    const line = (row: readonly string[]) => `| ${row.join(' | ')} |`
    say(line(texts[0] ?? []))
    say(line(heads.map(() => '---')))
    for (const row of texts.slice(1)) say(line(row))
    return
  }
  const widths = heads.map((_, at) => Math.max(...texts.map((row) => row[at]?.length ?? 0)))
  for (const row of texts) {
    say(
      `  ${row.map((text, at) => (at === 0 ? text.padEnd(widths[at] ?? 0) : text.padStart(widths[at] ?? 0))).join('  ')}`,
    )
  }
}

function rowOf(name: string, tally: Tally): (string | number)[] {
  return [name, ...columns.map((column) => tally[column])]
}

function sumOf(tallies: Iterable<Tally>): Tally {
  const sum = emptyTally()
  for (const tally of tallies) for (const column of columns) sum[column] += tally[column]
  return sum
}

function printKills({ kills, byPoint, byFate, notReached, ledgers, seconds }: CampaignResult): void {
  const total = [...kills.values()].reduce((sum, count) => sum + count, 0)
  say(`\n${total} kills in ${Math.round(seconds)} s, ${ledgers} ledgers\n`)
  const rows = [...kills.keys()].sort().map((point) => {
    const [name, ...figures] = rowOf(point, byPoint.get(point) ?? emptyTally())
    return [name ?? '', kills.get(point) ?? 0, ...figures]
  })
  const [name, ...figures] = rowOf('all', sumOf(byPoint.values()))
  printTable(['died at', 'kills', ...titles], [...rows, [name ?? '', total, ...figures]])
  say('\nBy what the API offers, and what became of the first request:\n')
  printTable(
    ['protection, first request', ...titles],
    [...byFate.keys()].sort().map((fate) => rowOf(fate, byFate.get(fate) ?? emptyTally())),
  )
  for (const [point, count] of notReached) say(`\n${point}: not passed in ${count} of its lives`)
}

async function printControls(): Promise<string[]> {
  say('\nControls, which must find something:\n')
  const results = await runControls({ seed: Number(values.seed) })
  const told = ({ found, why }: ControlResult) => found ?? why ?? ''
  printTable(
    ['taken out', 'found'],
    results.map((result) => [result.name, told(result)]),
  )
  return results.flatMap(({ name, found, why }) =>
    found === undefined && why !== noCompiler ? [`control "${name}": ${why}`] : [],
  )
}

async function printPower(seed: number, main: string): Promise<string[]> {
  say('\nPower cuts:\n')
  if (!canWatchDisk()) {
    say(`  ${noCompiler}`)
    return []
  }
  const { cuts, acked, lost, unmarked, unreadable, fsyncsPer100 } = await powerCampaign({
    cuts: 100,
    seed,
    main,
  })
  printTable(
    ['cuts', 'acked', 'lost', 'sends not marked', 'unreadable', 'fsyncs for 100 commits'],
    [[cuts, acked, lost, unmarked, unreadable.length, fsyncsPer100.toFixed(0)]],
  )
  if (lost + unmarked + unreadable.length === 0) return []
  return [`power cuts: ${lost} lost, ${unmarked} not marked as sent, ${unreadable.join('; ')}`]
}

/** The points that a file of faults names, and what is to be said of the others. */
function readFaults(file: string): { points: Point[]; hasMigration: boolean; others: string[] } {
  const { faults } = JSON.parse(readFileSync(file, 'utf8')) as {
    faults: { id: string; area: string; fault: string }[]
  }
  const named = new Set<string>()
  const others: string[] = []
  for (const { id, area, fault } of faults) {
    const found = area === 'crash' ? fault.match(/\bK\d\d\b/g) : null
    if (found) for (const point of found) named.add(point)
    else if (/kill -9 at random/.test(fault)) named.add('random')
    else others.push(id)
  }
  return {
    points: lanePoints.filter((point) => named.has(point)),
    hasMigration: named.has('K21'),
    others,
  }
}

async function main(): Promise<void> {
  const [file] = positionals
  const named = file === undefined ? undefined : readFaults(file)
  const points = values.points
    ? (values.points.split(',') as Point[])
    : named && named.points.length > 0
      ? named.points
      : lanePoints
  const unknown = points.filter((point) => !lanePoints.includes(point) && point !== 'K21')
  if (unknown.length > 0)
    throw new Error(`there is no point ${unknown.join(', ')}; expected ${lanePoints.join(', ')}`)
  const seed = Number(values.seed)
  const build = mutatedDist([])
  const faults: string[] = []
  try {
    say(`rouse faults · Node ${process.version} · seed ${seed}`)
    const endsAt = values.minutes ? performance.now() + Number(values.minutes) * 60_000 : undefined
    const result = await killCampaign({
      main: values.build ?? build.main,
      seed,
      kills: endsAt === undefined ? Number(values.kills) : Number.MAX_SAFE_INTEGER,
      lanes: Number(values.lanes),
      points: points.filter((point) => point !== 'K21'),
      ...(endsAt !== undefined && { isOver: () => performance.now() > endsAt }),
      onKill: (done) => {
        if (process.stderr.isTTY) process.stderr.write(`\r${done} kills `)
      },
    })
    printKills(result)
    faults.push(...result.faults)
    if (values.points === undefined) {
      const migrations = await migrationTrials(build.main, 3)
      say(`\nK21, a migration that is killed: 3 trials, ${migrations.length} faults`)
      faults.push(...migrations)
      faults.push(...(await printPower(seed, build.main)))
    }
    if (values.controls) faults.push(...(await printControls()))
    if (named && named.others.length > 0) {
      say('\nFaults of the file that the test suite tries, see docs/faults.md:\n')
      say(`  ${named.others.join(' ')}`)
    }
  } finally {
    build.remove()
  }
  say(faults.length === 0 ? '\nNothing lost, nothing doubled.' : `\n${faults.length} faults:`)
  for (const fault of faults.slice(0, 50)) say(`  ${fault}`)
  process.exitCode = faults.length === 0 ? 0 : 1
}

if (values.help) say(usage)
else await main()
