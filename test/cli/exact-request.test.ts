import { expect, test } from 'vitest'
import { formatRequest } from '../../src/cli/exact-request.js'
import { approval } from './recorded.js'

test('a form is shown as it is sent, and field by field, with nothing hidden', () => {
  expect(formatRequest(approval.request)).toBe(`POST https://api.stripe.com/v1/refunds
content-type:  application/x-www-form-urlencoded
(the credential "stripe" is added when it is sent)

charge=ch_1&amount=1200&reason=fraudulent%20%E2%80%AE
(53 B of body, 1 character in it shown as \\u codes)
  charge  = ch_1
  amount  = 1200
  reason  = fraudulent \\u202e`)
})

test('a body that only looks like JSON is shown as it is', () => {
  const request = { ...approval.request, headers: {}, body: '{"a":\u001b[2J' }
  expect(formatRequest(request)).toContain('{"a":\\u001b[2J')
})
