import { beforeEach, describe, expect, it } from 'vitest'
import { StoreError } from '../../src/domain/errors.js'
import { Alerts } from '../../src/runs/alerts.js'
import type { Alert, NewAlert } from '../../src/store/records.js'
import { createLogger } from '../../src/util/log.js'
import { FakeClock } from '../support/fake-clock.js'

const away: NewAlert = { cause: 'model default', code: 'model.unavailable', message: 'it answers 503' }
const full: NewAlert = { cause: 'ledger', code: 'store.unavailable', message: 'disk full' }

let lines: { level: string; alert?: string; msg: string }[]
let written: string[]
let isFull: boolean

beforeEach(() => {
  lines = []
  written = []
  isFull = false
})

function open(known: Alert[] = []): Promise<Alerts> {
  const write = async (what: string) => {
    if (isFull) throw new StoreError('store.unavailable', 'disk full', { retry: 'later' })
    written.push(what)
    return true
  }
  return Alerts.open({
    clock: new FakeClock(),
    log: createLogger({ level: 'debug', destination: { write: (line) => lines.push(JSON.parse(line)) } }),
    store: {
      listAlerts: async () => known,
      raiseAlert: ({ cause }) => write(`raise ${cause}`),
      resolveAlert: (cause) => write(`resolve ${cause}`),
    },
  })
}

describe('an alert', () => {
  it('is told once when it begins and once when it is over, and counted between', async () => {
    const alerts = await open()
    for (let times = 0; times < 5; times++) alerts.raise(away)
    alerts.resolve(away.cause)
    alerts.resolve(away.cause)
    await alerts.settled()
    expect(lines.map(({ level, msg }) => [level, msg])).toEqual([
      ['error', 'it answers 503'],
      ['info', 'over: model default'],
    ])
    expect(written).toEqual([...Array(5).fill('raise model default'), 'resolve model default'])
  })

  it('that stood before the start is not told again, and is over as any other', async () => {
    const alerts = await open([{ ...away, count: 3, raisedAt: 1, lastAt: 2, resolvedAt: undefined }])
    alerts.raise(away)
    alerts.resolve(away.cause)
    await alerts.settled()
    expect(lines.map(({ msg }) => msg)).toEqual(['over: model default'])
  })

  it('that cannot be written is told all the same, and says so once', async () => {
    isFull = true
    const alerts = await open()
    for (let times = 0; times < 5; times++) alerts.raise(full)
    await alerts.settled()
    expect(lines.map(({ level }) => level)).toEqual(['error', 'warn'])
  })
})

describe('the alert that the ledger cannot be written', () => {
  it('stands until it can be written itself', async () => {
    isFull = true
    const alerts = await open()
    alerts.raise(full)
    await alerts.tryLedger()
    expect(alerts.isLedgerAway).toBe(true)
    isFull = false
    await alerts.tryLedger()
    await alerts.settled()
    expect(alerts.isLedgerAway).toBe(false)
    expect(written).toEqual(['raise ledger', 'resolve ledger'])
  })

  it('is not over by a write where it was raised for another fault', async () => {
    const alerts = await open()
    alerts.raise({ ...full, code: 'internal.unexpected' })
    expect(alerts.isLedgerAway).toBe(false)
    expect(await alerts.tryLedger()).toBe(false)
    expect(alerts.isStanding('ledger')).toBe(true)
  })

  it('is not raised by looking', async () => {
    const alerts = await open()
    await alerts.tryLedger()
    expect(written).toEqual([])
  })
})
