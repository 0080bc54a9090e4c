import type { Sample } from '../source.js'

/** Small notifications with the elements that Braintree documents; values are our own. */

function notification(kind: string, subject: string, idText: string): Sample {
  return {
    type: kind,
    body: `<notification>
  <timestamp type="datetime">2026-01-01T00:00:00Z</timestamp>
  <kind>${kind}</kind>
  <source-merchant-id>8xkz4w5r7bt9q2mn</source-merchant-id>
  <subject>${subject}</subject>
</notification>
`,
    idText,
  }
}

export const braintreeSamples: readonly Sample[] = [
  notification(
    'dispute_opened',
    `<dispute>
    <id>4qz8mtw2r6kx9bn5</id>
    <amount>49.00</amount>
    <currency-iso-code>EUR</currency-iso-code>
    <kind>chargeback</kind>
    <status>open</status>
    <reason>fraud</reason>
    <reply-by-date type="date">2026-01-15</reply-by-date>
    <transaction>
      <id>k7v3xq9m</id>
      <amount>49.00</amount>
    </transaction>
  </dispute>`,
    '4qz8mtw2r6kx9bn5',
  ),
  notification(
    'subscription_charged_unsuccessfully',
    `<subscription>
    <id>f8zr2q</id>
    <status>Past Due</status>
    <failure-count type="integer">1</failure-count>
    <transactions type="array">
      <transaction>
        <id>p2wn6tkb</id>
        <amount>9.00</amount>
        <status>processor_declined</status>
      </transaction>
    </transactions>
    <add_ons type="array"/>
  </subscription>`,
    'p2wn6tkb',
  ),
]
