import { writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { join } from 'node:path'
import type { RecordedRequest } from '../../recording-api.js'
import { until } from '../../wait.js'
import { type Bench, otherId } from '../bench.js'
import type { DeliveryOptions } from '../delivery.js'
import type { Ledger } from '../ledger.js'
import { type Entry, eventIds } from '../setting.js'

/** What a scenario found: the sentences whose condition does not hold. */
export function unless(...checks: readonly (readonly [boolean, string])[]): string[] {
  return checks.flatMap(([isSo, fault]) => (isSo ? [] : [fault]))
}

export interface Control {
  /** How far the daemon's clock is ahead. */
  readonly shiftMs?: number
  /** What a name resolves to: the answers in order, the last of them from then on. */
  readonly names?: Readonly<Record<string, readonly (readonly string[])[]>>
}

/** The machine's clock and names, from now on, for the daemon and for commands. */
export async function control({ directory }: Bench, given: Control): Promise<void> {
  await writeFile(join(directory, 'control.json'), JSON.stringify(given))
  // The clock looks again after as long.
  await new Promise((resolve) => setTimeout(resolve, 50))
}

/** Writes the configuration as it is now and waits until the daemon has it. */
export async function reload(bench: Bench): Promise<void> {
  const count = () => bench.log.split('"configuration reloaded"').length
  const before = count()
  await bench.write()
  await until('the configuration to be read again', () => count() > before, 10_000)
}

/** The grant of a tool, to be changed. */
export function grantOf(bench: Bench, agent: string, tool: string): Entry {
  const grant = bench.setting.agents[agent]?.tools.find((entry) => tool in entry)?.[tool]
  if (!grant) throw new Error(`${agent} has no grant of ${tool}`)
  return grant
}

/** An event of the case's scope about another object, for each number. */
export function objectOf({ scope }: Bench, number: number): DeliveryOptions {
  const ids = eventIds(scope).map((name) => [name, otherId(scope.scope[name] ?? '', number)] as const)
  return { ids: Object.fromEntries(ids), number }
}

/** The calls of runs of this event. */
export function callsOf(eventId: string | undefined) {
  return ({ calls }: Ledger) => calls.filter((call) => call.eventId === eventId)
}

export function writesTo({ api }: Bench, path: string): RecordedRequest[] {
  return api.writes.filter(({ url }) => url === path || url.startsWith(`${path}?`))
}

export interface Gate {
  readonly opened: Promise<void>
  open(): void
}

export function closedGate(): Gate {
  let open = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open: () => open() }
}

/** A port at which every connection is counted and broken. */
export interface Trap {
  readonly port: number
  readonly connections: number
  close(): Promise<void>
}

export async function openTrap(): Promise<Trap> {
  let connections = 0
  const server = createServer((socket) => {
    connections++
    socket.destroy()
  })
  await new Promise<void>((resolve) => server.listen(0, resolve))
  return {
    port: (server.address() as AddressInfo).port,
    get connections() {
      return connections
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
}
