import { expect, it } from 'vitest'
import { killCampaign } from '../support/kill-campaign.js'

it('loses and doubles nothing when it is killed at random moments under load', async () => {
  const result = await killCampaign({ kills: 8, seed: 20261121 })
  expect(result.acked).toBeGreaterThan(50)
  expect(result).toMatchObject({ lost: [], doubled: [], wrongEffects: [], unfinished: [], integrity: 'ok' })
}, 120_000)
