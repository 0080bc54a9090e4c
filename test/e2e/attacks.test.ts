import { describe, expect, it } from 'vitest'
import { playAll } from '../support/attacks/all.js'
import { type AttackFile, ownFile, readAttacks } from '../support/attacks/format.js'
import { circumstancesOf } from '../support/attacks/given.js'
import { playWithout, type Removal, removals } from '../support/attacks/mutations.js'
import { reportOf } from '../support/attacks/report.js'

const whole = readAttacks(ownFile)

/** Of those that need a daemon of their own, one of each sort. `npm run attack` plays all of them, and the raw requests. */
const alone: ReadonlySet<string> = new Set(['A037', 'A046', 'A063', 'A081', 'A104', 'A105', 'A113', 'B18'])

const file: AttackFile = {
  ...whole,
  enforcement: whole.enforcement.filter((one) => circumstancesOf(one).isOrdinary || alone.has(one.id)),
  benign: whole.benign.filter((one) => circumstancesOf(one).isOrdinary || alone.has(one.id)),
  receiver: [],
}

describe('the cases of attacks', () => {
  it('come out as the file says: nothing uninvited, and nothing that was granted held up', {
    timeout: 300_000,
  }, async () => {
    const results = await playAll(file)
    const wrong = results.filter(({ isRight }) => !isRight)
    expect(wrong.length === 0 ? [] : reportOf(wrong).split('\n')).toEqual([])
    expect(results.length).toBe(file.enforcement.length + file.benign.length)
    expect(results.length).toBeGreaterThan(40)
  })

  it.each(removals.filter(({ concept }) => concept.startsWith('budget:')))(
    'come out wrong without $concept',
    { timeout: 120_000 },
    async (removal: Removal) => {
      const { found } = await playWithout(removal, ownFile, whole)
      expect(found).not.toEqual([])
    },
  )
})
