import Database from 'better-sqlite3'
import type { Lease } from '../../../src/domain/run.js'
import type { Journal } from '../../../src/store/records.js'
import type { Store } from '../../../src/store/store.js'
import { arrival, draft, intent, newCall, start, step } from '../../contract/store-fixtures.js'

/** What the scenario may tell to somebody, in order. */
export const told = [
  'record 1',
  'record 2',
  'record 3',
  'dispatch',
  'claim',
  'begin',
  'step',
  'prepare',
  'mark sent',
  'settle',
  'finish',
] as const

export type Told = (typeof told)[number]

/**
 * The shortest life of an event with a write in it. Each of its steps may be done again, after a failure and by the
 * next process: it looks for what the ledger has and does what is missing.
 */
export class Scenario {
  #lease: Lease | undefined
  readonly #call = newCall({ id: 'tcl_1' })

  constructor(
    private readonly store: Store,
    private readonly node: string,
  ) {}

  async run(name: Told): Promise<void> {
    const { store } = this
    const number = /^record (\d)$/.exec(name)?.[1]
    if (number !== undefined) await this.#record(number)
    else if (name === 'dispatch') await this.#dispatch()
    else if ((await store.listRuns({ limit: 1 }))[0]?.state === 'completed') return
    else if (name === 'claim') await this.#claim()
    else if (name === 'finish') await this.#finish()
    else if (name === 'begin') await store.beginRun(this.#held(), 'config', start)
    else if (name === 'step') await this.#step()
    else await this.#advance(name, (await this.#journal()).calls[0]?.state)
  }

  async #record(number: string): Promise<void> {
    const body = Buffer.from(`{"delivery":${number}}`)
    const events = [draft({ sourceEventId: `e${number}`, subject: 's', ids: { number } })]
    await this.store.record(arrival({ body, events }))
  }

  async #dispatch(): Promise<void> {
    const event = (await this.store.undispatched(9)).find(({ ids }) => ids['number'] === '1')
    if (event === undefined) return
    await this.store.saveConfig('config', {}, start)
    await this.store.dispatch(
      [{ eventId: event.id, decisions: [{ agent: 'doctor', reason: 'matched' }] }],
      start,
    )
  }

  async #claim(): Promise<void> {
    const { store, node } = this
    if (this.#lease !== undefined) return
    await store.recoverRuns({ node, alone: true, now: start, maxCrashes: 100 })
    const claimed = await store.claim({ node, now: start, leaseUntil: start + 60_000, notAgents: [] })
    this.#lease = claimed?.lease
  }

  async #step(): Promise<void> {
    if ((await this.#journal()).steps.length > 0) return
    await this.store.appendStep(this.#held(), step({ id: 'stp_1' }), [this.#call], start)
  }

  async #advance(name: Told, state: string | undefined): Promise<void> {
    const { store } = this
    const lease = this.#held()
    if (name === 'prepare' && state === 'proposed') await store.prepare(lease, 'tcl_1', intent(), start)
    if (name === 'mark sent' && state === 'prepared') await store.markSent(lease, 'tcl_1', start)
    if (name === 'settle' && state === 'sent') {
      await store.settle(lease, 'tcl_1', { state: 'confirmed', status: 200 }, start)
    }
  }

  async #finish(): Promise<void> {
    await this.store.finish(this.#held(), { state: 'completed', summary: '' }, 1, start)
  }

  #journal(): Promise<Journal> {
    return this.store.journal(this.#held().runId)
  }

  #held(): Lease {
    if (!this.#lease) throw new Error('no run was claimed')
    return this.#lease
  }
}

/** What each thing that was told looks like in a ledger that has it. */
const proofs: Readonly<Record<Told, string>> = {
  'record 1': "SELECT 1 FROM events WHERE source_event_id = 'e1'",
  'record 2': "SELECT 1 FROM events WHERE source_event_id = 'e2'",
  'record 3': "SELECT 1 FROM events WHERE source_event_id = 'e3'",
  dispatch: "SELECT 1 FROM runs JOIN events ON events.id = event_id WHERE source_event_id = 'e1'",
  claim: 'SELECT 1 FROM runs WHERE fence > 0',
  begin: 'SELECT 1 FROM runs WHERE config_digest IS NOT NULL',
  step: 'SELECT 1 FROM steps JOIN tool_calls ON step_id = steps.id',
  prepare: 'SELECT 1 FROM tool_calls WHERE request IS NOT NULL',
  'mark sent': 'SELECT 1 FROM tool_calls WHERE sends > 0',
  settle: "SELECT 1 FROM tool_calls WHERE state = 'confirmed'",
  finish: "SELECT 1 FROM runs WHERE state = 'completed'",
}

/** What is wrong with a ledger, read with SQLite alone: which of the things that were told it does not have, doubles, damage. */
export function faultsOf(file: string, names: Iterable<Told>): string[] {
  const db = new Database(file, { fileMustExist: true })
  try {
    const missing = [...new Set(names)].filter((name) => db.prepare(proofs[name]).get() === undefined)
    const one = (sql: string) => Number(db.prepare(sql).pluck().get() ?? 0)
    const events = one('SELECT count(*) FROM events')
    const sends = one('SELECT max(sends) FROM tool_calls')
    const integrity = String(db.pragma('integrity_check', { simple: true }))
    return [
      ...missing.map((name) => `"${name}" was told and is not there`),
      ...(events > 3 ? [`${events} events of 3`] : []),
      ...(sends > 1 ? [`sent ${sends} times`] : []),
      ...(integrity === 'ok' ? [] : [integrity]),
    ]
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)]
  } finally {
    db.close()
  }
}
