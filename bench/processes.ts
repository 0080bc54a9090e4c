import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'

export interface Served {
  readonly port: number
  readonly pid: number
  /** From the start of the process to its first line, milliseconds. */
  readonly bootMs: number
  stop(): Promise<void>
}

/** Starts a process whose output has a JSON line with the port that it listens on. */
export async function serve(options: {
  command: readonly string[]
  environment?: Readonly<Record<string, string>>
  stream: 'stdout' | 'stderr'
}): Promise<Served> {
  const { command, environment = {}, stream } = options
  const startedAt = performance.now()
  const [program = '', ...args] = command
  const child = spawn(program, args, {
    env: { ...process.env, ...environment },
    stdio: ['ignore', stream === 'stdout' ? 'pipe' : 'inherit', stream === 'stderr' ? 'pipe' : 'inherit'],
  })
  const output = stream === 'stdout' ? child.stdout : child.stderr
  if (!output) throw new Error('no output to read')
  const port = await new Promise<number>((resolve, reject) => {
    const seen: string[] = []
    createInterface({ input: output }).on('line', (line) => {
      seen.push(line)
      const found = /"port":(\d+)/.exec(line)
      if (found) resolve(Number(found[1]))
    })
    child.once('exit', (code) => reject(new Error(`${program} ended with ${code}:\n${seen.join('\n')}`)))
  })
  return { port, pid: child.pid ?? 0, bootMs: performance.now() - startedAt, stop: () => stop(child) }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  await ended
}

/** Runs a process to its end and gives what it printed. */
export async function outputOf(command: readonly string[]): Promise<string> {
  const [program = '', ...args] = command
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const chunks: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
  const code = await new Promise((resolve) => child.once('exit', resolve))
  if (code !== 0) throw new Error(`${command.join(' ')} ended with ${code}`)
  return Buffer.concat(chunks).toString('utf8')
}

/** Resident memory of a process in MB, from the kernel. Linux only; undefined elsewhere. */
export function residentMb(pid: number): number | undefined {
  try {
    const found = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
    return found ? Number(found[1]) / 1024 : undefined
  } catch {
    return undefined
  }
}
