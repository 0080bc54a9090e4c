import { Cron } from 'croner'
import { z } from 'zod'
import type { JsonValue } from '../util/json.js'
import type { SourceKind } from './source.js'

/**
 * `kind: schedule`: wakes agents by the clock. Nothing arrives, so there is nothing to verify and no ids: an
 * agent on a schedule can use tools without bound ids.
 */
const dataField: z.ZodType<JsonValue> = z.lazy(() =>
  z.union([
    z.string(),
    z.number(),
    z.boolean(),
    z.null(),
    z.array(dataField),
    z.record(z.string(), dataField),
  ]),
)

export const scheduleOptions = z
  .strictObject({
    cron: z.string().min(1).describe('Five fields (or six, with seconds first): 0 7 * * 1-5.'),
    timezone: z.string().min(1).default('UTC').describe('An IANA zone: Europe/Berlin.'),
    type: z.string().min(1).max(200).default('schedule'),
    data: dataField.default({}).describe('The data of each event.'),
  })
  .superRefine(({ cron, timezone }, context) => {
    if (!isTimezone(timezone)) {
      const message = `"${timezone}" is not a time zone; write an IANA name such as Europe/Berlin`
      context.addIssue({ code: 'custom', path: ['timezone'], message })
      return
    }
    const fault = cronFault(cron, timezone)
    if (fault !== undefined)
      context.addIssue({ code: 'custom', path: ['cron'], message: `"${cron}" ${fault}` })
  })

/** A day in 2026; a pattern that has no time after it has none. */
const anyDay = new Date(1_767_225_600_000)

function cronFault(cron: string, timezone: string): string | undefined {
  // croner would also take a date, which comes once and never again.
  if (!/^\S+(\s+\S+){4,5}$/.test(cron.trim())) return 'is not five fields, or six with seconds first'
  try {
    const next = new Cron(cron, { timezone, paused: true, mode: '5-or-6-parts' }).nextRun(anyDay)
    return next === null ? 'never comes' : undefined
  } catch (cause) {
    return `is not a cron pattern: ${cause instanceof Error ? cause.message : String(cause)}`
  }
}

export type ScheduleOptions = z.output<typeof scheduleOptions>

function isTimezone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    return true
  } catch {
    return false
  }
}

export const schedule: SourceKind = {
  kind: 'schedule',
  title: 'Schedule',
  link: 'https://croner.56k.guru/usage/pattern/',
  options: scheduleOptions,
  idNames: () => [],
}
