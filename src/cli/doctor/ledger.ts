import { localAddress } from '../../config/addresses.js'
import type { Config } from '../../config/config.js'
import { AppError, toAppError } from '../../domain/errors.js'
import type { Diagnosis } from '../../store/records.js'
import type { Store } from '../../store/store.js'
import { utcDay } from '../../util/clock.js'
import { formatDuration } from '../../util/duration.js'
import { createNetwork } from '../../util/fetch.js'
import { sayAlertTimes, standingAlerts } from '../alerts.js'
import { type Invocation, whenOf } from '../command.js'
import { hookUrl } from '../configuration.js'
import { withLedger } from '../ledger.js'
import { count, formatBytes, plain } from '../text.js'
import type { Finding } from './finding.js'
import { checkSecrets } from './secrets.js'

/** The ledger, what waits in it, and what it knows of each source. */
export async function checkLedger(invocation: Invocation, config: Config | undefined): Promise<Finding[]> {
  const findings: Finding[] = [await daemonState(config)]
  try {
    await withLedger(invocation, async (store) => {
      const diagnosis = await store.diagnose()
      findings.push(
        ...settings(diagnosis),
        extent(invocation, diagnosis),
        ...origin(invocation, diagnosis),
        ...(await work(store, invocation.io.clock.now())),
        ...(await alerts(invocation, store)),
      )
      if (config) {
        findings.push(...(await sources(invocation, store, config)))
        findings.push(...(await checkSecrets(invocation, store, config)))
      }
    })
  } catch (cause) {
    const error = toAppError(cause)
    const isNew = error instanceof AppError && error.code === 'store.not_found'
    findings.push({ area: 'ledger', state: isNew ? 'warn' : 'fail', text: plain(error.message) })
  }
  return findings
}

async function daemonState(config: Config | undefined): Promise<Finding> {
  if (!config) return { area: 'daemon', state: 'warn', text: 'not asked: the configuration does not load' }
  const address = localAddress(config.server)
  if (config.server.hooks.port === 0)
    return { area: 'daemon', state: 'ok', text: 'not asked: it listens on a port of its own choice' }
  const network = createNetwork()
  try {
    const url = `http://${address}/healthz`
    const answer = await network.request({
      method: 'GET',
      url,
      headers: {},
      timeoutMs: 3000,
      maxBytes: 10_000,
      allowPrivate: true,
    })
    if (answer.status === 200)
      return { area: 'daemon', state: 'ok', text: `it runs, and takes deliveries on ${address}` }
    const advice = 'look in its log; senders are told to come back'
    return {
      area: 'daemon',
      state: 'fail',
      text: `something on ${address} answers /healthz with ${answer.status}`,
      advice,
    }
  } catch {
    const advice = '`rouse start`; until then senders get no answer and try again, if they do'
    return { area: 'daemon', state: 'warn', text: `nothing answers on ${address}`, advice }
  } finally {
    await network.close()
  }
}

function settings(diagnosis: Diagnosis): Finding[] {
  const { engine, engineVersion, schemaVersion, place, settings: found } = diagnosis
  const text = `${place}: ${engine} ${engineVersion}, schema ${schemaVersion}`
  const wrong = found.filter(({ value, expected }) => value !== expected)
  if (wrong.length === 0)
    return [
      {
        area: 'ledger',
        state: 'ok',
        text: `${text}; ${count(found.length, 'setting')} read back as they should be`,
      },
    ]
  const list = wrong.map(
    ({ connection, name, value, expected }) => `${connection}.${name} is ${value}, not ${expected}`,
  )
  const advice =
    'this build of SQLite or this file system does not do what it is told; move the ledger to a local disk'
  return [{ area: 'ledger', state: 'fail', text: `${text}; ${list.join(', ')}`, advice }]
}

/** How much there is, and since when. */
function extent(invocation: Invocation, { sizeBytes, reusableBytes, oldestEventAt }: Diagnosis): Finding {
  const oldest =
    oldestEventAt === undefined ? 'no event yet' : `oldest event ${whenOf(invocation).both(oldestEventAt)}`
  const text = `${formatBytes(sizeBytes)}, ${formatBytes(reusableBytes)} of it free to be used again; ${oldest}`
  return { area: 'ledger', state: 'ok', text }
}

/** How long it is said after a backup was taken up that something is missing. */
const restoredShownMs = 14 * 86_400_000

/** Whether it is a copy, which knows nothing of what happened after it was taken. */
function origin(invocation: Invocation, { backupTakenAt, restored }: Diagnosis): Finding[] {
  const when = whenOf(invocation)
  if (backupTakenAt !== undefined) {
    const text = `it is a backup, taken ${when.both(backupTakenAt)}, and the daemon does not start on it`
    const advice = 'if it is to go on from there: `rouse start --restored`, once'
    return [{ area: 'ledger', state: 'fail', text, advice }]
  }
  if (restored === undefined || invocation.io.clock.now() - restored.at > restoredShownMs) return []
  const from =
    restored.takenAt === undefined ? 'an earlier copy' : `a backup taken ${when.both(restored.takenAt)}`
  const text = `since ${when.both(restored.at)} it goes on from ${from}: what came in between is not in it`
  const advice = 'have senders send that again; polled sources bring it by themselves'
  return [{ area: 'ledger', state: 'warn', text, advice }]
}

