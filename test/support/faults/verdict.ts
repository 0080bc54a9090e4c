import type { Recorded } from './ledger.js'
import type { Occurrence } from './sender.js'
import type { Kind } from './setting.js'
import type { Protection, World } from './world.js'

/** What three records that know nothing of each other say together. */
export interface Verdict {
  /** By the point at which the process died when the occurrence was first sent. */
  readonly byPoint: ReadonlyMap<string, Tally>
  /** By how its API keeps a write from happening twice, and what became of the first request. */
  readonly byFate: ReadonlyMap<string, Tally>
  /** By what the death cut: its protection, and how far the write was. */
  readonly byCut: ReadonlyMap<string, CutTally>
  /** Writes that were sent when the process died, by point, protection and whether the effect had happened. */
  readonly cells: ReadonlyMap<string, number>
  /** What is not as promised, in words. */
  readonly faults: readonly string[]
}

/** A write that was under way when the process died. */
export interface CutWrite {
  readonly issue: string
  readonly protection: Protection
  readonly point: string
  readonly state: 'prepared' | 'sent'
  readonly hadEffect: boolean
}

export interface CutTally {
  writes: number
  /** What became of them in the end. */
  once: number
  never: number
  doubled: number
  held: number
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
  cut: readonly CutWrite[]
  pointOf: (life: number) => string
}): Verdict {
  const { occurrences, deals, recorded, world, cut, pointOf } = options
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
    const protection = protectionOf(one.kind)
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
  const held = new Set(found.filter((one) => one.recorded?.wasHeld).map(({ issue }) => issue))
  return { byPoint, byFate, ...judgeCut(cut, world, held), faults }
}

export function protectionOf(kind: Kind): Protection {
  return kind === 'probe' || kind === 'neither' ? kind : 'key'
}

function judgeCut(
  cut: readonly CutWrite[],
  world: World,
  held: ReadonlySet<string>,
): Pick<Verdict, 'byCut' | 'cells'> {
  const byCut = new Map<string, CutTally>()
  const cells = new Map<string, number>()
  for (const { issue, protection, point, state, hadEffect } of cut) {
    const effects = world.effects.get(issue) ?? 0
    const how = state === 'prepared' ? 'prepared' : hadEffect ? 'sent, effect' : 'sent, no effect'
    addTo(byCut, `${protection}, ${how}`, {
      writes: 1,
      once: effects === 1 ? 1 : 0,
      never: effects === 0 ? 1 : 0,
      doubled: effects > 1 ? 1 : 0,
      held: held.has(issue) ? 1 : 0,
    })
    if (state === 'sent') {
      const cell = cellOf(point, protection, hadEffect)
      cells.set(cell, (cells.get(cell) ?? 0) + 1)
    }
  }
  return { byCut, cells }
}

export function cellOf(point: string, protection: Protection, hadEffect: boolean): string {
  return `${point} ${protection} ${hadEffect ? 'effect' : 'no effect'}`
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
  const isRefused = world.fate(issue) === 'refused' && requests === 1
  const owed = isRefused ? 0 : 1
  if (isOwed && effects !== owed) faults.push(`${effects} effects where ${owed} was owed`)
  if (kind === 'neither' && requests > 1) faults.push(`sent ${requests} times though nothing keeps it apart`)
  const wasUncertain = kind === 'neither' && world.fate(issue).endsWith('no answer') && requests > 0
  if (wasUncertain && recorded && !recorded.wasHeld) faults.push('nobody was asked what became of it')
  return {
    tally: {
      acked: isAcked ? 1 : 0,
      duplicates: Math.max(0, again),
      requests,
      effects,
      lost: isLost || (isOwed && effects < owed) ? 1 : 0,
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
  addTo<keyof Tally>(to, name, tally)
}

/** Adds figure by figure to what stands under the name. */
export function addTo<Key extends string>(
  to: Map<string, Record<Key, number>>,
  name: string,
  figures: Readonly<Record<Key, number>>,
): void {
  const sum: Record<Key, number> = { ...figures }
  const earlier = to.get(name)
  if (earlier) for (const key of Object.keys(sum) as Key[]) sum[key] += earlier[key]
  to.set(name, sum)
}
