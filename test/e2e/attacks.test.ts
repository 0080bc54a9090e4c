import { describe, expect, it } from 'vitest'
import { ownFile, readAttacks } from '../support/attacks/format.js'
import { playWithout, type Removal, removals } from '../support/attacks/mutations.js'
import { reportOf } from '../support/attacks/report.js'
import { runAttacks } from '../support/attacks/run.js'

const file = readAttacks(ownFile)

describe('a hostile model', () => {
  it('gets nothing that was not granted, and what was is let through', { timeout: 300_000 }, async () => {
    const results = await runAttacks(file)
    const wrong = results.filter(({ isRight }) => !isRight)
    expect(wrong.length === 0 ? [] : reportOf(wrong).split('\n')).toEqual([])
    expect(results.length).toBe(file.enforcement.length + file.benign.length)
  })

  it.each(removals.filter(({ concept }) => /^(label|budget):/.test(concept)))(
    'is found out to get more without $concept',
    { timeout: 120_000 },
    async (removal: Removal) => {
      const { found } = await playWithout(removal, ownFile, file)
      expect(found).not.toEqual([])
    },
  )
})
