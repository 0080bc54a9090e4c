import { parseArgs } from 'node:util'
import { ownFile, readAttacks } from './format.js'
import { areRight, reportOf } from './report.js'
import { runAttacks } from './run.js'

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
  const file = readAttacks(positionals[0] ?? ownFile)
  const results = await runAttacks(file, {
    only: values.only?.split(','),
    lanes: Number(values.lanes),
    onResult: ({ id, isRight, ms }) => {
      if (process.stderr.isTTY) process.stderr.write(`${id} ${isRight ? 'right' : 'WRONG'} ${ms} ms\n`)
    },
  })
  console.log(values.json ? JSON.stringify(results, null, 1) : reportOf(results))
  process.exitCode = areRight(results) ? 0 : 1
}

if (values.help) console.log(usage)
else await main()
