import { afterAll, beforeAll, describe, it } from 'vitest'
import { deletionTrials, killCampaign, migrationTrials, runKillControls } from '../support/faults/campaign.js'
import { namedPoints } from '../support/faults/lane.js'
import { type MutatedDist, mutatedDist } from '../support/mutated-dist.js'

// A process waits more than it works: side by side these take half of their time.
describe.concurrent('the real process', () => {
  let build: MutatedDist
  beforeAll(() => {
    build = mutatedDist([])
  })
  afterAll(() => build.remove())

  it('loses and doubles nothing when it is killed at every point', async ({ expect }) => {
    const kills = namedPoints.length
    const result = await killCampaign({ main: build.main, seed: 21, kills, lanes: 1, points: namedPoints })
    expect(result.faults).toEqual([])
    expect([...result.notReached.keys()]).toEqual([])
    expect([...result.kills.keys()].sort()).toEqual(namedPoints)
    const sum = (key: 'acked' | 'effects' | 'held') =>
      [...result.byPoint.values()].reduce((total, tally) => total + tally[key], 0)
    expect(sum('acked')).toBeGreaterThan(70)
    expect(sum('effects')).toBeGreaterThan(50)
    expect(sum('held')).toBeGreaterThan(5)
  }, 300_000)

  it('loses and doubles nothing when it is killed at random moments under load', async ({ expect }) => {
    const points = ['random', 'random', 'load'] as const
    const result = await killCampaign({ main: build.main, seed: 7, kills: 6, lanes: 1, points })
    expect(result.faults).toEqual([])
    expect(result.kills).toEqual(
      new Map([
        ['random', 4],
        ['load', 2],
      ]),
    )
  }, 300_000)

  it('leaves the old schema or the new one, never one between, when it is killed in a migration', async ({
    expect,
  }) => {
    expect(await migrationTrials(build.main, 1)).toEqual([])
  }, 300_000)

  it('keeps what is unfinished, and knows what is gone, when it is killed while it deletes what is old', async ({
    expect,
  }) => {
    expect(await deletionTrials(build.main, 1)).toEqual([])
  }, 300_000)

  it('is found out where a promise is taken away', async ({ expect }) => {
    for (const { name, found } of await runKillControls({ seed: 3, kills: 2 })) {
      expect(found, name).toMatch(/^\d+ doubled/)
    }
  }, 300_000)
})
