import { StoreError } from '../../domain/errors.js'
import { isFinal, type RunOutcome, type RunState, runTransitions } from '../../domain/run.js'
import type { Begun } from '../records.js'
import type { Store } from '../store.js'
import { begunCounter } from './begun-runs.js'
import type { Endings } from './endings.js'
import { leaseLost, whereLeased } from './leases.js'
import { origins } from './origins.js'
import type { RunRow } from './rows.js'
import { writePlain } from './stored-json.js'
import type { Writer } from './writer.js'

type Runs = Pick<Store, 'beginRun' | 'recordRefreshed' | 'finish' | 'cancelRun'>

/** What a run writes of itself. */
export function runs(writer: Writer, endings: Endings): Runs {
  const { db } = writer
  const held = db.prepare<unknown[], { agent: string; started_at: number | null }>(
    `SELECT agent, started_at FROM runs WHERE ${whereLeased}`,
  )
  const begin = db.prepare<unknown[], { config_digest: string }>(`
    UPDATE runs SET config_digest = coalesce(iif(turns = 0, NULL, config_digest), ?), started_at = coalesce(started_at, ?)
    WHERE ${whereLeased} RETURNING config_digest`)
  const refresh = db.prepare(`UPDATE runs SET refreshed = ? WHERE ${whereLeased}`)
  const end = db.prepare<unknown[], RunRow>(`
    UPDATE runs SET state = @state, parked_on = @parkedOn, next_at = @nextAt, node = NULL, lease_until = NULL,
      active_ms = active_ms + @activeMs, crashes = 0, attempts = attempts + @failed, finished_at = @finishedAt,
      error_code = @errorCode, error_message = @errorMessage, summary = coalesce(@summary, summary)
    WHERE id = @id AND node = @node AND fence = @fence AND state = 'running' RETURNING *`)
  const endAttempt = db.prepare(`
    UPDATE attempts SET ended_at = ?, outcome = ?, error_code = ?, error_message = ?
    WHERE run_id = ? AND number = ?`)
  const cancel = db.prepare<unknown[], RunRow>(`
    UPDATE runs SET state = 'cancelled', is_ready = 0, is_blocked = 0, parked_on = NULL, next_at = NULL,
      finished_at = ?, error_code = 'run.cancelled', error_message = ?
    WHERE id = ? AND state <> 'running' AND state IN (SELECT value FROM json_each(?)) RETURNING *`)
  const stateOf = db.prepare<[string], { state: RunState }>('SELECT state FROM runs WHERE id = ?')
  const countBegun = begunCounter(db)
  const cancelledFrom = origins(runTransitions, 'cancelled')

  return {
    beginRun: (lease, configDigest, now, limits = {}) =>
      writer.write((): Begun => {
        const key = [lease.runId, lease.node, lease.fence]
        const run = held.get(...key)
        if (!run) throw leaseLost(lease)
        const { agent, started_at: startedAt } = run
        const over = startedAt === null ? countBegun({ id: lease.runId, agent }, limits, now) : undefined
        if (over) return over
        const row = begin.get(configDigest, now, ...key)
        if (!row) throw leaseLost(lease)
        return { state: 'begun', configDigest: row.config_digest }
      }),

    recordRefreshed: (lease, refreshed) => {
      const text = writePlain(refreshed)
      return writer.write(() => {
        if (refresh.run(text, lease.runId, lease.node, lease.fence).changes === 0) throw leaseLost(lease)
      })
    },

    finish: (lease, wanted, activeMs, now) =>
      writer.write(() => {
        const { runId: id, node, fence } = lease
        const outcome = (isFinal(wanted.state) ? undefined : endings.supersededOutcome(id)) ?? wanted
        const columns = columnsOf(outcome)
        const finishedAt = isFinal(outcome.state) ? now : null
        const run = end.get({ ...columns, id, node, fence, finishedAt, activeMs: Math.round(activeMs) })
        if (!run) throw leaseLost(lease)
        endAttempt.run(now, outcome.state, columns.errorCode, columns.errorMessage, id, fence)
        if (isFinal(outcome.state)) endings.ended(run, now)
        else if (outcome.state === 'parked') endings.wakeIfDecided(id)
      }),

    cancelRun: (runId, reason, now) =>
      writer.write(() => {
        const run = cancel.get(now, reason, runId, cancelledFrom)
        if (run) return endings.ended(run, now)
        const state = stateOf.get(runId)?.state
        if (state === undefined) throw new StoreError('store.not_found', `there is no run ${runId}`)
        throw new StoreError(
          'store.conflict',
          `run ${runId} is ${state}; only one that is queued, parked or failed can be cancelled`,
        )
      }),
  }
}

function columnsOf(outcome: RunOutcome) {
  const error = 'error' in outcome ? outcome.error : undefined
  return {
    state: outcome.state,
    parkedOn: outcome.state === 'parked' ? outcome.on : null,
    nextAt:
      (outcome.state === 'parked' ? outcome.until : outcome.state === 'failed' ? outcome.nextAt : null) ??
      null,
    failed: outcome.state === 'failed' ? 1 : 0,
    errorCode: error?.code ?? null,
    errorMessage: error?.message ?? null,
    summary: outcome.state === 'completed' ? outcome.summary : null,
  }
}
