import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import type { Operation } from './operations.js'

/** What the kernel writes to a disk at once. */
const blockBytes = 4096

/** Bytes that grow without being copied each time. What is behind the end is zero. */
class Bytes {
  #room = Buffer.alloc(16 * blockBytes)
  #length = 0

  get length(): number {
    return this.#length
  }

  resize(length: number): void {
    if (length > this.#room.length) {
      const room = Buffer.alloc(length * 2)
      this.#room.copy(room, 0, 0, this.#length)
      this.#room = room
    }
    if (length < this.#length) this.#room.fill(0, length, this.#length)
    this.#length = length
  }

  put(at: number, data: Buffer): void {
    if (at + data.length > this.#length) this.resize(at + data.length)
    data.copy(this.#room, at)
  }

  /** The bytes themselves, until the next change. */
  slice(from: number, to: number): Buffer {
    return this.#room.subarray(from, Math.min(to, this.#length))
  }

  copy(): Bytes {
    const copied = new Bytes()
    copied.put(0, this.slice(0, this.#length))
    return copied
  }
}

class SimulatedFile {
  readonly #current = new Bytes()
  readonly #durable = new Bytes()
  /** Blocks whose content in memory is not on the disk. */
  readonly #dirty = new Set<number>()

  get dirtyBlocks(): readonly number[] {
    return [...this.#dirty]
  }

  write(at: number, data: Buffer): void {
    if (at > this.#current.length) this.truncate(at)
    this.#current.put(at, data)
    this.#touch(at, at + data.length)
  }

  truncate(length: number): void {
    const before = this.#current.length
    this.#current.resize(length)
    this.#touch(Math.min(before, length), Math.max(before, length))
  }

  sync(): void {
    for (const block of this.#dirty) this.#writeBackTo(this.#durable, block)
    this.#durable.resize(this.#current.length)
    this.#dirty.clear()
  }

  /** The kernel takes what it could not write for written: no later fsync writes it, unless it is written again. */
  failSync(): void {
    this.#dirty.clear()
  }

  writeBack(block: number): void {
    this.#writeBackTo(this.#durable, block)
    this.#dirty.delete(block)
  }

  /** What a power cut leaves now: what is durable, and of the rest the blocks that `isWritten` chooses. */
  afterPowerCut(isWritten: () => boolean): Buffer {
    const left = this.#durable.copy()
    for (const block of this.#dirty) if (isWritten()) this.#writeBackTo(left, block)
    return left.slice(0, left.length)
  }

  #writeBackTo(disk: Bytes, block: number): void {
    const at = block * blockBytes
    if (at < this.#current.length) disk.put(at, this.#current.slice(at, at + blockBytes))
  }

  #touch(from: number, to: number): void {
    for (let block = Math.floor(from / blockBytes); block * blockBytes < to; block++) this.#dirty.add(block)
  }
}

/**
 * What is on a disk that does as little as it may: a write is there after the fsync of its file, a name after the fsync
 * of its directory. With `random` it also writes back blocks of its own accord, in any order, as a kernel does.
 */
export class SimulatedDisk {
  readonly #files = new Map<bigint, SimulatedFile>()
  #names = new Map<string, SimulatedFile | 'directory'>()
  #durableNames = new Map<string, SimulatedFile | 'directory'>()

  constructor(
    private readonly directory: string,
    private readonly random?: () => number,
  ) {}

  apply({ kind, path, file, at, data, error }: Operation): void {
    const found = this.#files.get(file)
    if (error !== 0) {
      if (kind === 'sync') found?.failSync()
      return
    }
    if (kind === 'make') {
      const made = new SimulatedFile()
      this.#files.set(file, made)
      this.#names.set(path, made)
    } else if (kind === 'write') found?.write(at, data)
    else if (kind === 'truncate') found?.truncate(at)
    else if (kind === 'sync' && this.#isDirectory(path)) this.#syncNames(path)
    else if (kind === 'sync') found?.sync()
    else if (kind === 'mkdir') this.#names.set(path, 'directory')
    else if (kind === 'unlink') this.#names.delete(path)
    else if (kind === 'rename') this.#rename(path, data.toString('utf8'))
    this.#writeBackSome(found)
  }

  /**
   * Writes what a power cut would leave now, of all or of one directory, to another place. Shared memory of SQLite is
   * not on a disk.
   */
  leaveIn(target: string, only = ''): void {
    const { random } = this
    const share = random?.() ?? 0
    for (const [path, entry] of this.#durableNames) {
      if (entry === 'directory' || path.endsWith('-shm') || !this.#isReachable(dirname(path))) continue
      const name = relative(this.directory, path)
      if (only !== '' && dirname(name) !== only) continue
      const place = join(target, name)
      mkdirSync(dirname(place), { recursive: true })
      writeFileSync(
        place,
        entry.afterPowerCut(() => random !== undefined && random() < share),
      )
    }
  }

  #isDirectory(path: string): boolean {
    return path === this.directory || this.#names.get(path) === 'directory'
  }

  #isReachable(path: string): boolean {
    return (
      path === this.directory ||
      (this.#durableNames.get(path) === 'directory' && this.#isReachable(dirname(path)))
    )
  }

  #syncNames(directory: string): void {
    for (const path of this.#durableNames.keys()) {
      if (dirname(path) === directory) this.#durableNames.delete(path)
    }
    for (const [path, entry] of this.#names) {
      if (dirname(path) === directory) this.#durableNames.set(path, entry)
    }
  }

  #rename(from: string, to: string): void {
    const entry = this.#names.get(from)
    this.#names.delete(from)
    if (entry) this.#names.set(to, entry)
  }

  #writeBackSome(file: SimulatedFile | undefined): void {
    if (this.random === undefined || file === undefined || this.random() > 0.05) return
    for (const block of file.dirtyBlocks) if (this.random() < 0.3) file.writeBack(block)
  }
}
