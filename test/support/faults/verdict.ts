import type { Recorded } from './ledger.js'
import type { Occurrence } from './sender.js'
import type { Kind } from './setting.js'
import type { World } from './world.js'

/** What three records that know nothing of each other say together. */
export interface Verdict {
  /** By the point at which the process died when the occurrence was first sent. */
  readonly byPoint: ReadonlyMap<string, Tally>
  /** By how its API keeps a write from happening twice, and what became of the first request. */
  readonly byFate: ReadonlyMap<string, Tally>
  /** What is not as promised, in words. */
  readonly faults: readonly string[]
}

export interface Tally {
  acked: number
  duplicates: number
  requests: number
  effects: number
  lost: number
  doubled: number
  held: number
  setAside: number
}

interface Found {
  readonly name: string
  readonly kind: Kind
  readonly life: number
  readonly isAcked: boolean
  readonly again: number
  readonly issue: string
  readonly recorded: Recorded | undefined
}

export function judge(options: {
  occurrences: readonly Occurrence[]
  deals: ReadonlyMap<string, number>
  recorded: ReadonlyMap<string, Recorded>
  world: World
  pointOf: (life: number) => string
}): Verdict {
  const { occurrences, deals, recorded, world, pointOf } = options
  const found: Found[] = [
    ...occurrences.map(({ number, kind, life, isAcked, again }) => {
      const name = `acme/web#${number}`
      return { name, kind, life, isAcked, again, issue: String(number), recorded: recorded.get(name) }
    }),
    // What is on the list was promised to be seen.
    ...[...deals].map(([id, life]) => {
      return {
        name: id,
        kind: 'polled' as const,
        life,
        isAcked: true,
        again: 0,
        issue: id,
        recorded: recorded.get(id),
      }
    }),
  ]
  const byPoint = new Map<string, Tally>()
  const byFate = new Map<string, Tally>()
  const faults: string[] = []
  for (const one of found) {
    const told = tell(one, world)
    const protection = one.kind === 'probe' || one.kind === 'neither' ? one.kind : 'key'
    add(byPoint, pointOf(one.life), told.tally)
    add(byFate, `${protection}, ${world.fate(one.issue)}`, told.tally)
    faults.push(
      ...told.faults.map(
        (fault) => `${one.name} (${one.kind}, ${pointOf(one.life)}, ${world.fate(one.issue)}): ${fault}`,
      ),
    )
  }
  const known = new Set(found.map(({ name }) => name))
  for (const subject of recorded.keys()) if (!known.has(subject)) faults.push(`${subject}: nobody sent it`)
  return { byPoint, byFate, faults }
}

function tell(
  { kind, isAcked, again, issue, recorded }: Found,
  world: World,
): { tally: Tally; faults: string[] } {
  const faults: string[] = []
  const effects = world.effects.get(issue) ?? 0
  const events = recorded?.events ?? 0
  const isSetAside = recorded?.error === 'limit.crashes'
  const isLost = isAcked && events === 0
  if (isLost) faults.push('acknowledged, and not in the ledger')
  if (events > 1) faults.push(`${events} events of one occurrence`)
  if (recorded && recorded.runs !== 1) faults.push(`${recorded.runs} runs`)
  if (effects > 1) faults.push(`${effects} effects`)
  const isEnded = recorded?.states.every((state) => state === 'completed')
  if (recorded && !isEnded && !isSetAside) {
    faults.push(`its run is ${recorded.states.join(', ')} with ${recorded.error}`)
  }
  const requests = world.requests.get(issue) ?? 0
  // What nobody was asked about ended by an answer.
  const isOwed = isEnded === true && (kind !== 'neither' || !recorded?.wasHeld)
  if (isOwed && effects !== 1) faults.push(`${effects} effects where exactly one was owed`)
  if (kind === 'neither' && requests > 1) faults.push(`sent ${requests} times though nothing keeps it apart`)
  const wasUncertain = kind === 'neither' && world.fate(issue) !== 'answered' && requests > 0
  if (wasUncertain && recorded && !recorded.wasHeld) faults.push('nobody was asked what became of it')
  return {
    tally: {
      acked: isAcked ? 1 : 0,
      duplicates: Math.max(0, again),
      requests,
      effects,
      lost: isLost || (isOwed && effects === 0) ? 1 : 0,
      doubled: events > 1 || effects > 1 ? 1 : 0,
      held: recorded?.wasHeld ? 1 : 0,
      setAside: isSetAside ? 1 : 0,
    },
    faults,
  }
}

export function emptyTally(): Tally {
  return { acked: 0, duplicates: 0, requests: 0, effects: 0, lost: 0, doubled: 0, held: 0, setAside: 0 }
}

export function add(to: Map<string, Tally>, name: string, tally: Tally): void {
  const sum = to.get(name) ?? emptyTally()
  for (const key of Object.keys(sum) as (keyof Tally)[]) sum[key] += tally[key]
  to.set(name, sum)
}
