import type { Approval } from '../domain/approval.js'
import { type BudgetLine, budgetsOf as budgetsBy } from '../runs/budgets.js'
import type { Journal, StoredEvent } from '../store/records.js'
import type { Store } from '../store/store.js'
import type { Invocation } from './command.js'
import { loadWithoutSecrets } from './without-secrets.js'

export type { BudgetLine }

/** By today's config.yaml; undefined where that does not load or no longer fits the call. */
export async function budgetsOf(
  store: Store,
  approval: Approval,
  journal: Journal,
  event: StoredEvent,
  invocation: Invocation,
): Promise<BudgetLine[] | undefined> {
  const loaded = await loadWithoutSecrets(invocation).catch(() => undefined)
  if (!loaded) return undefined
  const now = invocation.io.clock.now()
  return budgetsBy(store, approval, journal, event, { config: loaded.config, now })
}
