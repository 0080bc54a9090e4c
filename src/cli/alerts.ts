import type { Alert } from '../store/records.js'
import type { Store } from '../store/store.js'
import { type Invocation, whenOf } from './command.js'
import { count, plain, wrap } from './text.js'

const mostShown = 100

/** What stands now, the newest first. */
export async function standingAlerts(store: Pick<Store, 'listAlerts'>): Promise<Alert[]> {
  return (await store.listAlerts(mostShown)).filter(({ resolvedAt }) => resolvedAt === undefined)
}

/** `since 03:12:07 (2h ago), 14 times`. */
export function sayAlertTimes({ raisedAt, count: times }: Alert, invocation: Invocation): string {
  const since = `since ${whenOf(invocation).both(raisedAt)}`
  return times === 1 ? since : `${since}, ${count(times, 'time')}`
}

/** One block for each: the cause and its times, then what happened and what to do. */
export function formatAlerts(alerts: readonly Alert[], invocation: Invocation): string {
  const { io } = invocation
  return alerts
    .map((alert) => {
      const head = `${io.style('red', `! ${plain(alert.cause)}`)}  ${io.style('dim', sayAlertTimes(alert, invocation))}`
      return `${head}\n  ${wrap(plain(alert.message), io.width - 2, '  ')}`
    })
    .join('\n')
}
