import { expect, it } from 'vitest'
import { sayUnmatched } from '../../src/sources/engine/unmatched.js'

it.each([
  [1, 1, 'the secret does not give the signature'],
  [1, 2, 'the secret gives none of the 2 signatures'],
  [2, 1, 'none of 2 secrets gives the signature'],
  [2, 3, 'none of 2 secrets gives one of the 3 signatures'],
])('says of %i secrets and %i signatures that none fits, without a plural of one', (secrets, given, said) => {
  expect(sayUnmatched(secrets, given)).toBe(said)
})
