import { readFileSync } from 'node:fs'

export type OperationKind = 'make' | 'write' | 'truncate' | 'sync' | 'rename' | 'unlink' | 'mkdir' | 'tell'

/** One thing that a watched process did, in the order of the disk. */
export interface Operation {
  readonly kind: OperationKind
  /** Absolute; empty for what was told to a peer. */
  readonly path: string
  /** Inode of the file; for `tell` the descriptor of the socket. */
  readonly file: bigint
  /** Where a write begins, or the new length of a file. */
  readonly at: number
  /** What was written or told, or the new name. */
  readonly data: Buffer
  /** 0, or the errno with which it failed. */
  readonly error: number
}

const headerBytes = 32

const kinds: Readonly<Record<string, OperationKind>> = {
  make: 'make',
  writ: 'write',
  trun: 'truncate',
  sync: 'sync',
  rena: 'rename',
  unli: 'unlink',
  mkdi: 'mkdir',
  tell: 'tell',
}

/** Reads the log of disk-shim.c. A record that is only half there ends it: the process was killed in it. */
export function readOperations(file: string): Operation[] {
  const log = readFileSync(file)
  const operations: Operation[] = []
  for (let at = 0; at + headerBytes <= log.length; ) {
    const kind = kinds[log.toString('latin1', at, at + 4)]
    if (kind === undefined) throw new Error(`${file}: no operation at byte ${at}`)
    const pathAt = at + headerBytes
    const dataAt = pathAt + log.readUInt32LE(at + 8)
    const end = dataAt + log.readUInt32LE(at + 12)
    if (end > log.length) break
    operations.push({
      kind,
      path: log.toString('utf8', pathAt, dataAt),
      file: log.readBigUInt64LE(at + 16),
      at: Number(log.readBigInt64LE(at + 24)),
      data: log.subarray(dataAt, end),
      error: log.readInt32LE(at + 4),
    })
    at = end
  }
  return operations
}

const walHeaderBytes = 32
const frameHeaderBytes = 24

/** Whether this is the last frame of a commit in SQLite's write-ahead log: its header holds the size of the database. */
export function isCommit({ kind, path, at, data, error }: Operation): boolean {
  return (
    kind === 'write' &&
    error === 0 &&
    path.endsWith('-wal') &&
    at >= walHeaderBytes &&
    data.length === frameHeaderBytes &&
    data.readUInt32BE(4) !== 0
  )
}

/** Whether this begins the log anew, from its first byte. */
export function isLogBegun({ kind, path, at, data }: Operation): boolean {
  return kind === 'write' && path.endsWith('-wal') && at === 0 && data.length === walHeaderBytes
}
