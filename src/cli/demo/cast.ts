/** Who and what the demo is about. The deliveries, the local APIs and the script agree on these. */

export const build = {
  repo: 'acme/web',
  repositoryId: 507112001,
  run: 17301442870,
  workflow: 88120443,
  sha: '7f3c19e2b0a54d7c8e6f1a2b3c4d5e6f70819203',
  pullRequest: 42,
  branch: 'checkout-totals',
} as const

export const claim = {
  dispute: 'du_1SQk7aLkdIwHu7ixV0c9Tq3e',
  charge: 'ch_3SPw2bLkdIwHu7ix0mZrA8dK',
  customer: 'cus_TkR4vN0xqYp2Wd',
  paymentIntent: 'pi_3SPw2bLkdIwHu7ix0b7Qe1Zs',
  /** What was paid, and what of it is in dispute: a second refund would go through, and so would show. */
  paid: 9900,
  disputed: 4200,
} as const

export const ticket = { id: 35436, requester: 20978392, organization: 509974, account: 22129848 } as const

export const deal = { id: 'deal_8841', company: 'Nordlicht Logistik' } as const
