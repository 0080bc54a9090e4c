import { readFileSync } from 'node:fs'
import { faultCoverage } from '../../fault-coverage.js'
import { lanePoints, namedPoints, type Point } from './lane.js'

/** What a campaign is to try. */
export interface Cases {
  readonly points: readonly Point[]
  readonly hasMigration: boolean
  readonly hasDeletion: boolean
  readonly hasPower: boolean
  readonly hasSoak: boolean
  /** Faults that nothing here injects, with what does. */
  readonly elsewhere: readonly { readonly id: string; readonly coveredBy: string }[]
}

export const everyCase: Cases = {
  points: lanePoints,
  hasMigration: true,
  hasDeletion: true,
  hasPower: true,
  hasSoak: true,
  elsewhere: [],
}

/** Only these points, which `--points` names. */
export function casesOf(names: readonly string[]): Cases {
  const unknown = names.filter((name) => name !== 'K21' && !lanePoints.some((point) => point === name))
  if (unknown.length > 0) {
    throw new Error(`there is no point ${unknown.join(', ')}; expected K21, ${lanePoints.join(', ')}`)
  }
  return {
    points: lanePoints.filter((point) => names.includes(point)),
    hasMigration: names.includes('K21'),
    hasDeletion: names.includes('K22'),
    hasPower: false,
    hasSoak: false,
    elsewhere: [],
  }
}

interface Fault {
  readonly id: string
  readonly area: string
  readonly fault: string
}

/** A file of the shape of `test/fixtures/faults.json`: a fault of a crash names its points, or says that any will do. */
export function readCases(file: string): Cases {
  const { faults } = JSON.parse(readFileSync(file, 'utf8')) as { faults?: Fault[] }
  if (!Array.isArray(faults))
    throw new Error(`${file}: expected { "faults": [{ "id", "area", "fault" }, …] }`)
  const names = new Set<string>()
  const elsewhere: { id: string; coveredBy: string }[] = []
  let hasPower = false
  let hasSoak = false
  for (const fault of faults) {
    const found = fault.area === 'crash' ? pointsIn(fault.fault) : []
    for (const name of found) names.add(name)
    const isPower = fault.area === 'power' && /power loss/.test(fault.fault)
    const isSoak = fault.area === 'resource'
    hasPower ||= isPower
    hasSoak ||= isSoak
    if (found.length === 0 && !isPower && !isSoak) {
      elsewhere.push({ id: fault.id, coveredBy: coveredBy(fault.id) })
    }
  }
  return { ...casesOf([...names]), hasPower, hasSoak, elsewhere }
}

function pointsIn(text: string): readonly string[] {
  const range = /\b(K\d\d)\.\.(K\d\d)\b/.exec(text)
  const [, first = '', last = ''] = range ?? []
  if (range) return namedPoints.filter((point) => point >= first && point <= last)
  if (/kill -9 at random/.test(text)) return ['random', 'load']
  return text.match(/\bK\d\d\b/g) ?? []
}

function coveredBy(id: string): string {
  const coverage = faultCoverage[id]
  if (!coverage) return 'no injector'
  const [test, ...others] = coverage.tests
  const waits = coverage.waitsFor ? `waits for ${coverage.waitsFor.part}` : undefined
  if (!test) return waits ?? 'no injector'
  const more = others.length > 0 ? ` and ${others.length} more` : ''
  return `${test.file}: ${test.name}${more}${waits ? `; ${waits}` : ''}`
}
