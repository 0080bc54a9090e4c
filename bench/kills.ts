import { parseArgs } from 'node:util'
import { killCampaign } from '../test/support/kill-campaign.js'

const { values } = parseArgs({
  options: { kills: { type: 'string', default: '200' }, seed: { type: 'string', default: '1' } },
})
const result = await killCampaign({
  kills: Number(values.kills),
  seed: Number(values.seed),
  onKill: (kill) => {
    if (kill % 20 === 0) process.stdout.write(`${kill} kills\n`)
  },
})
process.stdout.write(`${JSON.stringify(result, null, 2)}\n`)
const isWhole = [result.lost, result.doubled, result.wrongEffects, result.unfinished].every(
  (list) => list.length === 0,
)
process.exitCode = isWhole && result.integrity === 'ok' ? 0 : 1
