import { parseArgs } from 'node:util'
import { playAll } from './all.js'
import { type AttackFile, ownFile, readAttacks } from './format.js'
import { nothingRemoved, playWithout, removals } from './mutations.js'
import { areRight, reportOf } from './report.js'
import type { Result } from './run.js'

const usage = `npm run attack -- [options] [attacks.json]

Plays each case of the file against the real daemon, with a scripted model, recording APIs and signed deliveries, and
judges by the bytes at the fakes, the ledger and the model's inputs. Exit code 0 only where all are right.

  --only <ids>   A036,B14 and no others
  --json         the results as JSON
  --lanes <n>    cases beside each other (default 2)
  --mutate       takes each rule out of a copy of the build in turn; a case must then come out wrong
`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: 'string' },
    json: { type: 'boolean', default: false },
    lanes: { type: 'string', default: '2' },
    mutate: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

async function main(): Promise<void> {
  const path = positionals[0] ?? ownFile
  const file = readAttacks(path)
  process.exitCode = values.mutate ? await withoutEach(path, file) : await asItIs(file)
}

async function asItIs(file: AttackFile): Promise<number> {
  const only = values.only?.split(',')
  const onResult = ({ id, isRight, ms }: Result) => {
    if (process.stderr.isTTY) process.stderr.write(`${id} ${isRight ? 'right' : 'WRONG'} ${ms} ms\n`)
  }
  const results = await playAll(file, { only, lanes: Number(values.lanes), onResult })
  console.log(values.json ? JSON.stringify(results, null, 1) : reportOf(results))
  return areRight(results) ? 0 : 1
}

/** A list that does not find out that a rule is gone is too weak. */
async function withoutEach(path: string, file: AttackFile): Promise<number> {
  const cases = [...new Set(removals.flatMap((removal) => removal.cases))]
  const whole = await playWithout({ ...nothingRemoved, cases }, path, file)
  const wrong = [...whole.found, ...whole.unplayed]
  console.log(`nothing: ${whole.played} played, ${wrong.length} wrong ${wrong.join(', ')}`)
  let exitCode = wrong.length > 0 ? 1 : 0
  for (const removal of removals) {
    const { concept, found, unplayed, played } = await playWithout(removal, path, file)
    if (found.length === 0) exitCode = 1
    const told = found.length === 0 ? `NOT FOUND ${unplayed.join(', ')}` : `found by ${found.join(', ')}`
    console.log(`${concept.padEnd(48)} ${told} (${played} played)`)
  }
  return exitCode
}

if (values.help) console.log(usage)
else await main()
