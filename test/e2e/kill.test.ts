import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { killCampaign, migrationTrials, runKillControls } from '../support/faults/campaign.js'
import { lanePoints } from '../support/faults/lane.js'
import { type MutatedDist, mutatedDist } from '../support/mutated-dist.js'

describe('the real process', () => {
  let build: MutatedDist
  beforeAll(() => {
    build = mutatedDist([])
  })
  afterAll(() => build.remove())

  it('loses and doubles nothing when it is killed at every point', async () => {
    const points = lanePoints.filter((point) => point !== 'random')
    const result = await killCampaign({ main: build.main, seed: 21, kills: points.length, lanes: 1, points })
    expect(result.faults).toEqual([])
    expect([...result.notReached.keys()]).toEqual([])
    expect([...result.kills.keys()].sort()).toEqual(points)
    const sum = (key: 'acked' | 'effects' | 'held') =>
      [...result.byPoint.values()].reduce((total, tally) => total + tally[key], 0)
    expect(sum('acked')).toBeGreaterThan(70)
    expect(sum('effects')).toBeGreaterThan(50)
    expect(sum('held')).toBeGreaterThan(5)
  }, 120_000)

  it('loses and doubles nothing when it is killed at random moments under load', async () => {
    const result = await killCampaign({ main: build.main, seed: 7, kills: 6, lanes: 2, points: ['random'] })
    expect(result.faults).toEqual([])
    expect(result.kills.get('random')).toBe(6)
  }, 120_000)

  it('leaves the old schema or the new one, never one between, when it is killed in a migration', async () => {
    expect(await migrationTrials(build.main, 1)).toEqual([])
  }, 60_000)

  it('is found out where a promise is taken away', async () => {
    for (const { name, found } of await runKillControls({ seed: 3, kills: 4 })) {
      expect(found, name).toMatch(/^\d+ doubled/)
    }
  }, 120_000)
})
