import { parseArgs } from 'node:util'
import {
  type CampaignResult,
  type ControlResult,
  deletionTrials,
  killCampaign,
  migrationTrials,
  noCompiler,
  runControls,
} from '../test/support/faults/campaign.js'
import { type Cases, casesOf, everyCase, readCases } from '../test/support/faults/cases.js'
import type { Point } from '../test/support/faults/lane.js'
import { canSoak, soak } from '../test/support/faults/soak.js'
import { cellOf, emptyTally, type Tally } from '../test/support/faults/verdict.js'
import { protections } from '../test/support/faults/world.js'
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
  --points <list>  K05,K09,random,load (default: all)
  --soak <m>       minutes of one process under steady load (default 1; 0 leaves it out)
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
    soak: { type: 'string', default: '1' },
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
  const isFigure = heads.map((_, at) => at > 0 && typeof rows[0]?.[at] === 'number')
  const widths = heads.map((_, at) => Math.max(...texts.map((row) => row[at]?.length ?? 0)))
  for (const row of texts) {
    say(
      `  ${row.map((text, at) => (isFigure[at] ? text.padStart(widths[at] ?? 0) : text.padEnd(widths[at] ?? 0))).join('  ')}`.trimEnd(),
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

/** Writes that had been sent when the process died, by where it died and what the API offers. */
function printCells(cells: CampaignResult['cells']): void {
  const points = ['K10', 'K11', 'K12', 'K13', 'random', 'load']
  const columns = protections.flatMap((protection) => [true, false].map((had) => ({ protection, had })))
  say(
    '\nWrites that were sent and had no outcome when the process died, by whether the effect had happened:\n',
  )
  printTable(
    ['died at', ...columns.map(({ protection, had }) => `${protection}, ${had ? 'effect' : 'no effect'}`)],
    points.map((point) => [
      point,
      ...columns.map(({ protection, had }) => cells.get(cellOf(point, protection, had)) ?? 0),
    ]),
  )
}

function printKills(result: CampaignResult): void {
  const { kills, byPoint, byFate, byCut, cells, notReached, ledgers, seconds } = result
  const total = [...kills.values()].reduce((sum, count) => sum + count, 0)
  say(`\n${total} kills in ${Math.round(seconds)} s, ${ledgers} ledgers\n`)
  const missed = [...notReached.values()].reduce((sum, count) => sum + count, 0)
  const trials = total + missed
  const rows = [...new Set([...kills.keys(), ...notReached.keys()])].sort().map((point) => {
    const [name, ...figures] = rowOf(point, byPoint.get(point) ?? emptyTally())
    const killed = kills.get(point) ?? 0
    return [name ?? '', killed + (notReached.get(point) ?? 0), killed, ...figures]
  })
  const [name, ...figures] = rowOf('all', sumOf(byPoint.values()))
  printTable(['died at', 'trials', 'kills', ...titles], [...rows, [name ?? '', trials, total, ...figures]])
  say('\nBy what the API offers, and what became of the first request:\n')
  printTable(
    ['protection, first request', ...titles],
    [...byFate.keys()].sort().map((fate) => rowOf(fate, byFate.get(fate) ?? emptyTally())),
  )
  say('\nWrites that were under way when the process died, and their effects in the end:\n')
  printTable(
    ['protection, at the death', 'writes', 'one effect', 'none', 'doubled', 'held'],
    [...byCut]
      .sort(([left], [right]) => left.localeCompare(right))
      .map(([name, { writes, once, never, doubled, held }]) => [name, writes, once, never, doubled, held]),
  )
  printCells(cells)
  if (missed > 0) say(`\n${missed} lives ended without passing their point: nothing led them there in time.`)
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

function printElsewhere({ elsewhere }: Cases): void {
  if (elsewhere.length === 0) return
  say('\nFaults of the file that nothing here injects, and the tests that do:\n')
  printTable(
    ['fault', 'covered by'],
    elsewhere.map(({ id, coveredBy }) => [id, coveredBy]),
  )
}

async function printKillCampaign(main: string, seed: number, points: readonly Point[]): Promise<string[]> {
  const endsAt = values.minutes ? performance.now() + Number(values.minutes) * 60_000 : undefined
  const result = await killCampaign({
    main,
    seed,
    points,
    kills: endsAt === undefined ? Number(values.kills) : Number.MAX_SAFE_INTEGER,
    lanes: Number(values.lanes),
    keepsFaulty: true,
    ...(endsAt !== undefined && { isOver: () => performance.now() > endsAt }),
    onKill: (done) => {
      if (process.stderr.isTTY) process.stderr.write(`\r${done} kills `)
    },
  })
  printKills(result)
  return [...result.faults]
}

/** The points that a process passes once only. */
async function printTrials(main: string, { hasMigration, hasDeletion }: Cases): Promise<string[]> {
  const migrations = hasMigration ? await migrationTrials(main, 3) : []
  if (hasMigration) say(`\nK21, killed in a migration: 3 trials, ${migrations.length} faults`)
  const deletions = hasDeletion ? await deletionTrials(main, 3) : []
  if (hasDeletion) say(`\nK22, killed while it deletes what is old: 3 trials, ${deletions.length} faults`)
  return [...migrations, ...deletions]
}

async function printSoak(main: string, seed: number): Promise<string[]> {
  const seconds = Math.round(Number(values.soak) * 60)
  if (!(seconds > 0)) return []
  say('\nOne process under 50 events a second, at first and at last:\n')
  if (!canSoak()) {
    say('  not run: it needs /proc')
    return []
  }
  const { acked, early, late, mostLogMB, faults } = await soak({ main, seconds, seed })
  printTable(
    ['seconds', 'acked', 'memory, MB', 'descriptors', 'most of the log, MB'],
    [
      [
        seconds,
        acked,
        `${early.residentMB}, ${late.residentMB}`,
        `${early.descriptors}, ${late.descriptors}`,
        mostLogMB,
      ],
    ],
  )
  return faults.map((fault) => `under steady load ${fault}`)
}

function casesToTry(): Cases {
  if (values.points !== undefined) return casesOf(values.points.split(','))
  const [file] = positionals
  return file === undefined ? everyCase : readCases(file)
}

async function main(): Promise<void> {
  const cases = casesToTry()
  const seed = Number(values.seed)
  const build = mutatedDist([])
  const program = values.build ?? build.main
  const faults: string[] = []
  try {
    say(`rouse faults · Node ${process.version} · seed ${seed}`)
    if (cases.points.length > 0) faults.push(...(await printKillCampaign(program, seed, cases.points)))
    faults.push(...(await printTrials(program, cases)))
    if (cases.hasPower) faults.push(...(await printPower(seed, build.main)))
    if (cases.hasSoak) faults.push(...(await printSoak(program, seed)))
    if (values.controls) faults.push(...(await printControls()))
    printElsewhere(cases)
  } finally {
    build.remove()
  }
  say(faults.length === 0 ? '\nNothing lost, nothing doubled.' : `\n${faults.length} faults:`)
  for (const fault of faults.slice(0, 50)) say(`  ${fault.slice(0, 2000)}`)
  process.exitCode = faults.length === 0 ? 0 : 1
}

if (values.help) say(usage)
else await main()
