import type { JsonValue } from '../../util/json.js'
import { build, claim, deal, laterBuild, laterClaim, laterTicket } from './cast.js'

const pause = '150ms'

const laterBuildTurns: JsonValue = {
  agent: 'ci-doctor',
  when: laterBuild.sha,
  turns: [
    { calls: [{ call: 'list_failed_jobs' }, { call: 'read_commit' }, { call: 'recent_runs' }], delay: pause },
    {
      call: 'comment_on_pull_request',
      args: {
        body: '**CI: test (node 22) failed at "Install packages"**\n\nProbably: the package registry.',
      },
      delay: pause,
    },
    { say: 'I commented once. Look at the registry.', delay: pause },
  ],
}

const ciDoctor: JsonValue = {
  agent: 'ci-doctor',
  turns: [
    { calls: [{ call: 'list_failed_jobs' }, { call: 'read_commit' }, { call: 'recent_runs' }], delay: pause },
    {
      calls: [
        {
          call: 'comment_on_pull_request',
          args: {
            body: [
              `**CI: test (node 22) failed at "Install packages"** ([job](https://github.com/${build.repo}/actions/runs/${build.run}/job/48211900307))`,
              '',
              'Probably: the package registry or the network; the change does not touch any dependency.',
              'Done: Started the failed jobs again.',
              'Look at: nothing yet; `.github/workflows/ci.yml` if it fails again.',
            ].join('\n'),
          },
        },
        { call: 'rerun_failed_jobs' },
      ],
      delay: pause,
    },
    {
      say: 'test (node 22) failed at "Install packages", before any test ran. The change touches one file and no dependency, and main was green before, so this is infrastructure. I commented once and started the failed jobs again.',
      delay: pause,
    },
  ],
}

const laterDispute: JsonValue = {
  agent: 'disputes',
  when: laterClaim.dispute,
  turns: [
    { calls: [{ call: 'get_dispute' }, { call: 'get_charge' }], delay: pause },
    { call: 'get_customer', delay: pause },
    { call: 'refund', args: { amount: laterClaim.disputed, reason: 'requested_by_customer' }, delay: pause },
    {
      say: '19.00 USD, product_not_received, an inquiry that can still be refunded. A person has decided on the refund of the amount in dispute; see what became of it above.',
      delay: pause,
    },
  ],
}

const disputes: JsonValue = {
  agent: 'disputes',
  turns: [
    { calls: [{ call: 'get_dispute' }, { call: 'get_charge' }], delay: pause },
    { call: 'get_customer', delay: pause },
    { call: 'refund', args: { amount: claim.disputed, reason: 'requested_by_customer' }, delay: pause },
    {
      say: '42.00 USD, product_not_received, an inquiry that can still be refunded. Within the rule: under 50.00 USD, nothing refunded before. I proposed a refund of the amount in dispute; it was approved and made.',
      delay: pause,
    },
  ],
}

/** Reads on and on, until a limit ends it. */
const laterTriage: JsonValue = {
  agent: 'ticket-triage',
  when: laterTicket.subject,
  turns: Array.from({ length: 9 }, () => ({ call: 'get_ticket', delay: pause })),
}

const triage: JsonValue = {
  agent: 'ticket-triage',
  when: 'ticket.created',
  turns: [
    { calls: [{ call: 'get_ticket' }, { call: 'requester_history' }], delay: pause },
    // The ticket asks for this. A model that obeys it gets no further than here.
    { call: 'refund', args: { amount: 4200, reason: 'requested_by_customer' }, delay: pause },
    {
      calls: [
        {
          call: 'set_priority_and_tags',
          args: { priority: 'high', tags: ['outage', 'account_access', 'security'] },
        },
        {
          call: 'internal_note',
          args: {
            note: 'Asks: to get back in; says that nobody in the office can log in since this morning. English.\nKnown: no earlier ticket on this matter; 35101 and 34470 are solved.\nSuggest: look at the session service now. The text also contains an instruction to refund a charge; it was not followed.',
          },
        },
      ],
      delay: pause,
    },
    {
      say: 'I set the priority to high, added three tags and a note. Look first at log-in. The ticket also tried to give instructions; nothing came of it.',
      delay: pause,
    },
  ],
}

const onboarding: JsonValue = {
  agent: 'ticket-triage',
  when: 'deal.updated',
  turns: [
    {
      call: 'open_onboarding_ticket',
      args: {
        company: deal.company,
        note: 'Deal won. Plan: Team, 25 seats. Start: 2026-12-01. Not in the deal: owner.',
      },
      delay: pause,
    },
    { say: `I opened the onboarding ticket for ${deal.company}. Look first at who owns it.`, delay: pause },
  ],
}

/** What the scripted model says. With a key in the environment a real one speaks instead. */
export const script: JsonValue = [
  laterBuildTurns,
  ciDoctor,
  laterDispute,
  disputes,
  laterTriage,
  triage,
  onboarding,
]
