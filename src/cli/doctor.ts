import { toAppError } from '../domain/errors.js'
import type { JsonObject } from '../util/json.js'
import { addExamples, addJsonOption, type Declare, type Invocation, printDocument } from './command.js'
import { withDevVariables } from './dev-variables.js'
import { checkClock, compareClocks } from './doctor/clock.js'
import { checkConfiguration } from './doctor/configuration.js'
import type { Finding } from './doctor/finding.js'
import { checkLedger } from './doctor/ledger.js'
import { checkMachine } from './doctor/machine.js'
import { checkModels } from './doctor/models.js'
import { checkPermissions } from './doctor/permissions.js'
import { padTo, wrap } from './text.js'

export const declareDoctor: Declare = (command, invocation) => {
  command.option('--online', 'also ask the model endpoints whether they answer, and others for the time')
  addJsonOption(command)
  addExamples(command, [
    'rouse doctor',
    'rouse doctor --online',
    'rouse doctor --json | jq ".findings[] | select(.state != \\"ok\\")"',
  ])
  command.addHelpText('after', '\nWorks with the daemon running or not. Ends with 1 if anything fails.')
  command.action((options: { online?: boolean; json?: boolean }) => doctor(invocation, options))
}

async function doctor(
  invocation: Invocation,
  { online, json }: { online?: boolean; json?: boolean },
): Promise<void> {
  const environment = await withDevVariables(invocation).catch(() => invocation.io.environment)
  const { config, findings: configured } = await checkConfiguration(invocation, environment)
  const findings: Finding[] = [
    ...(await attempt('machine', () => checkMachine(invocation, config))),
    ...(await attempt('clock', () => checkClock(invocation))),
    ...(online && config ? await attempt('clock', () => compareClocks(config, invocation.io.clock)) : []),
    ...configured,
    ...(await attempt('files', () => checkPermissions(invocation, config))),
    ...(await attempt('ledger', () => checkLedger(invocation, config))),
    ...(await attempt('models', () => checkModels(config, online ?? false))),
  ]
  if (json) printDocument(invocation, { findings: findings.map(findingDocument) })
  else invocation.io.out(formatFindings(findings, invocation))
  if (findings.some(({ state }) => state === 'fail')) invocation.exitCode = 1
}

/** What goes wrong while looking is a finding, and no reason to stop looking. */
async function attempt(area: string, look: () => Promise<Finding[]>): Promise<Finding[]> {
  try {
    return await look()
  } catch (cause) {
    return [{ area, state: 'fail', text: toAppError(cause).message }]
  }
}

const colours = { ok: 'green', warn: 'yellow', fail: 'red' } as const

export function formatFindings(findings: readonly Finding[], { io }: Pick<Invocation, 'io'>): string {
  const areaWidth = Math.max(...findings.map(({ area }) => area.length))
  const indent = ' '.repeat(6 + areaWidth + 2)
  const lines = findings.map(({ area, state, text, advice }) => {
    const said = advice === undefined ? text : `${text}\n→ ${advice}`
    const shown = wrap(said, io.width - indent.length).replaceAll('\n', `\n${indent}`)
    return `${io.style(colours[state], padTo(state, 4))}  ${padTo(area, areaWidth)}  ${shown}`
  })
  const count = (state: Finding['state']) => findings.filter((finding) => finding.state === state).length
  const fails = count('fail')
  const warns = count('warn')
  const verdict = fails > 0 ? io.style('red', `${fails} to repair`) : io.style('green', 'nothing to repair')
  return `${lines.join('\n')}\n\n${verdict}${warns > 0 ? `, ${warns} to look at` : ''}`
}

function findingDocument({ area, state, text, advice }: Finding): JsonObject {
  return { area, state, text, advice: advice ?? null }
}
