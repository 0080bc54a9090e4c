import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { createInterface } from 'node:readline'
import type { Plan, Trial } from './scenario-process.js'
import type { WatchedDisk } from './shim.js'

const root = resolve(import.meta.dirname, '../../..')

/** Runs the scenario in a process of its own on a watched disk. Rejects when it ends by itself with a fault. */
export async function runTrials(
  disk: WatchedDisk,
  task: Plan['task'],
  dist = resolve(root, 'dist'),
): Promise<Trial[]> {
  const plan: Plan = { dist, controlFile: disk.controlFile, directory: disk.directory, task }
  const program = resolve(import.meta.dirname, 'scenario-process.ts')
  const child = spawn(process.execPath, ['--import', 'tsx', program, JSON.stringify(plan)], {
    cwd: root,
    env: { PATH: process.env['PATH'], ...disk.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let errors = ''
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString('utf8')
  })
  const ended = once(child, 'exit')
  const trials: Trial[] = []
  for await (const line of createInterface({ input: child.stdout })) trials.push(JSON.parse(line) as Trial)
  const [code, signal] = await ended
  if (code === 0 || signal === 'SIGKILL') return trials
  throw new Error(`the scenario ended with ${code ?? signal} after ${trials.length} trials:\n${errors}`)
}
