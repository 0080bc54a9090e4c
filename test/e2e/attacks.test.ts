import { describe, expect, it } from 'vitest'
import { playAll } from '../support/attacks/all.js'
import { ownFile, readAttacks } from '../support/attacks/format.js'
import { playWithout, type Removal, removals } from '../support/attacks/mutations.js'
import { reportOf } from '../support/attacks/report.js'

const file = readAttacks(ownFile)

describe('the cases of attacks', () => {
  it('come out as the file says: nothing uninvited, and nothing that was granted held up', {
    timeout: 300_000,
  }, async () => {
    const results = await playAll(file)
    const wrong = results.filter(({ isRight }) => !isRight)
    expect(wrong.length === 0 ? [] : reportOf(wrong).split('\n')).toEqual([])
    const { enforcement, benign, receiver } = file
    expect(results.length).toBe(enforcement.length + benign.length + receiver.length)
  })

  it.each(removals.filter(({ concept }) => /^(label|budget):/.test(concept)))(
    'come out wrong without $concept',
    { timeout: 120_000 },
    async (removal: Removal) => {
      const { found } = await playWithout(removal, ownFile, file)
      expect(found).not.toEqual([])
    },
  )
})