/** What stands, each cause once. Its message says what to do. */
async function alerts(invocation: Invocation, store: Store): Promise<Finding[]> {
  const standing = await standingAlerts(store)
  return standing.map((alert) => ({
    area: 'alert',
    // A budget is over by itself, and so set on purpose.
    state: alert.code === 'policy.budget' ? 'warn' : 'fail',
    text: `${plain(alert.cause)}, ${sayAlertTimes(alert, invocation)}: ${plain(alert.message)}`,
  }))
}

/** What waits, and for whom. */
async function work(store: Store, now: number): Promise<Finding[]> {
  const { deliveries, events, runs, approvalsWaiting, held } = await store.counts()
  const findings: Finding[] = [
    {
      area: 'ledger',
      state: 'ok',
      text: `${count(deliveries.recorded, 'delivery', 'deliveries')} recorded, ${deliveries.duplicate} duplicate; ${count(events.dispatched, 'event')} dispatched, ${events.ignored} ignored; runs: ${runs.queued} queued, ${runs.running} running, ${runs.parked} parked, ${runs.completed} completed, ${runs.cancelled} cancelled`,
    },
  ]
  const add = (amount: number, state: Finding['state'], text: string, advice: string) => {
    if (amount > 0) findings.push({ area: 'work', state, text, advice })
  }
  add(
    events.recorded,
    'warn',
    `${count(events.recorded, 'event')} without a decision`,
    'start the daemon; it decides within moments',
  )
  add(
    deliveries.malformed,
    'warn',
    `${count(deliveries.malformed, 'delivery', 'deliveries')} came verified but unreadable`,
    'their bytes are kept; ask the sender what changed',
  )
  add(
    approvalsWaiting,
    'warn',
    `${count(approvalsWaiting, 'approval waits', 'approvals wait')} for a person`,
    '`rouse approvals`',
  )
  add(
    held,
    'fail',
    `${count(held, 'write')} with an unknown outcome ${held === 1 ? 'is' : 'are'} held`,
    '`rouse approvals` shows them; say what became of them with `rouse approve`',
  )
  add(
    runs.failed,
    'warn',
    `${count(runs.failed, 'run')} failed and will be tried again`,
    '`rouse runs --state failed`',
  )
  // As the dashboard counts them: what was replayed since waits for nobody.
  const dead = (await store.stuck(now)).dead.reduce((sum, one) => sum + one.count, 0)
  add(
    dead,
    'warn',
    `${count(dead, 'run')} ${dead === 1 ? 'is' : 'are'} dead`,
    '`rouse runs --state dead`, then `rouse replay --since 7d --failed`',
  )
  return findings
}

async function sources(invocation: Invocation, store: Store, config: Config): Promise<Finding[]> {
  const when = whenOf(invocation)
  const refused = await store.refusals(utcDay(invocation.io.clock.now()))
  const findings: Finding[] = []
  for (const { name, kind, options, keepMs } of config.sources.values()) {
    const [last] = await store.listEvents({ source: name, limit: 1 })
    const latest = last ? `last event ${when.both(last.recordedAt)}` : 'no event yet'
    const where = hookUrl(config, name, kind)
    const cursor = where === undefined ? await store.cursor(name) : undefined
    const secrets = secretCount(options)
    const parts = [`${name} (${kind})`, where, secrets === 0 ? undefined : count(secrets, 'secret'), latest]
    if (cursor) parts.push(`next tick ${when.both(cursor.nextAt)}`)
    parts.push(keepMs === undefined ? 'kept for ever' : `kept for ${formatDuration(keepMs)}`)
    const text = parts.filter((part) => part !== undefined).join(', ')
    if (cursor?.lastError !== undefined) {
      const ok =
        cursor.lastOkAt === undefined ? 'never went well' : `last went well ${when.both(cursor.lastOkAt)}`
      const advice = 'it is tried again by itself; nothing is lost, the cursor stays where it was'
      findings.push({
        area: 'source',
        state: 'warn',
        text: `${text}; ${ok}: ${plain(cursor.lastError)}`,
        advice,
      })
    } else findings.push({ area: 'source', state: 'ok', text })
  }
  for (const { source, reason, count: times, sample } of refused) {
    const example = sample === undefined ? '' : `, for example: ${plain(sample)}`
    const isClock = clockReasons.includes(reason) && times >= manyForClock
    const advice = isClock
      ? 'is the clock of this machine right? Signed times are compared with it: `timedatectl`, or `rouse doctor --online`, which asks others for theirs'
      : 'if these are the sender’s own, compare its secret with config.yaml; else somebody is trying'
    const text = `${plain(source)} refused ${count(times, 'delivery', 'deliveries')} today, ${plain(reason)}${example}`
    findings.push({ area: 'source', state: 'warn', text, advice })
  }
  return findings
}

/** Some of these are always somebody's replay; many in a day are more likely a clock that is wrong. */
const manyForClock = 5
const clockReasons: readonly string[] = ['verification.stale_timestamp', 'verification.future_timestamp']

/** How many secrets a source's options hold, whatever its kind calls them. */
function secretCount(options: unknown): number {
  if (typeof options !== 'object' || options === null) return 0
  let found = 0
  for (const [key, value] of Object.entries(options)) {
    if (/^(secret|token)s?$/.test(key))
      found += Array.isArray(value) ? value.length : value === undefined ? 0 : 1
    else if (key === 'verify') found += secretCount(value)
  }
  return found
}
