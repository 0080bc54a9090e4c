import { spawnSync } from 'node:child_process'
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { constants, tmpdir } from 'node:os'
import { join } from 'node:path'

const source = join(import.meta.dirname, 'disk-shim.c')
const compiler = process.env['CC'] ?? 'cc'

/** Where fsync costs nothing: what a disk would keep is told from the log, not from the disk. */
export const ramDirectory = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()

let built: string | undefined

/** Whether this machine can see, and break, what a process does to its disk. */
export function canWatchDisk(): boolean {
  return process.platform === 'linux' && spawnSync(compiler, ['--version']).status === 0
}

/** Compiles the shim once for this process. */
function builtShim(): string {
  if (built !== undefined) return built
  const directory = mkdtempSync(join(tmpdir(), 'rouse-shim-'))
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }))
  const file = join(directory, 'disk-shim.so')
  // Fortified headers would define the same names again.
  const options = ['-O2', '-U_FORTIFY_SOURCE', '-shared', '-fPIC', '-o', file, source, '-lpthread', '-ldl']
  const { status, stderr } = spawnSync(compiler, options, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${compiler} cannot compile ${source}:\n${stderr}`)
  built = file
  return file
}

/** What a shim makes fail. */
export interface DiskFault {
  readonly operations: readonly (keyof typeof kinds)[]
  readonly error: 'ENOSPC' | 'EIO' | 'EROFS' | 'EMFILE' | 'EACCES'
  /** Only on files whose name ends so. */
  readonly suffix?: string
  /** The first of them that fails, 1 for the next. */
  readonly first?: number
  /** How many fail; all from the first on where it is left out. */
  readonly count?: number
  /** Of the first write that fails, half is written. */
  readonly isPartial?: boolean
}

const kinds = { write: 1, sync: 2, open: 4, truncate: 8, name: 16 } as const
const controlBytes = 128

/** Faults of a watched disk, switched on and off from any process. */
export class DiskControl {
  readonly #descriptor: number

  constructor(file: string) {
    if (!existsSync(file)) writeFileSync(file, Buffer.alloc(controlBytes))
    this.#descriptor = openSync(file, 'r+')
  }

  break(fault: DiskFault): void {
    const { operations, error, suffix = '', first = 1, count = 2 ** 30, isPartial = false } = fault
    this.repair()
    const rule = Buffer.alloc(controlBytes)
    const mask = operations.reduce((all, kind) => all | kinds[kind], 0)
    const numbers = [0, constants.errno[error], first, count, 0, isPartial ? 1 : 0]
    for (const [index, number] of numbers.entries()) rule.writeInt32LE(number, index * 4)
    rule.write(suffix, numbers.length * 4, 'latin1')
    writeSync(this.#descriptor, rule, 0, controlBytes, 0)
    // Last, because each operation looks here first.
    rule.writeInt32LE(mask, 0)
    writeSync(this.#descriptor, rule, 0, 4, 0)
  }

  repair(): void {
    writeSync(this.#descriptor, Buffer.alloc(4), 0, 4, 0)
  }

  /** How many operations the fault was asked about. */
  get seen(): number {
    const rule = Buffer.alloc(controlBytes)
    readSync(this.#descriptor, rule, 0, controlBytes, 0)
    return rule.readInt32LE(16)
  }

  close(): void {
    closeSync(this.#descriptor)
  }
}

/** A directory whose files are watched: what is done to them is written down, and can be made to fail. */
export class WatchedDisk {
  readonly logFile: string
  readonly controlFile: string
  readonly control: DiskControl

  /** `aside` is a directory for the log, not inside the watched one. */
  constructor(
    readonly directory: string,
    aside: string,
    private readonly keepsLog = true,
  ) {
    this.logFile = join(aside, 'operations')
    this.controlFile = join(aside, 'control')
    writeFileSync(this.logFile, '')
    this.control = new DiskControl(this.controlFile)
  }

  /** For the process that is watched. */
  get environment(): Record<string, string> {
    return {
      LD_PRELOAD: builtShim(),
      DISK_SHIM_DIR: this.directory,
      DISK_SHIM_LOG: this.keepsLog ? this.logFile : '/dev/null',
      DISK_SHIM_CONTROL: this.controlFile,
      DISK_SHIM_NETWORK: '1',
    }
  }
}
