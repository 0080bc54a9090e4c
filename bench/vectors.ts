import { parseArgs } from 'node:util'
import { readVectors } from '../test/support/vectors/format.js'
import { ofOutcome, reportOf } from '../test/support/vectors/report.js'
import { runVectors } from '../test/support/vectors/run.js'

/*
 * `npm run vectors -- <file>`: runs a file of signature vectors against the listener, over HTTP, and says for each
 * sender what was accepted and refused. Exit code 1 where one came out otherwise than the file says, 2 where none
 * did but some could not be run.
 */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'boolean', default: false } },
})
const files = positionals.length > 0 ? positionals : ['test/fixtures/vectors.json']
const results = await runVectors(files.flatMap(readVectors))
if (values.json) {
  const shown = results.map(({ vector: { id, provider, scheme }, ...rest }) => ({
    id,
    provider,
    scheme,
    ...rest,
  }))
  console.log(JSON.stringify(shown, null, 2))
} else console.log(reportOf(results))
const isWrong = ofOutcome(results, 'wrong').length > 0 || results.length === 0
process.exitCode = isWrong ? 1 : ofOutcome(results, 'not_run').length > 0 ? 2 : 0
