import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { RecordingApi } from '../recording-api.js'
import { githubSecret, issueOpened, sendGithub, writeSetting } from '../rouse.js'
import { until } from '../wait.js'
import { DaemonProcess } from './daemon-process.js'
import { type Operation, readOperations } from './operations.js'
import { WatchedDisk } from './shim.js'

export interface PowerLoad {
  readonly operations: readonly Operation[]
  /** The watched directory. */
  readonly disk: string
  /** Ids of events in the answers that senders got. */
  readonly acked: readonly string[]
}

/** A tool whose write has a key, for an agent that makes it once for each event. */
function chargeConfig(api: RecordingApi): string {
  return `sources: { ci: { kind: github, secret: "${githubSecret}" } }
tools:
  charge:
    description: Charge.
    post: ${api.origin}/charges
    effect: destructive
    args: { amount: { type: integer, min: 1, max: 10 } }
    form: { amount: "\${{ args.amount }}", issue: "\${{ ids.issue }}" }
    idempotency: { header: Idempotency-Key, ttl: 1h }
    on_unknown: retry
agents:
  helper:
    on: { source: ci, type: issues.opened }
    instructions: helper.md
    tools: [{ charge: { gate: auto, max: 1/subject } }]
    limits: { runs: 1000000/day, runs_per_actor: 1000000/day }
`
}

/** A configuration whose ledger is `disk/data/rouse.db`. */
export async function writeChargeSetting(directory: string, api: RecordingApi): Promise<void> {
  await writeSetting({
    directory,
    file: './disk/data/rouse.db',
    config: chargeConfig(api),
    files: { 'helper.md': 'Charge once.\n' },
    script: [{ agent: 'helper', turns: [{ call: 'charge', args: { amount: 5 } }, { say: 'Done.' }] }],
  })
}

/**
 * The real daemon under load, stopped and started once on the way: the second time it opens a ledger that is there,
 * which is where the library's own settings would not wait for the disk.
 */
export async function powerLoad(options: {
  readonly aside: string
  readonly main: string
  readonly deliveries: number
  /** Takes one write for each delivery. */
  readonly api: RecordingApi
}): Promise<PowerLoad> {
  const { aside, main, deliveries, api } = options
  const disk = join(aside, 'disk')
  mkdirSync(disk)
  const watched = new WatchedDisk(disk, aside)
  await writeChargeSetting(aside, api)
  const acked: string[] = []
  const daemon = new DaemonProcess({ main, directory: aside, environment: watched.environment })
  try {
    for (const [from, to] of [
      [1, Math.ceil(deliveries / 4)],
      [Math.ceil(deliveries / 4) + 1, deliveries],
    ] as const) {
      await daemon.start()
      let next = from
      const sending = Array.from({ length: 4 }, async () => {
        while (next <= to) {
          const { status, body } = await sendGithub(daemon.url, 'issues', issueOpened(next++))
          if (status === 202) acked.push(...(body.events ?? []))
        }
      })
      await Promise.all(sending)
      await until('every write to have reached the API', () => api.writes.length >= to, 30_000)
      await daemon.stop()
    }
  } finally {
    await daemon.kill()
  }
  return { operations: readOperations(watched.logFile), disk, acked }
}
