import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { playAll } from '../support/attacks/all.js'
import { type AttackFile, ownFile, readAttacks } from '../support/attacks/format.js'
import { playWithout, type Removal, removals } from '../support/attacks/mutations.js'
import { reportOf } from '../support/attacks/report.js'

const whole = readAttacks(ownFile)

/** Some of each sort; `npm run attack` plays all of them, and the raw requests. */
const some: ReadonlySet<string> = new Set([
  ...['A010', 'A013', 'A032', 'A036', 'A044', 'A046', 'A050', 'A085', 'A088', 'A113'],
  ...['B01', 'B02', 'B08', 'B11'],
])

const file: AttackFile = {
  ...whole,
  enforcement: whole.enforcement.filter(({ id }) => some.has(id)),
  benign: whole.benign.filter(({ id }) => some.has(id)),
  receiver: [],
}

describe('the cases of attacks', () => {
  it('come out as the file says: nothing uninvited, and nothing that was granted held up', {
    timeout: 300_000,
  }, async () => {
    const results = await playAll(file)
    const wrong = results.filter(({ isRight }) => !isRight)
    expect(wrong.length === 0 ? [] : reportOf(wrong).split('\n')).toEqual([])
    expect(results.map(({ id }) => id).sort()).toEqual([...some].sort())
  })

  it('come out as another file says, in another world and other words', { timeout: 120_000 }, async () => {
    const more = resolve(import.meta.dirname, '../fixtures/more-attacks.json')
    const only = ['A203', 'A206', 'A213', 'B51', 'B52', 'B58']
    const results = await playAll({ ...readAttacks(more), receiver: [] }, { only })
    const wrong = results.filter(({ isRight }) => !isRight)
    expect(wrong.length === 0 ? [] : reportOf(wrong).split('\n')).toEqual([])
    expect(results.map(({ id }) => id)).toEqual(only)
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
