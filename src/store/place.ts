import { existsSync } from 'node:fs'
import { stat, statfs } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'

/** Where a ledger lies, and how it is with that place now. Asks the file system, never the engine. */
export interface Place {
  /** What ordinary programs can still write on its disk, in bytes. */
  readonly freeBytes: number
  /** Size of the log that is not yet written back into the file. */
  readonly logBytes: number
  /** Which file stands under the name; undefined where there is none. */
  readonly identity: string | undefined
}

export async function lookAtPlace(file: string): Promise<Place> {
  const { bavail, bsize } = await statfs(nearestDirectory(file))
  const [ledger, log] = await Promise.all([statOf(file), statOf(`${file}-wal`)])
  return {
    freeBytes: bavail * bsize,
    logBytes: log?.size ?? 0,
    identity: ledger && `${ledger.dev}:${ledger.ino}`,
  }
}

async function statOf(file: string) {
  try {
    return await stat(file)
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined
    throw cause
  }
}

/** The one that the file is in, or will be made in. */
export function nearestDirectory(file: string): string {
  let directory = resolve(dirname(file))
  while (!existsSync(directory) && dirname(directory) !== directory) directory = dirname(directory)
  return directory
}

/** By the numbers of Linux (statfs(2)). On these, locks, shared memory or a flush may not do what they promise. */
const doubtful: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB'],
  [0x01021997, '9p'],
  [0x65735546, 'FUSE'],
  [0x794c7630, 'overlay'],
  [0x786f4256, 'a folder shared with the host of this virtual machine'],
])

/** What a file system of this number is called, where a ledger should rather not lie on it. */
export function doubtfulFileSystem(type: number): string | undefined {
  return doubtful.get(type)
}

export const doubtfulAdvice =
  'after a power cut it may have lost what was acknowledged, and two machines may both take it for theirs: put the ledger on a local disk or a volume (ext4, XFS, …) and name that under `store:`'

/** What to tell about the file system under a ledger; undefined where it is fit for one. */
export async function doubtAboutPlace(file: string): Promise<string | undefined> {
  const directory = nearestDirectory(file)
  const { type } = await statfs(directory)
  const name = doubtfulFileSystem(type)
  return name === undefined ? undefined : `the ledger’s directory ${directory} is on ${name}`
}
