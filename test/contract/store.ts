import { afterEach, beforeEach, describe } from 'vitest'
import type { Store } from '../../src/store/store.js'
import { alertPromises } from './store-alerts.js'
import { arrivalPromises } from './store-arrivals.js'
import { claimPromises } from './store-claims.js'
import { echoPromises } from './store-echoes.js'
import { mailboxPromises } from './store-mailboxes.js'
import { overviewPromises } from './store-overview.js'
import { pausePromises } from './store-pauses.js'
import { policyPromises } from './store-policy.js'
import { readingPromises } from './store-reading.js'
import { retentionPromises } from './store-retention.js'
import { runPromises } from './store-runs.js'
import { searchPromises } from './store-search.js'
import { toolCallPromises } from './store-tool-calls.js'

/** An empty ledger, made anew for each test. */
export interface Ledger {
  readonly store: Store
  /** The same ledger over connections of its own, as another process would open it. */
  another(): Promise<Store>
  close(): Promise<void>
}

/** What every store promises (store/store.ts); run against each engine. */
export function storeContract(name: string, make: () => Promise<Ledger>): void {
  describe(`${name} keeps the contract of the store`, () => {
    let ledger: Ledger
    beforeEach(async () => {
      ledger = await make()
    })
    afterEach(() => ledger.close())
    const subject = { store: () => ledger.store, another: () => ledger.another() }

    describe('what is told', () => alertPromises(subject))
    describe('arrivals', () => arrivalPromises(subject))
    describe('claims and leases', () => claimPromises(subject))
    describe('echoes and runs of a day', () => echoPromises(subject))
    describe('mailboxes', () => mailboxPromises(subject))
    describe('pauses, alerts and looks', () => pausePromises(subject))
    describe('runs', () => runPromises(subject))
    describe('tool calls and approvals', () => toolCallPromises(subject))
    describe('what policy asks of it', () => policyPromises(subject))
    describe('reading', () => readingPromises(subject))
    describe('the whole of it', () => overviewPromises(subject))
    describe('the search', () => searchPromises(subject))
    describe('retention', () => retentionPromises(subject))
  })
}

export interface Subject {
  store(): Store
  another(): Promise<Store>
}
